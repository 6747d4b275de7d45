"""Training pictures as the encoder's training needs them: features of the frozen backbone, latents of the frozen decoder.

Both networks are frozen, so each picture is looked at once and not once a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tqdm import tqdm

from .data.batches import SceneBatches
from .data.scene import Scene
from .frozen_decoder import FrozenDecoder
from .models.backbone import Backbone

CHUNK = 64


@dataclass
class ScenePool:
    scenes: list[Scene]
    #: [pictures, rows * columns, width], bfloat16
    features: torch.Tensor
    #: [pictures, channels, height, width], float32, scaled
    latents: torch.Tensor

    def __len__(self) -> int:
        return len(self.scenes)


@torch.no_grad()
def gather_scene_pool(
    batches: SceneBatches, size: int, backbone: Backbone, decoder: FrozenDecoder, device: torch.device
) -> ScenePool:
    scenes: list[Scene] = []
    features, latents = [], []
    with torch.autocast(device.type, torch.bfloat16, enabled=size > CHUNK):
        for chunk in tqdm(range(-(-size // CHUNK)), desc="looking at pictures", mininterval=5):
            part = batches.scenes(chunk, CHUNK)[: size - len(scenes)]
            pictures = batches.pictures(part).to(device)
            scenes += part
            features.append(backbone(pictures).flatten(2).transpose(1, 2).bfloat16().cpu())
            latents.append(decoder.latents(pictures).float().cpu())
    return ScenePool(scenes, torch.cat(features), torch.cat(latents))
