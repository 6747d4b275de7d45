"""Scores of texts, on cases that can be counted by hand."""

from __future__ import annotations

import pytest
import torch

from dediffusion_training.data.scene import Scene, Thing
from dediffusion_training.judge import caption_prompts, naming_scores
from dediffusion_training.reconstruction import diversity, repetition
from dediffusion_training.train_reader import top_word_recall

THINGS = {"cat", "sun", "car"}


def scene(words: list[str], *background: str) -> Scene:
    places = ("left", "right")
    things = tuple(Thing(word, "large", place) for word, place in zip(words, places, strict=False))
    return Scene(things, background, "flat", seed=0)


def test_a_perfect_text_scores_one_everywhere():
    scores = naming_scores([["cat", "blue"], ["sun", "red"]], [scene(["cat"], "blue"), scene(["sun"], "red")], THINGS)
    assert scores == {"different_texts": 1, "background": 1, "thing_recall": 1, "thing_precision": 1}


def test_things_are_counted_once_each():
    # Drawn: cat, sun; cat. Named: cat, car; nothing.
    texts = [["cat", "cat", "car", "large"], ["large", "large", "large", "large"]]
    scores = naming_scores(texts, [scene(["cat", "sun"], "blue"), scene(["cat"], "red")], THINGS)
    assert scores["thing_recall"] == pytest.approx(1 / 3)
    assert scores["thing_precision"] == pytest.approx(1 / 2)
    assert scores["background"] == 0


def test_naming_nothing_has_no_precision():
    assert naming_scores([["large"]], [scene(["cat"], "blue")], THINGS)["thing_precision"] == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (["cat", "blue"], 1),
        (["blue", "red"], 1),
        (["red", "blue"], 0),
        (["cat", "left"], 0),
    ],
)
def test_the_first_colour_named_is_the_background(text, named):
    assert naming_scores([text], [scene(["cat"], "blue")], THINGS)["background"] == named


def test_of_a_gradient_the_upper_colour_counts():
    texts = [["blue"], ["red"]]
    assert naming_scores(texts, [scene(["cat"], "blue", "red")] * 2, THINGS)["background"] == 0.5


def test_equal_texts_count_as_one():
    texts = [["cat", "blue"], ["cat", "blue"], ["blue", "cat"], ["sun", "blue"]]
    assert naming_scores(texts, [scene(["cat"], "blue")] * 4, THINGS)["different_texts"] == 0.75


def test_texts_are_measured_against_no_text_and_both_captions():
    assert caption_prompts([scene(["cat"], "blue")]) == {
        "no text": [""],
        "terse caption": ["a cat"],
        "complete caption": ["flat style , large cat left , blue background"],
    }


def test_recall_of_the_reader_looks_at_as_many_words_as_there_are():
    target = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 1]])
    logits = torch.tensor([[9.0, 0, 5, 1], [0, 0, 0, 1]])
    assert top_word_recall(logits, target) == pytest.approx(2 / 3)


def test_diversity_is_the_entropy_of_each_slot_over_the_batch():
    one_word_each = torch.eye(4)[:, None, :]
    assert diversity(one_word_each).item() == pytest.approx(torch.tensor(4.0).log().item(), abs=1e-5)
    assert diversity(one_word_each[:1].expand(4, 1, 4)).item() == pytest.approx(0, abs=1e-5)


def test_repetition_is_the_chance_that_two_slots_agree():
    words = torch.eye(3)
    texts = torch.stack([words[[0, 0, 0]], words[[0, 1, 2]], words[[0, 0, 1]]])
    assert repetition(texts).item() == pytest.approx((1 + 0 + 1 / 3) / 3)
    assert repetition(texts[:, :1]).item() == 0
