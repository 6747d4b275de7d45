"""Puts the cards of what an evaluation measured beside the exported models."""

from __future__ import annotations

import json
from pathlib import Path

from ..encoder_folder import load_encoder
from ..loop import read_recipe
from .decoder import decoder_card
from .encoder import encoder_card


def write_model_cards(encoder_folder: Path, decoder_folder: Path, evaluation_file: Path, models: Path) -> None:
    """Writes `README.md` beside each exported model under `models`: scenes-a and dediffusion-scenes."""
    evaluation = _read(evaluation_file)
    encoder, description = load_encoder(encoder_folder)
    _write_card(models / "scenes-a", decoder_card("scenes-a", decoder_folder, evaluation))
    _write_card(
        models / "dediffusion-scenes", encoder_card(encoder, description, read_recipe(encoder_folder), evaluation)
    )


def write_third_party_card(decoder_folder: Path, evaluation_file: Path, models: Path) -> None:
    """Writes `README.md` beside scenes-b, from an evaluation of the encoder's texts with that decoder."""
    _write_card(models / "scenes-b", decoder_card("scenes-b", decoder_folder, _read(evaluation_file)))


def _read(evaluation_file: Path) -> dict:
    return json.loads(evaluation_file.read_text(encoding="utf-8"))


def _write_card(folder: Path, card: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
