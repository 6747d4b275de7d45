"""The trained encoder as the folder that the server reads: config.json, model.onnx, tokenizer/ (format version 1).

An encoder of photographs gets its model card too; that of scenes needs an evaluation first (cards/).
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from transformers import CLIPTokenizer

from ..cards.photographs import photograph_card
from ..configuration import EncoderConfig
from ..encoder_folder import load_encoder
from ..loop import read_recipe
from ..models.encoder import DeDiffusionEncoder
from ..vocabulary import word_ids
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


def export_encoder(folder: Path, tokenizer_folder: Path, decoder_name: str, destination: Path) -> Path:
    """Writes the encoder's folder and returns it.

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
    token_ids = word_ids(tokenizer, description["words"])

    size = encoder.image_size
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
                "mean": list(encoder.backbone.mean),
                "std": list(encoder.backbone.std),
                "tokens": config.tokens,
                "attention": [encoder.pooler.map_size] * 2,
                "tokenizer": "tokenizer",
                "decoder": decoder_name,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    write_byte_pairs(tokenizer, destination / "tokenizer")
    if config.photographs:
        card = photograph_card(encoder, description, read_recipe(folder))
        (destination / "README.md").write_text(card, encoding="utf-8")
    return destination
