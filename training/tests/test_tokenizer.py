"""The tokenizer of a decoder: every word of the captions is one token, and CLIP's own code reads its files."""

from __future__ import annotations

import json

import pytest
from transformers import AutoTokenizer, CLIPTokenizer

from dediffusion_training.data.caption import function_words, vocabulary
from dediffusion_training.export.pipeline import write_tokenizer
from dediffusion_training.tokenizer import END, START, build_tokenizer

WORDS = [*vocabulary(["cat", "caterpillar", "sun", "sunflower", "größe", "кошка"], ["flat"]), *function_words()]
TEXTS = [
    "",
    "large cat left , blue background",
    "A  LARGE Cat,\tleft.",
    "sunflowers and catsun",
    "größe кошка 猫 😀 1234 don't",
    "cat " * 40,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("tokenizer")


@pytest.fixture(scope="module")
def tokenizer(folder) -> CLIPTokenizer:
    return build_tokenizer(WORDS, 12, folder / "built")


def test_every_word_is_one_token(tokenizer):
    for word in WORDS:
        (token,) = tokenizer(word).input_ids[1:-1]
        assert tokenizer.decode([token]).strip() == word


def test_the_same_words_get_the_same_ids_in_any_order(tokenizer, tmp_path):
    # A decoder's run makes its tokenizer anew when it goes on, and its embeddings must still be those of their words.
    for attempt in range(8):
        again = build_tokenizer(WORDS[::-1] if attempt % 2 else WORDS, 12, tmp_path / str(attempt))
        assert again.get_vocab() == tokenizer.get_vocab()


def test_letters_that_repeat_are_merged_from_the_left(tmp_path):
    words = ["aaa", "aaaa", "aaaaa", "banana", "bananas", "xaaax"]
    repeating = build_tokenizer(words, 12, tmp_path)
    assert [len(repeating(word).input_ids) for word in words] == [3] * len(words)


def test_other_text_is_split_and_nothing_is_lost(tokenizer):
    for text in ("zebra", "猫", "😀", "sunflowers"):
        ids = tokenizer(text).input_ids[1:-1]
        assert len(ids) > 1
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids).strip() == text


def test_start_and_end_come_last_in_the_vocabulary_as_in_clip(tokenizer):
    # CLIP's text model takes its pooled output where the highest id stands first.
    assert (tokenizer.bos_token, tokenizer.eos_token) == (START, END)
    assert tokenizer.convert_tokens_to_ids([START, END]) == [len(tokenizer) - 2, len(tokenizer) - 1]


def test_clip_reads_the_four_exported_files_alike(tokenizer, folder):
    exported = folder / "exported"
    write_tokenizer(tokenizer, exported)
    names = ["merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json"]
    assert sorted(file.name for file in exported.iterdir()) == names
    settings = json.loads((exported / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert settings["model_max_length"] == 12
    for read in (CLIPTokenizer.from_pretrained(exported), AutoTokenizer.from_pretrained(exported)):
        assert read.get_vocab() == tokenizer.get_vocab()
        for text in TEXTS:
            padded = {"padding": "max_length", "truncation": True}
            assert read(text, **padded).input_ids == tokenizer(text, **padded).input_ids
            assert len(read(text, **padded).input_ids) == 12


def test_words_that_cannot_be_kept_whole_are_named(tmp_path):
    with pytest.raises(ValueError, match="two words"):
        build_tokenizer(["cat", "two words"], 12, tmp_path)
