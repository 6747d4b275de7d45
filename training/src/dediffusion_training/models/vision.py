"""Eyes that others have trained: the frozen vision model of any transformers folder."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, CLIPVisionModel, PreTrainedModel, SiglipVisionModel

from ..precision import own_arithmetic

#: Models of pictures and texts, of which the half that looks at pictures is loaded.
VISION_HALVES = {"clip": CLIPVisionModel, "siglip": SiglipVisionModel}


class VisionBackbone(nn.Module):
    """Pictures as a vision transformer wants them to a map of its patches' features.

    Args:
        network: Gives `last_hidden_state` [batch, tokens, width], whose last tokens are the patches, row by row.
        image_size: Pixels on each side of what it looks at.
        mean, std: Of red, green and blue in [0, 1].
        layer: -1 for what the network gives as its last hidden state, -2 for what the layer before gives.
    """

    def __init__(
        self, network: PreTrainedModel, *, image_size: int, mean: list[float], std: list[float], layer: int = -1
    ) -> None:
        super().__init__()
        self.network, self.image_size, self.mean, self.std, self.layer = network, image_size, mean, std, layer
        self.width = network.config.hidden_size
        self.rows = image_size // network.config.patch_size

    @classmethod
    def load(cls, folder: Path, *, layer: int = -1, dtype: torch.dtype = torch.float32) -> VisionBackbone:
        """The vision model of a transformers folder: CLIP, SigLIP, DINOv2 or another transformer over square patches.

        Raises:
            ValueError: The folder does not say how the model wants its pictures, or holds no such model.
        """
        config = AutoConfig.from_pretrained(folder)
        network = VISION_HALVES.get(config.model_type, AutoModel).from_pretrained(folder, dtype=dtype)
        if not isinstance(getattr(network.config, "patch_size", None), int):
            raise ValueError(f"{folder} holds a {config.model_type}, which is no transformer over square patches")
        preprocessing = read_preprocessing(folder)
        image_size = preprocessed_size(preprocessing) or network.config.image_size
        try:
            mean, std = preprocessing["image_mean"], preprocessing["image_std"]
        except KeyError as missing:
            raise ValueError(f"The preprocessor configuration of {folder} has no {missing}") from None
        return cls(network, image_size=image_size, mean=mean, std=std, layer=layer)

    @property
    def dtype(self) -> torch.dtype:
        return self.network.dtype

    def prepare(self, pictures: torch.Tensor) -> torch.Tensor:
        """`pixel_values` of pictures [batch, 3, size, size] in [-1, 1]."""
        if pictures.shape[-1] != self.image_size:
            size = (self.image_size, self.image_size)
            pictures = F.interpolate(pictures, size, mode="bicubic", antialias=True).clamp(-1, 1)
        mean, std = (pictures.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return ((pictures + 1) / 2 - mean) / std

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """[batch, 3, image_size, image_size] to [batch, width, rows, rows], float32."""
        with own_arithmetic(self.network):
            seen = self.network(pixel_values.to(self.dtype), output_hidden_states=self.layer != -1)
        tokens = seen.last_hidden_state if self.layer == -1 else seen.hidden_states[self.layer]
        patches = tokens[:, -self.rows * self.rows :].float()
        return patches.transpose(1, 2).unflatten(2, (self.rows, self.rows))

    def save(self, folder: Path) -> dict[str, object]:
        """Writes the network to `folder`; returns what else must be known to build the backbone again."""
        self.network.save_pretrained(folder)
        return {"image_size": self.image_size, "mean": self.mean, "std": self.std, "layer": self.layer}

    @classmethod
    def restore(cls, folder: Path, description: dict) -> VisionBackbone:
        """What `save` wrote, in float32."""
        config = AutoConfig.from_pretrained(folder)
        network = VISION_HALVES.get(config.model_type, AutoModel).from_pretrained(folder, dtype=torch.float32)
        return cls(network, **description)


def read_preprocessing(folder: Path) -> dict:
    """How a vision model wants its pictures, as its folder says.

    Raises:
        ValueError: The folder does not say.
    """
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).exists():
            settings = json.loads((folder / name).read_text(encoding="utf-8"))
            return settings.get("image_processor", settings)
    raise ValueError(f"{folder} has no preprocessor_config.json, which says how the vision model wants its pictures")


def preprocessed_size(settings: dict) -> int | None:
    """Pixels on each side of a prepared picture; None where the settings do not say."""
    size = settings.get("crop_size") if settings.get("do_center_crop") else None
    size = size or settings.get("size") or {}
    if isinstance(size, int):
        return size
    return size.get("height") or size.get("shortest_edge")
