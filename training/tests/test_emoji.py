"""Emoji from a folder of drawings and from a colour-emoji font."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS
from emoji import SHAPES, draw_shape, write_font
from PIL import Image

from dediffusion_training.configuration import ReaderConfig, read_config
from dediffusion_training.data.batches import open_batches
from dediffusion_training.data.concepts import EmojiFolder, EmojiFont, open_emoji, read_concepts


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_font(tmp_path_factory.mktemp("font") / "Shapes.ttf")


def test_the_concepts_have_a_drawing_each():
    assert list(read_concepts(CONFIGS / "concepts.yaml").values()) == list(SHAPES)


def test_a_folder_gives_its_drawings(emoji):
    source = open_emoji(emoji)
    assert isinstance(source, EmojiFolder)
    assert source.supports("flat") and not source.supports("glossy")
    for character in SHAPES:
        assert np.array_equal(source.drawing(character, "flat"), draw_shape(character, 64))


def test_a_font_gives_square_drawings_in_colour(font):
    source = open_emoji(font)
    assert isinstance(source, EmojiFont)
    for character in SHAPES:
        drawing = source.drawing(character, "flat")
        assert drawing.mode == "RGBA"
        assert drawing.width == drawing.height
        # The bitmap is in the middle, whole and in its own colours.
        expected = Image.new("RGBA", drawing.size)
        expected.paste(draw_shape(character, 128), ((drawing.width - 128) // 2, (drawing.height - 128) // 2))
        assert np.abs(np.asarray(drawing, float) - np.asarray(expected, float)).max() <= 2


def test_a_font_has_one_style(font):
    source = open_emoji(font)
    assert source.supports("flat") and not source.supports("glossy")
    with pytest.raises(ValueError, match="flat only"):
        source.drawing("🐈", "glossy")


def test_scenes_can_be_drawn_from_a_font(font):
    config = read_config(ReaderConfig, CONFIGS / "reader.yaml").scenes
    batches = open_batches(font, config, seed=1)
    pictures = batches.pictures(batches.scenes(0, 4))
    assert pictures.shape == (4, 3, 32, 32)
    assert all(picture.flatten(1).std(dim=1).max() > 0.05 for picture in pictures)


def test_what_is_neither_folder_nor_font_is_refused(tmp_path):
    with pytest.raises(OSError):
        open_emoji(tmp_path / "missing.ttf")
    text = tmp_path / "text.ttf"
    text.write_text("no font", encoding="utf-8")
    with pytest.raises(OSError):
        open_emoji(text)
