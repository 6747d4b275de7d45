"""A trained encoder on disk: encoder.json, encoder.pt (the pooler) and backbone/."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from .configuration import EncoderConfig
from .models.backbone import Backbone
from .models.encoder import AttentionalPooler, DeDiffusionEncoder
from .models.vision import VisionBackbone


def build_pooler(
    config: EncoderConfig, feature_width: int, map_size: int, word_embeddings: torch.Tensor
) -> AttentionalPooler:
    """An untrained pooler over `map_size` x `map_size` features."""
    return AttentionalPooler(
        feature_width,
        word_embeddings,
        tokens=config.tokens,
        map_size=map_size,
        width=config.pooler_width,
        layers=config.pooler_layers,
        heads=config.pooler_heads,
        logit_scale=config.logit_scale,
    )


def save_encoder(encoder: DeDiffusionEncoder, config: EncoderConfig, words: list[str], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(encoder.pooler.state_dict(), folder / "encoder.pt")
    description = {
        "config": config.model_dump(mode="json"),
        "backbone": _save_backbone(encoder.backbone, folder / "backbone"),
        "image_size": encoder.image_size,
        "words": words,
    }
    (folder / "encoder.json").write_text(json.dumps(description, indent=2), encoding="utf-8")
    return folder


def load_encoder(folder: Path) -> tuple[DeDiffusionEncoder, dict]:
    """The encoder that `save_encoder` wrote, and its description."""
    description = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    config = EncoderConfig.model_validate(description["config"])
    state = torch.load(folder / "encoder.pt", map_location="cpu", weights_only=True)
    backbone = _load_backbone(folder / "backbone", description["backbone"])
    map_size = int(len(state["positions"]) ** 0.5)
    pooler = build_pooler(config, backbone.width, map_size, torch.randn_like(state["words"]))
    pooler.load_state_dict(state)
    return DeDiffusionEncoder(backbone, pooler, description["image_size"]).eval(), description


def _save_backbone(backbone: Backbone | VisionBackbone, folder: Path) -> dict[str, object]:
    if isinstance(backbone, VisionBackbone):
        return {"kind": "vision", **backbone.save(folder)}
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(backbone.state_dict(), folder / "backbone.pt")
    return {"kind": "reader", "widths": backbone.widths, "depths": backbone.depths}


def _load_backbone(folder: Path, description: dict) -> Backbone | VisionBackbone:
    settings = {name: value for name, value in description.items() if name != "kind"}
    if description["kind"] == "vision":
        return VisionBackbone.restore(folder, settings)
    backbone = Backbone(**settings)
    backbone.load_state_dict(torch.load(folder / "backbone.pt", map_location="cpu", weights_only=True))
    return backbone
