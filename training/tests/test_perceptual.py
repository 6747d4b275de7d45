"""How differently a reader sees two pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, Recipe
from diffusers import AutoencoderKL

from dediffusion_training.__main__ import main
from dediffusion_training.configuration import AutoencoderConfig, read_config
from dediffusion_training.data.batches import HELD_OUT_SEED, open_batches
from dediffusion_training.loop import read_recipe
from dediffusion_training.models.backbone import Backbone
from dediffusion_training.perceptual import PerceptualDistance
from dediffusion_training.train_reader import load_reader


@pytest.fixture
def distance() -> PerceptualDistance:
    torch.manual_seed(0)
    return PerceptualDistance(Backbone([8, 16], [1, 1]))


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_a_picture_is_no_distance_from_itself_and_further_the_more_it_is_disturbed(
    distance: PerceptualDistance, pictures: torch.Tensor
):
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(2))
    near, far = (distance(pictures + share * noise, pictures).item() for share in (0.1, 0.5))
    assert distance(pictures, pictures).item() == 0
    assert 0 < near < far < 4


def test_the_distance_is_the_same_for_a_batch_and_for_the_mean_of_its_pictures(
    distance: PerceptualDistance, pictures: torch.Tensor
):
    others = pictures.flip(0)
    alone = [distance(one[None], other[None]) for one, other in zip(others, pictures, strict=True)]
    torch.testing.assert_close(distance(others, pictures), torch.stack(alone).mean())


def test_only_what_was_drawn_is_pulled_along(distance: PerceptualDistance, pictures: torch.Tensor):
    drawn, wanted = pictures.flip(0).requires_grad_(), pictures.clone().requires_grad_()
    distance(drawn, wanted).backward()
    assert drawn.grad.abs().sum() > 0
    assert wanted.grad is None
    assert all(weight.grad is None for weight in distance.backbone.parameters())


def test_an_autoencoder_that_minds_what_a_reader_sees_comes_nearer_to_it(trained: Recipe, tmp_path: Path):
    def go_on(run: str, *more: str, weight: float) -> None:
        settings = (f"perceptual_weight={weight}", "loop.learning_rate=2.0e-4")
        arguments = trained.arguments("autoencoder", tmp_path / run / "autoencoder", *settings)
        main([*arguments, "--start", str(trained.autoencoder), *more])

    go_on("blind", weight=0.0)
    go_on("seeing", "--reader", str(trained.reader), weight=3.0)
    seen = PerceptualDistance(load_reader(trained.reader).backbone)
    scenes = read_config(AutoencoderConfig, CONFIGS / "autoencoder.yaml").scenes
    held_out = open_batches(trained.emoji, scenes, seed=HELD_OUT_SEED, split="held-out")
    pictures = held_out.pictures(held_out.scenes(0, 64))
    blind, seeing = (
        seen(AutoencoderKL.from_pretrained(tmp_path / run / "autoencoder" / "autoencoder")(pictures).sample, pictures)
        for run in ("blind", "seeing")
    )
    assert seeing < 0.95 * blind
    recipe = read_recipe(tmp_path / "seeing" / "autoencoder" / "autoencoder")
    assert recipe["reader"] == read_recipe(trained.reader)


@pytest.mark.parametrize(("weight", "reader"), [(1.0, False), (0.0, True)])
def test_a_weight_without_a_reader_and_a_reader_without_a_weight_are_refused(
    trained: Recipe, tmp_path: Path, weight: float, reader: bool
):
    arguments = trained.arguments("autoencoder", tmp_path / "autoencoder", f"perceptual_weight={weight}")
    with pytest.raises(ValueError, match="perceptual_weight and --reader need each other"):
        main([*arguments, *(["--reader", str(trained.reader)] if reader else [])])
