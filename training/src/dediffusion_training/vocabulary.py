"""The words that an encoder chooses from, as tokens of the decoder's vocabulary."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import torch
from tokenizers import decoders
from transformers import CLIPTokenizer

from .tokenizer import WORD_END

#: From the characters that stand for bytes in a CLIP vocabulary to what the bytes spell.
BYTES = decoders.ByteLevel()
#: A letter by itself names nothing.
SHORTEST_WORD = 2


def whole_words(tokenizer: CLIPTokenizer) -> list[str]:
    """All words of Latin letters that are one token each, by their ids: what an encoder of photographs may say.

    Left out are parts of words, punctuation and digits, as in the paper (Wei et al., section 3.2), and besides them
    other scripts, emoji, single letters, and the few tokens that the tokenizer never gives for their own text.
    """
    vocabulary = tokenizer.get_vocab()
    tokens = sorted((token for token in vocabulary if token.endswith(WORD_END)), key=vocabulary.get)
    written = (BYTES.decode([token.removesuffix(WORD_END)]) for token in tokens)
    readable = [(vocabulary[token], word) for token, word in zip(tokens, written, strict=True) if is_readable(word)]
    cut = tokenizer([word for _, word in readable], add_special_tokens=False).input_ids if readable else []
    return [word for (token, word), ids in zip(readable, cut, strict=True) if ids == [token]]


def read_word_list(file: Path) -> set[str]:
    """A file of words, one a line, in lower case."""
    return {line.strip().lower() for line in file.read_text(encoding="utf-8").splitlines()}


def is_readable(word: str) -> bool:
    return len(word) >= SHORTEST_WORD and all(
        letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN") for letter in word
    )


def word_ids(tokenizer: CLIPTokenizer, words: list[str]) -> torch.Tensor:
    """The token of each word, [words].

    Raises:
        ValueError: A word is not one token there.
    """
    ids = tokenizer(words, add_special_tokens=False).input_ids
    split = [word for word, tokens in zip(words, ids, strict=True) if len(tokens) != 1]
    if split:
        raise ValueError(f"The decoder's tokenizer does not keep these words whole: {', '.join(split)}")
    return torch.tensor(ids).flatten()
