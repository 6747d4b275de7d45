"""The model card of an encoder of photographs, written from what was configured and judged, never by hand."""

from __future__ import annotations

from ..configuration import EncoderConfig
from ..models.encoder import DeDiffusionEncoder


def photograph_card(encoder: DeDiffusionEncoder, description: dict, recipe: dict) -> str:
    config = EncoderConfig.model_validate(description["config"])
    loop, judged = config.loop, recipe["held_out"]
    pooler = sum(parameter.numel() for parameter in encoder.pooler.parameters())
    eyes = sum(parameter.numel() for parameter in encoder.backbone.parameters())
    losses = "\n".join(f"| {name} | {loss:.4f} |" for name, loss in judged["loss"].items())
    examples = "\n".join(f"- {text}" for text in judged["examples"])
    return f"""# {config.name}

A De-Diffusion encoder (Wei et al., [arXiv 2311.00618](https://arxiv.org/abs/2311.00618)) for photographs: a picture of
{encoder.image_size} x {encoder.image_size} pixels in, {config.tokens} words out. A frozen {_backbone(recipe)}
({eyes / 1e6:.1f} M parameters) and an attentional pooler ({pooler / 1e6:.1f} M parameters), which is all that was trained.

## What was used to train it

- **Reconstruction alone**: the diffusion loss of the frozen decoder `{recipe["decoder"]}` at {config.image_size} x {config.image_size} pixels,
  given the encoder's text. No caption was a target.
- Tokens are restricted to the {len(description["words"]):,} words of Latin letters that are one token of the decoder's. Prefixes are nested:
  training cut the text at random lengths, so the first words matter most.
- {loop.steps:,} steps of {loop.batch_size} x {loop.accumulate} photographs in each process, {recipe["hours"]:.2f} hours on {recipe["hardware"]},
  {recipe["software"]}.{_start(recipe)}

## Measured

On held-out photographs, each text as whole words, at four noise levels, the same noises for every prompt:

| prompt | diffusion loss |
| --- | --- |
{losses}

{judged["different_texts"]:.1%} of the texts differ from each other; together they use {judged["different_words"]:,} different words. The first of them:

{examples}

{_verdict(judged["loss"])}

## Limits

The text says what helps the decoder to draw the picture again; it is no caption, and it names what the decoder has names for. Biases of
the decoder, the vision model and the photographs are in it. Their licences are not those of this repository.
"""


def _backbone(recipe: dict) -> str:
    if "backbone" not in recipe:
        return "residual network"
    return f"vision model `{recipe['backbone']['name']}` ({recipe['backbone']['model']})"


def _start(recipe: dict) -> str:
    if "start" not in recipe:
        return ""
    start = recipe["start"]
    steps = start["config"]["loop"]["steps"]
    return f" It began with the weights of an encoder that had learned for {steps:,} steps, {start['hours']:.2f} hours on {start['hardware']}."


def _verdict(losses: dict[str, float]) -> str:
    own = losses["de-diffusion"]
    said = [
        f"{name} ({'lower' if own < loss else 'not lower'})" for name, loss in losses.items() if name != "de-diffusion"
    ]
    return f"The loss of De-Diffusion text against that of {' and '.join(said)}."
