"""What an encoder of scenes is shown, and when."""

from __future__ import annotations

from pathlib import Path

import torch
from conftest import CONFIGS

from dediffusion_training.configuration import EncoderConfig, read_config
from dediffusion_training.domains import Seen, open_domain

SMALL = {"sizes": ["small"], "object_counts": {1: 1.0}}
LARGE = {"sizes": ["large"], "object_counts": {1: 1.0}}


def look(emoji: Path, *lessons: dict) -> list[torch.Tensor]:
    """The pictures of four passes of a run, a quarter of it apart."""
    overrides = {"lessons": list(lessons), "pool_pictures": 64}
    config = read_config(EncoderConfig, CONFIGS / "encoder.yaml", overrides)
    # Scenes need no tokenizer.
    domain = open_domain(config, str(emoji), tokenizer=None)
    domain.look(torch.device("cpu"), latents=lambda pictures: pictures, features=lambda pictures: pictures)
    torch.manual_seed(0)
    passes: list[Seen] = [domain.draw(number, number * config.loop.steps // 4) for number in range(4)]
    return [seen.latents for seen in passes]


def detail(pictures: torch.Tensor) -> float:
    return pictures.diff(dim=3).abs().mean().item()


def test_lessons_come_first_and_then_everything(emoji: Path):
    plain = look(emoji)
    taught = look(emoji, {"until": 0.25, "scenes": SMALL}, {"until": 0.75, "scenes": LARGE})
    small, large, also_large, rest = taught
    assert detail(small) < 0.8 * detail(large) and detail(small) < 0.8 * detail(also_large)
    assert torch.equal(rest, plain[3])


def test_each_pass_of_a_lesson_has_other_pictures(emoji: Path):
    _, first, second, _ = look(emoji, {"until": 0.75, "scenes": LARGE})
    assert not torch.equal(first, second)
