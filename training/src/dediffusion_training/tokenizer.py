"""A CLIP tokenizer (vocab.json, merges.txt) in which every word of the captions is one token."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
#: No limit in practice: merging goes on until each word is whole.
LARGEST_VOCABULARY = 1_000_000


def build_tokenizer(words: list[str], max_length: int, folder: Path) -> CLIPTokenizer:
    """Trains and writes a CLIP tokenizer that keeps each of `words` whole and splits any other text, to bytes at worst.

    Each word counts once, so that rare words are merged as completely as frequent ones.
    """
    byte_pairs = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    byte_pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=LARGEST_VOCABULARY, min_frequency=1, end_of_word_suffix=WORD_END, show_progress=False
    )
    byte_pairs.train_from_iterator(sorted(set(words)), trainer)
    merges = [tuple(pair) for pair in json.loads(byte_pairs.to_str())["model"]["merges"]]

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = [*alphabet, *(symbol + WORD_END for symbol in alphabet)]
    vocabulary += list(dict.fromkeys("".join(pair) for pair in merges if len("".join(pair)) > 0))
    vocabulary = [*dict.fromkeys(vocabulary), START, END]

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(
        json.dumps({token: index for index, token in enumerate(vocabulary)}, ensure_ascii=False), encoding="utf-8"
    )
    (folder / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *(" ".join(pair) for pair in merges)]) + "\n", encoding="utf-8"
    )
    tokenizer = CLIPTokenizer(
        vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=max_length
    )
    tokenizer.save_pretrained(folder)
    split = [word for word in words if len(tokenizer.tokenize(word)) != 1]
    if split:
        raise ValueError(f"The tokenizer does not keep these words whole: {', '.join(split)}")
    return tokenizer
