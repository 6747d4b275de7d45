"""A CLIP tokenizer (vocab.json, merges.txt) in which every word of the captions is one token."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"


def build_tokenizer(words: list[str], max_length: int, folder: Path) -> CLIPTokenizer:
    """Trains and writes a CLIP tokenizer that keeps each of `words` whole and splits any other text, to bytes at worst.

    The same words always get the same ids: a decoder that goes on from a checkpoint must find them where they were.

    Raises:
        ValueError: Some of `words` cannot be one token, because CLIP splits them at a space or a mark.
    """
    merges = _learn_merges(sorted(set(words)))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = [*alphabet, *(symbol + WORD_END for symbol in alphabet), *("".join(pair) for pair in merges)]
    vocabulary = [*dict.fromkeys(symbols), START, END]

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


def _learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """Byte pairs to merge, most frequent first, until each word is whole.

    Each word counts once, so that rare words are merged as completely as frequent ones. Of pairs that are equally
    frequent the alphabet decides; the trainer of `tokenizers` takes now one, now another.
    """
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    spelled = [list(to_bytes.pre_tokenize_str(word)[0][0]) for word in words]
    split = [[*letters[:-1], letters[-1] + WORD_END] for letters in spelled]
    merges = []
    while pairs := Counter(pair for symbols in split for pair in pairwise(symbols)):
        merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        split = [_merge(symbols, merges[-1]) for symbols in split]
    return merges


def _merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    """Joins each occurrence of `pair`, from the left."""
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged
