"""How good texts are, judged by hard tokens on held-out scenes: what they name, what they are worth to a decoder."""

from __future__ import annotations

import torch

from .data.caption import complete_caption, terse_caption
from .data.scene import COLOURS, Scene
from .frozen_decoder import FrozenDecoder

#: Noise levels at which texts are compared: where the text decides, and not the noisy picture.
TIMESTEPS = (700, 800, 900, 999)
JUDGE_SEED = 97


def naming_scores(texts: list[list[str]], scenes: list[Scene], things: set[str]) -> dict[str, float]:
    """Shares in [0, 1]. `texts` are lists of words.

    `background`: the background's colour is the only colour named, or the first one. `thing_recall`: drawn things that
    are named. `thing_precision`: named things that are drawn.
    """
    background, drawn_named, drawn, named = 0, 0, 0, 0
    for words, scene in zip(texts, scenes, strict=True):
        colours = [word for word in words if word in COLOURS]
        background += bool(colours) and colours[0] == scene.background[0]
        shown = {thing.word for thing in scene.objects}
        said = set(words) & things
        drawn_named += len(shown & said)
        drawn += len(shown)
        named += len(said)
    return {
        "different_texts": len({" ".join(words) for words in texts}) / len(texts),
        "background": background / len(texts),
        "thing_recall": drawn_named / drawn,
        "thing_precision": drawn_named / max(named, 1),
    }


@torch.no_grad()
def prompt_losses(
    decoder: FrozenDecoder, latents: torch.Tensor, prompts: dict[str, list[str]], chunk: int = 64
) -> dict[str, torch.Tensor]:
    """Diffusion loss of each picture under each prompt, over the same noises: [pictures] per prompt name."""
    device = decoder.alphas_cumprod.device
    generator = torch.Generator().manual_seed(JUDGE_SEED)
    noises = torch.randn(len(TIMESTEPS), *latents.shape, generator=generator)
    losses = {name: [] for name in prompts}
    for start in range(0, len(latents), chunk):
        part = slice(start, start + chunk)
        for name, texts in prompts.items():
            condition = decoder.condition_on_texts(texts[part])
            total = 0
            for level, timestep in enumerate(TIMESTEPS):
                timesteps = torch.full((len(condition),), timestep, device=device)
                noise = noises[level, part].to(device)
                total = total + decoder.diffusion_loss(latents[part].to(device), noise, timesteps, condition)
            losses[name].append((total / len(TIMESTEPS)).float().cpu())
    return {name: torch.cat(parts) for name, parts in losses.items()}


def caption_prompts(scenes: list[Scene]) -> dict[str, list[str]]:
    """The prompts that De-Diffusion text is measured against."""
    return {
        "no text": [""] * len(scenes),
        "terse caption": [terse_caption(scene) for scene in scenes],
        "complete caption": [complete_caption(scene) for scene in scenes],
    }
