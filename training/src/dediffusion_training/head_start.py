"""Weights from a model that can draw already, for a domain with other things, other words or longer texts.

Words that a decoder has never seen mean nothing to it for a long time when everything is learned at once. One that
draws takes them up within minutes (docs/experiments.md, "From forty things to three hundred").
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import ModelMixin, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from .encoder_folder import load_encoder
from .models.encoder import AttentionalPooler
from .widening import is_twice_as_wide, widen

#: The tables of a CLIP text model that are as long as the vocabulary and the longest text.
TOKENS, POSITIONS = "embeddings.token_embedding.weight", "embeddings.position_embedding.weight"


@torch.no_grad()
def take_head_start(
    text_encoder: CLIPTextModel, unet: UNet2DConditionModel, tokenizer: CLIPTokenizer, folder: Path
) -> None:
    """Copies the weights of the pipeline in `folder`: tokens by what they spell, positions as far as both texts go.

    Tokens and positions that are new stay random, with the deviation that learned ones have. A U-Net twice as wide
    begins by computing what the one there does.

    Raises:
        ValueError: The networks there have another architecture.
    """
    elder = CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict()
    own = text_encoder.state_dict()
    known = CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab()
    meanings = {id: known[token] for token, id in tokenizer.get_vocab().items() if token in known}
    places = range(min(len(own[POSITIONS]), len(elder[POSITIONS])))
    for table, rows in {TOKENS: meanings, POSITIONS: dict(zip(places, places, strict=True))}.items():
        if own[table].shape[1] == elder[table].shape[1]:
            elder[table] = _rearrange(elder[table], rows, own[table])
    _load(text_encoder, elder, folder / "text_encoder")
    narrow = UNet2DConditionModel.from_pretrained(folder / "unet")
    _load(unet, widen(narrow, unet) if is_twice_as_wide(unet, narrow) else narrow.state_dict(), folder / "unet")


def take_weights(network: ModelMixin, folder: Path) -> None:
    """Copies the weights of the network of the same kind in `folder`.

    Raises:
        ValueError: The network there has another architecture.
    """
    _load(network, type(network).from_pretrained(folder).state_dict(), folder)


def take_pooler(pooler: AttentionalPooler, words: list[str], folder: Path) -> None:
    """Copies the weights of the pooler in `folder`, but for what the words mean to the decoder.

    Raises:
        ValueError: The one there chooses from other words, or has another architecture.
    """
    elder, description = load_encoder(folder)
    if description["words"] != words:
        raise ValueError(f"the encoder in {folder} chooses from other words than this one")
    _load(pooler, {**elder.pooler.state_dict(), "words": pooler.words}, folder)


def _rearrange(learned: torch.Tensor, rows: dict[int, int], fresh: torch.Tensor) -> torch.Tensor:
    """A table like `fresh`: its rows of `rows` are those learned ones, and the others are as large as they are."""
    table = fresh * (learned.std() / fresh.std())
    table[list(rows)] = learned[list(rows.values())]
    return table


def _load(network: nn.Module, state: dict[str, torch.Tensor], folder: Path) -> None:
    try:
        network.load_state_dict(state)
    except RuntimeError as mismatch:
        raise ValueError(
            f"{folder} has another architecture than the configuration: {mismatch}. "
            "Layers, tokens, the widths of texts and poolers and the autoencoder's channels must be alike, "
            "a U-Net's widths alike or all doubled."
        ) from mismatch
