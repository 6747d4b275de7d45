"""What cards say of a run: how long it was, what it began with, how large its networks are."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open


def describe_loop(loop: dict) -> str:
    return f"{loop['steps']:,} x {loop['batch_size']}"


def describe_effort(recipe: dict) -> str:
    return f"{describe_loop(recipe['config']['loop'])} pictures, {recipe['hours']:.2f} hours on {recipe['hardware']}"


def describe_lessons(config: dict) -> str:
    """What the first steps of a decoder or an encoder differed in."""
    if not config["lessons"]:
        return ""
    steps = config["loop"]["steps"]
    parts = [
        f"until step {round(lesson['until'] * steps)} {json.dumps(lesson['scenes'])}"
        + (f" with captions {json.dumps(lesson['captions'])}" if "captions" in lesson else "")
        for lesson in config["lessons"]
    ]
    unblended = "; no blends" if config.get("mixed_embedding_share", 0) > 0 else ""
    return f" Lessons came first: {'; then '.join(parts)}{unblended}."


def describe_history(recipe: dict) -> str:
    """What a run was that its configuration does not say, such as one that went on with another: `history` of recipe.json."""
    return f"\n\n{recipe['history']}" if "history" in recipe else ""


def name_concepts(recipe: dict) -> str:
    return f"`training/configs/{Path(recipe['config']['scenes']['concepts']).name}`"


def millions(count: int) -> str:
    return f"{count / 1e6:.1f} M parameters"


def parameters_in(folder: Path) -> int:
    (file,) = folder.glob("*.safetensors")
    with safe_open(file, framework="pt") as tensors:
        return sum(torch.Size(tensors.get_slice(name).get_shape()).numel() for name in tensors.keys())  # noqa: SIM118
