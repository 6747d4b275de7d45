"""The model card of a decoder of scenes."""

from __future__ import annotations

from pathlib import Path

from ..loop import read_recipe
from .measured import describe_drawing, describe_limits, loss_and_psnr_table
from .runs import (
    describe_effort,
    describe_history,
    describe_lessons,
    describe_loop,
    millions,
    name_concepts,
    parameters_in,
)
from .scenes import describe_attribution, describe_domain, describe_shares

#: What each kind of caption is, for readers of a card.
CAPTIONS = {
    "empty": "empty",
    "terse": "terse (the things alone)",
    "complete": "complete",
    "list": "lists of their words",
    "phrases": "what is said of each thing, the background and the style, in any order (some words repeated)",
    "bag": "bags of words (shuffled, and some of them incomplete, repeated or partly wrong)",
}

#: What each bundled decoder is to the encoder.
ROLES = {
    "scenes-a": "It is the decoder that the bundled\nDe-Diffusion encoder was trained through.",
    "scenes-b": "It is the third party\nof the comparisons: the bundled De-Diffusion encoder was trained without it, its text encoder or its tokenizer.",
}


def decoder_card(name: str, folder: Path, evaluation: dict) -> str:
    """The card of a decoder of `ROLES`, with what `evaluate` measured on it."""
    recipe = read_recipe(folder)
    config, autoencoder = recipe["config"], recipe["autoencoder"]
    scenes = config["scenes"]
    counts = {part: parameters_in(folder / part) for part in ("text_encoder", "unet", "vae")}
    return f"""# {name}

A text-to-image model for emoji scenes, {scenes["image_size"]} x {scenes["image_size"]} pixels, in Stable Diffusion's layout: a CLIP
text model ({millions(counts["text_encoder"])}), a U-Net ({millions(counts["unet"])}) and an autoencoder
({millions(counts["vae"])}), all of diffusers' and transformers' stock classes. {ROLES[name]}

## What it draws

{describe_domain(scenes)} Words it knows: the concepts of {name_concepts(recipe)}, twelve background
colours, five places, two sizes and the styles. Captions in training: {describe_shares(config["captions"], CAPTIONS)}.{_blends(config)}{describe_lessons(config)}

## Recipe

| | autoencoder | text encoder and U-Net |
| --- | --- | --- |
| steps x batch | {describe_loop(autoencoder["config"]["loop"])} | {describe_loop(config["loop"])} |
| loss | absolute error of pixels and edges, KL{describe_perception(autoencoder)} | mean squared error, {config["prediction"]}, {config["beta_schedule"]} betas{describe_timesteps(config)} |
| hours | {autoencoder["hours"]:.2f} | {recipe["hours"]:.2f} |
| hardware | {autoencoder["hardware"]} | {recipe["hardware"]} |{describe_autoencoder_start(autoencoder)}{describe_start(recipe)}{describe_history(recipe)}

## Measured

On {evaluation["scenes"]} held-out scenes (compositions kept out of training), {describe_drawing(evaluation)}:

{loss_and_psnr_table(evaluation)}

{describe_limits(evaluation)}

{describe_attribution(scenes)}"""


def _blends(config: dict) -> str:
    share = config["mixed_embedding_share"]
    if share == 0:
        return ""
    return f" Word embeddings were blended\nin {share:.0%} of them, as an encoder that is still undecided blends them."


def describe_timesteps(config: dict) -> str:
    """Which noise levels a decoder saw more of, if it did not see all alike."""
    exponent = config.get("timestep_exponent", 0)
    return f", timesteps in proportion to their number to the power of {exponent:g}" if exponent > 0 else ""


def describe_start(recipe: dict, beginner: str = "It") -> str:
    """Whose weights a decoder began with, what those had cost, and what they had begun with: `start` of recipe.json."""
    if "start" not in recipe:
        return ""
    start = recipe["start"]
    return f"""

{beginner} began with the weights of a decoder of {name_concepts(start)}, and with what words that both know meant to
that one, which had learned for {describe_effort(start)}.{_widened(recipe, start)}{describe_history(start)}{describe_start(start, "That one")}"""


def _widened(recipe: dict, start: dict) -> str:
    own, narrow = (part["config"]["unet_channels"] for part in (recipe, start))
    return f" Its U-Net was made twice as wide, {own} channels for {narrow}." if own != narrow else ""


def describe_autoencoder_start(recipe: dict) -> str:
    """Whose weights an autoencoder began with, and whether it kept the latents: `start` of its recipe.json."""
    if "start" not in recipe:
        return ""
    start = recipe["start"]
    kept = (
        " Only the half\nthat draws went on learning, so its latents stayed as they were."
        if recipe["config"]["decoding_only"]
        else ""
    )
    return f"""

The autoencoder began with the weights of one of {name_concepts(start)}, which had learned for
{describe_effort(start)}.{kept}"""


def describe_perception(recipe: dict) -> str:
    """Whose eyes an autoencoder's pictures were compared with: `reader` of its recipe.json."""
    if "reader" not in recipe:
        return ""
    weight = recipe["config"]["perceptual_weight"]
    return f", {weight:g} x the distance of what a reader of {name_concepts(recipe['reader'])} sees"
