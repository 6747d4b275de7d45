"""Scenes, their split into training and held-out compositions, and their captions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from dediffusion_training.configuration import ReaderConfig, SceneConfig, read_config
from dediffusion_training.data.batches import HELD_OUT_SEED, SceneBatches, open_batches
from dediffusion_training.data.caption import (
    Captioner,
    complete_caption,
    content_words,
    function_words,
    terse_caption,
    vocabulary,
)
from dediffusion_training.data.scene import COLOURS, Scene, Thing

SHARES = {"empty": 0.1, "terse": 0.2, "complete": 0.2, "bag": 0.5}
CAT_AND_SUN = Scene(
    (Thing("cat", "large", "left"), Thing("sun", "small", "right")), ("blue", "pink"), "flat", 5, "gradient"
)


@pytest.fixture(scope="module")
def scene_config() -> SceneConfig:
    """The miniature's scenes, but with all that a scene can have."""
    config = read_config(ReaderConfig, CONFIGS / "reader.yaml").scenes
    backgrounds = {"plain": 0.5, "gradient": 0.3, "halves": 0.2}
    variety = {"object_counts": {1: 0.4, 2: 0.4, 3: 0.2}, "background_kinds": backgrounds}
    return config.model_copy(update=variety)


@pytest.fixture(scope="module")
def batches(emoji: Path, scene_config: SceneConfig) -> SceneBatches:
    return open_batches(emoji, scene_config, seed=3)


@pytest.fixture(scope="module")
def scenes(batches: SceneBatches) -> list[Scene]:
    return [scene for step in range(20) for scene in batches.scenes(step, 100)]


def test_held_out_compositions_never_occur_in_training(emoji, scene_config, scenes):
    held_out = open_batches(emoji, scene_config, seed=HELD_OUT_SEED, split="held-out").scenes(0, 500)
    trained_on = {scene.composition for scene in scenes}
    kept_out = {scene.composition for scene in held_out}
    assert len(trained_on) > 1000
    assert len(kept_out) > 100
    assert not trained_on & kept_out


def test_a_composition_is_the_same_wherever_its_things_stand():
    swapped = (Thing("sun", "large", "top"), Thing("cat", "small", "bottom"))
    assert replace(CAT_AND_SUN, objects=swapped, seed=9).composition == CAT_AND_SUN.composition
    assert replace(CAT_AND_SUN, background=("red",)).composition != CAT_AND_SUN.composition


def test_the_shares_of_the_configuration_are_those_of_the_scenes(scenes):
    assert np.mean([len(scene.objects) == 3 for scene in scenes]) == pytest.approx(0.2, abs=0.05)
    assert np.mean([len(scene.background) == 2 for scene in scenes]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([scene.background_kind == "halves" for scene in scenes]) == pytest.approx(0.2, abs=0.05)
    assert {colour for scene in scenes for colour in scene.background} == set(COLOURS)


def test_scenes_can_be_kept_to_some_sizes_and_places(emoji, scene_config):
    narrow = scene_config.model_copy(
        update={"sizes": ["small"], "places": {1: ["middle", "left"], 2: ["top"], 3: ["left"]}}
    )
    objects = [scene.objects for scene in open_batches(emoji, narrow, seed=3).scenes(0, 300)]
    assert {thing.size for things in objects for thing in things} == {"small"}
    places = {tuple(thing.place for thing in things) for things in objects}
    assert places == {("middle",), ("left",), ("top", "bottom"), ("left", "middle", "right")}


def test_a_number_and_a_seed_fix_a_batch(emoji, scene_config, batches):
    first = batches.scenes(7, 16)
    again = open_batches(emoji, scene_config, seed=3)
    assert again.scenes(7, 16) == first
    assert torch.equal(again.pictures(first), batches.pictures(first))
    assert batches.scenes(8, 16) != first
    assert open_batches(emoji, scene_config, seed=4).scenes(7, 16) != first


def test_pictures_show_the_background_and_the_things(batches):
    (picture,) = batches.pictures([replace(CAT_AND_SUN, background=("blue",), background_kind="plain")])
    assert picture.shape == (3, 32, 32)
    assert picture.min() >= -1 and picture.max() <= 1
    pixels = ((picture.permute(1, 2, 0).numpy() + 1) * 127.5).round()
    assert np.abs(pixels[0, 16] - COLOURS["blue"]).max() <= 10
    # The cat is orange and on the left; the sun is yellow and on the right.
    assert np.abs(pixels[18, 8] - (200, 120, 20)).max() < 20
    assert np.abs(pixels[16, 23] - (255, 235, 20)).max() < 20


def test_two_colours_meet_in_the_middle_or_run_into_each_other(batches):
    def right_edge(kind: str) -> np.ndarray:
        (picture,) = batches.pictures([replace(CAT_AND_SUN, background=("black", "white"), background_kind=kind)])
        return picture[:, :, -1].mean(dim=0).numpy()

    halves, gradient = right_edge("halves"), right_edge("gradient")
    assert len(np.unique(halves)) == 2
    assert halves[15] < -0.6 and halves[16] > 0.9
    assert (np.diff(gradient) > 0).all()


def test_three_things_stand_in_a_row(batches, scenes):
    rows = {tuple(thing.place for thing in scene.objects) for scene in scenes if len(scene.objects) == 3}
    assert rows == {("left", "middle", "right"), ("middle", "right", "left"), ("right", "left", "middle")}
    trio = tuple(Thing("sun", "small", place) for place in ("left", "middle", "right"))
    (picture,) = batches.pictures([replace(CAT_AND_SUN, objects=trio, background=("blue",), background_kind="plain")])
    suns = np.abs(picture[:, 16].T.numpy() * 127.5 + 127.5 - (255, 235, 20)).max(axis=1) < 20
    assert suns[[5, 16, 26]].all()
    assert not suns[[0, 10, 21, 31]].any()


def test_captions_say_what_is_there():
    assert complete_caption(CAT_AND_SUN) == (
        "flat style , large cat left , small sun right , blue pink gradient background"
    )
    assert terse_caption(CAT_AND_SUN) == "a cat and a sun"
    assert terse_caption(replace(CAT_AND_SUN, objects=(Thing("apple", "large", "left"),))) == "an apple"


def test_complete_captions_name_everything_in_known_words(batches, scenes):
    known = {*vocabulary(batches.words, batches.styles), *function_words()}
    for scene in scenes:
        said = complete_caption(scene).split()
        assert set(said) <= known
        assert set(content_words(scene)) <= set(said)
        assert {thing.word for thing in scene.objects} | {*scene.background, scene.style} <= set(content_words(scene))


def test_bags_are_never_empty_nor_too_long_and_hold_known_words_only(batches, scenes):
    known = set(vocabulary(batches.words, batches.styles))
    captioner = Captioner(batches.words, batches.styles, SHARES, longest=6)
    rng = np.random.default_rng(0)
    bags = [captioner.bag(scene, rng).split() for scene in scenes]
    assert all(1 <= len(bag) <= 6 for bag in bags)
    assert {word for bag in bags for word in bag} == known
    # Some leave words out, some repeat words, some say what is not there.
    assert any(len(bag) == 1 for bag in bags)
    assert any(len(set(bag)) < len(bag) for bag in bags)
    assert any(set(bag) - set(content_words(scene)) for bag, scene in zip(bags, scenes, strict=True))


def test_lists_say_the_complete_caption_in_order_without_the_words_that_name_nothing(batches, scenes):
    captioner = Captioner(batches.words, batches.styles, {"list": 1.0}, longest=12)
    rng = np.random.default_rng(0)
    assert captioner.caption(CAT_AND_SUN, rng) == "flat large cat left small sun right blue pink gradient"
    for scene in scenes:
        said = [word for word in complete_caption(scene).split() if word not in function_words()]
        assert captioner.caption(scene, rng).split() == said[:12]


def test_phrases_come_in_any_order_and_their_words_stay_together(batches, scenes):
    captioner = Captioner(batches.words, batches.styles, {"phrases": 1.0}, longest=24)
    rng = np.random.default_rng(0)
    said = [captioner.caption(CAT_AND_SUN, rng).split() for _ in range(200)]
    for text in said:
        colours = text.index("blue"), text.index("pink")
        assert colours[1] == colours[0] + 1
        for word, others in (("cat", {"large", "left"}), ("sun", {"small", "right"})):
            places = [text.index(other) for other in others]
            assert max(*places, text.index(word)) - min(*places, text.index(word)) == 2
    assert {text[0] for text in said} >= {"flat", "blue", "gradient", "cat", "sun", "large", "left"}
    # Half of them begin with the style by rule, and a quarter of the others (four phrases) by chance.
    assert np.mean([text[0] == "flat" for text in said]) == pytest.approx(0.625, abs=0.1)
    assert np.mean([len(text) > 10 for text in said]) == pytest.approx(0.5, abs=0.1)
    for scene in scenes:
        assert set(captioner.caption(scene, rng).split()) == set(content_words(scene))


def test_kinds_of_captions_come_in_their_shares(batches, scenes):
    captioner = Captioner(batches.words, batches.styles, SHARES, longest=14)
    captions = [captioner.caption(scene, np.random.default_rng(step)) for step, scene in enumerate(scenes)]
    terse = [caption == terse_caption(scene) for caption, scene in zip(captions, scenes, strict=True)]
    complete = [caption == complete_caption(scene) for caption, scene in zip(captions, scenes, strict=True)]
    assert np.mean([caption == "" for caption in captions]) == pytest.approx(0.1, abs=0.03)
    assert np.mean(terse) == pytest.approx(0.2, abs=0.04)
    assert np.mean(complete) == pytest.approx(0.2, abs=0.04)


def test_an_unknown_kind_of_caption_is_refused(batches):
    captioner = Captioner(batches.words, batches.styles, {"poem": 1.0}, longest=6)
    with pytest.raises(ValueError, match="poem"):
        captioner.caption(CAT_AND_SUN, np.random.default_rng(0))


def test_a_style_without_drawings_is_refused(emoji, scene_config):
    glossy = scene_config.model_copy(update={"styles": {"flat": 0.5, "glossy": 0.5}})
    with pytest.raises(ValueError, match="no drawings in style glossy"):
        open_batches(emoji, glossy, seed=0)
