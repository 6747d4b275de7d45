"""The trained encoder as the folder that the server reads: config.json, model.onnx, tokenizer/ (format version 1)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from transformers import CLIPTokenizer

from ..configuration import EncoderConfig
from ..models.backbone import Backbone
from ..models.encoder import DeDiffusionEncoder
from ..tokenizer import WORD_END
from .graph import export_graph
from .pipeline import write_byte_pairs

FORMAT_VERSION = 1


class ExportedEncoder(nn.Module):
    """The graph's outputs: ids in the decoder's vocabulary, their probabilities, and where each token looked."""

    def __init__(self, encoder: DeDiffusionEncoder, token_ids: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("token_ids", token_ids)

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        logits, attention = self.encoder(pixel_values)
        scores, picks = torch.softmax(logits, dim=-1).max(dim=-1)
        return self.token_ids[picks], scores, attention


def load_encoder(folder: Path) -> tuple[DeDiffusionEncoder, dict]:
    """The encoder that `train_encoder` saved, and its description."""
    description = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    config = EncoderConfig.model_validate(description["config"])
    state = torch.load(folder / "encoder.pt", map_location="cpu", weights_only=True)
    encoder = DeDiffusionEncoder(
        Backbone(description["backbone"]["widths"], description["backbone"]["depths"]),
        torch.randn_like(state["words"]),
        tokens=config.tokens,
        map_size=int(len(state["positions"]) ** 0.5),
        width=config.pooler_width,
        layers=config.pooler_layers,
        heads=config.pooler_heads,
        logit_scale=config.logit_scale,
    )
    encoder.load_state_dict(state)
    return encoder.eval(), description


def export_encoder(folder: Path, tokenizer_folder: Path, decoder_name: str, destination: Path) -> Path:
    """Writes the encoder's folder, all but its model card, and returns it.

    The graph is compared with the encoder before the function returns.

    Args:
        folder: What `train_encoder` saved.
        tokenizer_folder: The tokenizer of the decoder it was trained through.
        decoder_name: The id of that decoder in the server.
        destination: The folder to write; existing files of the same names are replaced.

    Raises:
        ValueError: The graph does not compute what the encoder does.
    """
    encoder, description = load_encoder(folder)
    config = EncoderConfig.model_validate(description["config"])
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder)
    vocabulary = tokenizer.get_vocab()
    token_ids = torch.tensor([vocabulary[word + WORD_END] for word in description["words"]])

    size = config.scenes.image_size
    noise = torch.Generator().manual_seed(0)
    names = ["token_ids", "token_scores", "attention"]
    export_graph(
        ExportedEncoder(encoder, token_ids),
        {"pixel_values": torch.rand(2, 3, size, size, generator=noise) * 2 - 1},
        names,
        destination / "model.onnx",
        dynamic={name: {0: "batch_size"} for name in ["pixel_values", *names]},
    )

    (destination / "config.json").write_text(
        json.dumps(
            {
                "format": "dediffusion-encoder",
                "formatVersion": FORMAT_VERSION,
                "name": config.name,
                "imageSize": size,
                "mean": [0.5, 0.5, 0.5],
                "std": [0.5, 0.5, 0.5],
                "tokens": config.tokens,
                "attention": [encoder.map_size, encoder.map_size],
                "tokenizer": "tokenizer",
                "decoder": decoder_name,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    write_byte_pairs(tokenizer, destination / "tokenizer")
    return destination
