"""Held-out scenes as files, drawn through the real command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS
from PIL import Image

from dediffusion_training.__main__ import main
from dediffusion_training.configuration import SceneFile, read_config
from dediffusion_training.data.batches import HELD_OUT_SEED, open_batches
from dediffusion_training.data.caption import complete_caption, terse_caption
from dediffusion_training.draw_scenes import RESULTS_SEED


def draw(emoji: Path, count: int, output: Path) -> dict:
    config = ["--config", str(CONFIGS / "decoder.yaml"), "--emoji", str(emoji)]
    main(["draw-scenes", *config, "--count", str(count), "--output", str(output)])
    return json.loads((output / "scenes.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def description(emoji: Path, folder: Path) -> dict:
    return draw(emoji, 20, folder)


def test_every_scene_has_its_picture_and_says_what_it_shows(emoji, folder, description):
    config = read_config(SceneFile, CONFIGS / "decoder.yaml").scenes
    batches = open_batches(emoji, config, seed=RESULTS_SEED, split="held-out")
    scenes = batches.scenes(0, 20)
    pictures = ((batches.pictures(scenes).permute(0, 2, 3, 1).numpy() + 1) * 127.5).round()
    assert len(description["scenes"]) == 20
    for told, scene, expected in zip(description["scenes"], scenes, pictures, strict=True):
        assert told["things"] == [
            {"word": thing.word, "size": thing.size, "place": thing.place} for thing in scene.objects
        ]
        assert (told["background"], told["style"]) == (list(scene.background), scene.style)
        assert told["backgroundKind"] == scene.background_kind
        assert (told["terse"], told["complete"]) == (terse_caption(scene), complete_caption(scene))
        assert scene.held_out
        with Image.open(folder / told["file"]) as picture:
            assert np.array_equal(np.asarray(picture), expected)


def test_the_words_that_texts_are_judged_by_are_told(description):
    assert description["formatVersion"] == 1
    assert description["imageSize"] == 32
    assert {thing["word"] for scene in description["scenes"] for thing in scene["things"]} <= set(description["things"])
    assert {colour for scene in description["scenes"] for colour in scene["background"]} <= set(description["colours"])


def test_more_scenes_begin_with_the_same_ones(emoji, description, tmp_path):
    assert draw(emoji, 30, tmp_path)["scenes"][:20] == description["scenes"]


def test_no_judge_of_a_training_sees_these_scenes():
    assert RESULTS_SEED not in (HELD_OUT_SEED, HELD_OUT_SEED + 1)


def test_no_scenes_are_refused(emoji, tmp_path):
    with pytest.raises(ValueError, match="count is 0"):
        draw(emoji, 0, tmp_path)
