"""The trained reader as the folder that the server's measurements read: config.json, model.onnx and its model card."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from ..cards.reader import reader_card
from ..data.caption import vocabulary
from ..data.scene import COLOURS
from ..loop import read_recipe
from ..models.backbone import SceneReader
from ..train_reader import load_reader
from .graph import export_graph

FORMAT_VERSION = 1


class ExportedReader(nn.Module):
    """The graph's outputs: the picture as a point among pictures, and the logit of each word."""

    def __init__(self, reader: SceneReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[batch, 3, size, size] to features [batch, width] and logits [batch, words]."""
        map_of_features = self.reader.backbone(pixel_values)
        votes = self.reader.vote(map_of_features).flatten(2)
        return map_of_features.mean(dim=(2, 3)), torch.logsumexp(votes, dim=2)


def export_reader(folder: Path, destination: Path) -> Path:
    """Writes the reader's folder and returns it. The graph is compared with the reader before the function returns.

    Args:
        folder: What `train_reader` saved.
        destination: The folder to write; existing files of the same names are replaced.

    Raises:
        ValueError: The graph does not compute what the reader does.
    """
    reader, recipe = load_reader(folder), read_recipe(folder)
    scenes = recipe["config"]["scenes"]
    size = scenes["image_size"]
    names = ["features", "logits"]
    export_graph(
        ExportedReader(reader),
        {"pixel_values": torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1},
        names,
        destination / "model.onnx",
        dynamic={name: {0: "batch_size"} for name in ["pixel_values", *names]},
    )
    not_things = vocabulary([], scenes["styles"])
    config = {
        "formatVersion": FORMAT_VERSION,
        "kind": "scene-reader",
        "imageSize": size,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "words": reader.words,
        "things": [word for word in reader.words if word not in not_things],
        "colours": [word for word in reader.words if word in COLOURS],
    }
    (destination / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (destination / "README.md").write_text(reader_card(reader, recipe), encoding="utf-8")
    return destination
