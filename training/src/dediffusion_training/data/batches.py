"""Batches of scenes by number: the same number and seed give the same scenes, so that a resumed run misses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..configuration import SceneConfig
from .concepts import open_emoji, read_concepts
from .render import render
from .scene import Scene, draw_scene

#: Seed of held-out scenes, far from those of any training run.
HELD_OUT_SEED = 90_001


@dataclass(frozen=True, eq=False)
class SceneBatches:
    config: SceneConfig
    concepts: dict[str, str]
    source: Path
    seed: int
    #: Whether to give the compositions that are kept out of training, or the others.
    held_out: bool

    @property
    def words(self) -> list[str]:
        """Caption words of the things."""
        return list(self.concepts)

    @property
    def styles(self) -> list[str]:
        return list(self.config.styles)

    def scenes(self, step: int, count: int) -> list[Scene]:
        rng = np.random.default_rng([self.seed, step])
        found: list[Scene] = []
        while len(found) < count:
            scene = draw_scene(
                rng,
                self.words,
                self.config.styles,
                self.config.object_counts,
                self.config.background_kinds,
                self.config.sizes,
                self.config.places,
            )
            if scene.held_out == self.held_out:
                found.append(scene)
        return found

    def pictures(self, scenes: list[Scene]) -> torch.Tensor:
        """[batch, 3, size, size], float32 in [-1, 1]."""
        drawn = np.stack([render(scene, self.concepts, self.source, self.config.image_size) for scene in scenes])
        return torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1


def open_batches(emoji: Path, config: SceneConfig, seed: int, split: str = "training") -> SceneBatches:
    """`emoji` is a folder of drawings or a colour-emoji font; `split` is `training` or `held-out`."""
    source = open_emoji(emoji)
    missing = [style for style in config.styles if not source.supports(style)]
    if missing:
        raise ValueError(f"{emoji} has no drawings in style {', '.join(missing)}; remove it from styles")
    return SceneBatches(config, read_concepts(config.concepts), emoji, seed, split == "held-out")
