"""Training pictures as frozen networks see them: the autoencoder's latents and, for an encoder, a backbone's features.

The networks are frozen, so each picture is looked at once and not once a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from tqdm import tqdm

from .ahead import Ahead
from .data.batches import SceneBatches
from .data.scene import Scene
from .loop import computes_bfloat16

CHUNK = 64

#: A frozen network's view of pictures [batch, 3, size, size] in [-1, 1].
View = Callable[[torch.Tensor], torch.Tensor]


@dataclass
class ScenePool:
    scenes: list[Scene]
    #: Scaled latents, [pictures, channels, height, width], float32, on the device that looked
    latents: torch.Tensor
    #: [pictures, rows * columns, width], bfloat16; None where no backbone looked.
    features: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.scenes)


@torch.no_grad()
def gather_scene_pool(
    batches: SceneBatches,
    size: int,
    device: torch.device,
    *,
    workers: int = 0,
    latents: View,
    features: View | None = None,
) -> ScenePool:
    """The first `size` scenes of `batches`.

    Args:
        workers: Processes that draw them.
        latents: Gives scaled latents.
        features: Gives a map of features, [batch, width, rows, columns].
    """

    def draw_chunk(number: int) -> tuple[list[Scene], torch.Tensor]:
        part = batches.scenes(number, CHUNK)
        return part, batches.pictures(part)

    drawn = Ahead(draw_chunk, workers)
    scenes: list[Scene] = []
    seen: dict[str, list[torch.Tensor]] = {"latents": [], "features": []}
    with torch.autocast(device.type, torch.bfloat16, enabled=computes_bfloat16(device) and size > CHUNK):
        for chunk in tqdm(range(-(-size // CHUNK)), desc="looking at pictures", mininterval=5):
            part, pictures = drawn(chunk)
            missing = size - len(scenes)
            pictures = pictures[:missing].to(device)
            scenes += part[:missing]
            seen["latents"].append(latents(pictures).float())
            if features is not None:
                seen["features"].append(features(pictures).flatten(2).transpose(1, 2).bfloat16())
    return ScenePool(scenes, torch.cat(seen["latents"]), torch.cat(seen["features"]) if features else None)


def one_pool_at_a_time(
    size: int, device: torch.device, *, workers: int = 0, latents: View, features: View | None = None
) -> Callable[[SceneBatches], ScenePool]:
    """Gathers the pool of the batches that it is asked for and forgets the one before: lessons follow each other, and a
    run that goes on needs none of those that are over."""

    @lru_cache(maxsize=1)
    def pool_of(batches: SceneBatches) -> ScenePool:
        return gather_scene_pool(batches, size, device, workers=workers, latents=latents, features=features)

    return pool_of
