"""The cost of training: measured on a miniature, counted where it can be checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS
from photographs import write_vision_model
from torch import nn

from dediffusion_training import throughput
from dediffusion_training.__main__ import main
from dediffusion_training.architectures import ARCHITECTURES, random_decoder, random_vision_backbone
from dediffusion_training.fixtures.miniature import build_pipeline, miniatures
from dediffusion_training.frozen_decoder import FrozenDecoder
from dediffusion_training.models.vision import VisionBackbone

#: Weights of the published models, in millions, by their model cards and weight files.
PUBLISHED = {
    "sd15": {"text_encoder": 123.06, "unet": 859.52, "autoencoder": 83.65},
    "sd21": {"text_encoder": 340.39, "unet": 865.91, "autoencoder": 83.65},
}


def millions(module: nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_shapes_are_those_of_the_published_models(name: str):
    with torch.device("meta"):
        decoder, vision = random_decoder(name), random_vision_backbone(-1)
    counted = {part: millions(getattr(decoder, part)) for part in PUBLISHED[name]}
    assert counted == pytest.approx(PUBLISHED[name], abs=0.01)
    assert millions(vision) == pytest.approx(303.18, abs=0.01)
    assert decoder.scheduler.config.prediction_type == ARCHITECTURES[name].prediction


@pytest.fixture
def miniature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command builds miniatures instead of published models."""
    build_pipeline(miniatures()[0], tmp_path / "decoder")
    write_vision_model("clip-vision", tmp_path / "vision")
    monkeypatch.setattr(throughput, "random_decoder", lambda *_: FrozenDecoder.load(tmp_path / "decoder"))
    monkeypatch.setattr(
        throughput,
        "random_vision_backbone",
        lambda layer, _: VisionBackbone.load(tmp_path / "vision", layer=layer).requires_grad_(False),
    )
    monkeypatch.setattr(throughput, "count_operations", lambda *_: {"seeing": 10**12, "learning": 3 * 10**12})


def test_the_command_measures_steps_and_extrapolates_them(miniature, capsys: pytest.CaptureFixture):
    main(["throughput", "--config", str(CONFIGS / "photographs.yaml"), "--random-weights", "--steps", "2"])
    measured = json.loads(capsys.readouterr().out)
    rate = measured["pictures_per_second"]
    assert rate == pytest.approx(3 * 2 / measured["seconds_per_step"], rel=0.05)
    assert measured["papers_schedule"]["days_at_this_rate"] == pytest.approx(2048 * 500_000 / rate / 86_400, rel=0.01)
    assert measured["papers_schedule"]["operations"] == f"{4e12 * 2048 * 500_000:.3g}"
    assert measured["peak_memory_gib"] > 0


def test_a_gradient_that_strays_or_fails_to_come_is_found():
    learning, frozen = nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(ValueError, match="reaches weight of the pooler"):
        throughput.check_gradients(learning, frozen)
    learning(torch.ones(1, 2)).sum().backward()
    throughput.check_gradients(learning, frozen)
    with pytest.raises(ValueError, match="A gradient reaches weight, which is frozen"):
        throughput.check_gradients(learning, learning)
