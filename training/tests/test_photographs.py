"""Photographs as training sees them: from folders and shards, whatever they are like."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS
from photographs import CORRUPT, draw_picture, write_pictures, write_shards
from PIL import Image

from dediffusion_training.configuration import EncoderConfig, read_config
from dediffusion_training.data.photographs import Photographs, as_floats, centre_square, random_square, read_picture

SIZE = 32


def photographs(source: Path, **overrides: object) -> Photographs:
    settings = {f"photographs.{name}": value for name, value in overrides.items()}
    config = read_config(EncoderConfig, CONFIGS / "photographs.yaml", settings).photographs
    return Photographs(str(source), config, batch_size=3, seed=7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("shards"))


@pytest.mark.parametrize("kind", ["folder", "shards"])
def test_batches_are_squares_and_what_cannot_be_read_is_counted(kind: str, request):
    batches = list(islice(photographs(request.getfixturevalue(kind)).batches(0, 1), 12))
    for batch in batches:
        assert batch.pictures.shape == (3, 3, SIZE, SIZE)
        assert batch.pictures.dtype == torch.float32
        assert -1 <= batch.pictures.min() < batch.pictures.max() <= 1
    assert sum(batch.unreadable for batch in batches) > 0


def test_a_folder_gives_each_picture_once_an_epoch(folder: Path):
    collection = photographs(folder, crop="centre")
    epoch = len(collection.names)
    assert collection.held_out_names
    batches = islice(collection.batches(0, 1), 2 * epoch // 3 + 1)
    given = torch.cat([batch.pictures for batch in batches])[:epoch]
    readable = [name for name in collection.names if (folder / name).read_bytes() != CORRUPT]
    known = torch.stack([centre_square(read_picture(folder / name), SIZE) for name in readable])
    distances = (given[:, None] - as_floats(known)[None]).abs().amax(dim=(2, 3, 4))
    assert (distances.min(dim=1).values == 0).all()
    assert set(distances.argmin(dim=1).tolist()) == set(range(len(readable)))


def test_a_folders_batches_go_on_from_any_number(folder: Path):
    everything = list(islice(photographs(folder).batches(0, 1), 9))
    odd = list(islice(photographs(folder).batches(3, 2), 3))
    for number, batch in zip((3, 5, 7), odd, strict=True):
        assert torch.equal(batch.pictures, everything[number].pictures)


def test_workers_read_what_the_process_itself_reads(folder: Path):
    alone = list(islice(photographs(folder).batches(0, 1), 3))
    helped = list(islice(photographs(folder, workers=1).batches(0, 1), 3))
    assert all(torch.equal(*(batch.pictures for batch in pair)) for pair in zip(alone, helped, strict=True))


def test_shards_are_named_by_a_folder_or_a_pattern(shards: Path):
    assert photographs(shards).shards == photographs(shards / "{000..001}.tar").shards


def test_a_shard_that_is_missing_is_passed_over(shards: Path):
    with pytest.warns(UserWarning, match="002.tar"):
        batches = list(islice(photographs(shards / "{000..002}.tar").batches(0, 1), 12))
    assert len(batches) == 12


@pytest.mark.parametrize("kind", ["folder", "shards"])
def test_held_out_pictures_are_never_trained_on(kind: str, request):
    collection = photographs(request.getfixturevalue(kind), crop="centre", judged_pictures=100)
    held_out = collection.held_out()
    trained = torch.cat([batch.pictures for batch in islice(collection.batches(0, 1), 20)])
    assert len(held_out) >= 2
    assert (held_out[:, None] - trained[None]).abs().amax(dim=(2, 3, 4)).min() > 0


def test_no_more_are_judged_than_asked_for(folder: Path):
    assert len(photographs(folder, judged_pictures=2).held_out()) == 2


def test_a_place_without_pictures_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"holds no pictures \(.jpg, .jpeg, .png, .webp\) and no tar files"):
        photographs(tmp_path)


def test_too_few_held_out_pictures_are_refused(folder: Path):
    with pytest.raises(ValueError, match=r"held-out pictures can be read.*lower photographs\.held_out_one_in"):
        photographs(folder, held_out_one_in=10**6).held_out()


def test_a_folder_of_nothing_but_ruins_is_refused(tmp_path: Path):
    for number in range(9):
        (tmp_path / f"{number}.jpg").write_bytes(CORRUPT)
    with pytest.raises(ValueError, match="in a row can be read"):
        next(photographs(tmp_path).batches(0, 1))


def test_pictures_are_turned_and_laid_on_white(tmp_path: Path):
    upright = Image.new("RGB", (20, 10), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.save(tmp_path / "turned.jpg", exif=exif)
    assert read_picture(tmp_path / "turned.jpg").size == (10, 20)
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png").getpixel((1, 1)) == (255, 255, 255)


def test_the_middle_is_the_middle():
    striped = np.zeros((10, 30, 3), dtype=np.uint8)
    striped[:, 10:20] = 255
    assert (centre_square(Image.fromarray(striped), 10)[:, :, 2:8] > 250).all()


def test_random_squares_differ_and_keep_inside():
    config = read_config(EncoderConfig, CONFIGS / "photographs.yaml").photographs
    picture = draw_picture(1)
    squares = [random_square(picture, config, np.random.default_rng(number)) for number in range(6)]
    assert all(square.shape == (3, SIZE, SIZE) for square in squares)
    assert not all(torch.equal(squares[0], square) for square in squares[1:])
