"""The model card of an encoder of scenes."""

from __future__ import annotations

import torch

from ..configuration import EncoderConfig
from .measured import describe_drawing, describe_limits, loss_and_psnr_table
from .runs import describe_effort, describe_lessons, describe_loop, millions
from .scenes import describe_attribution, describe_counts, describe_domain


def encoder_card(encoder: torch.nn.Module, description: dict, recipe: dict, evaluation: dict) -> str:
    config = EncoderConfig.model_validate(description["config"])
    reader = recipe["reader"]["held_out"]
    backbone = sum(parameter.numel() for parameter in encoder.backbone.parameters())
    pooler = sum(parameter.numel() for parameter in encoder.parameters()) - backbone
    naming = evaluation["naming"]
    examples = "\n".join(f"| {pair['caption']} | {pair['text']} |" for pair in evaluation["examples"])
    return f"""# dediffusion-scenes

A De-Diffusion encoder (Wei et al., [arXiv 2311.00618](https://arxiv.org/abs/2311.00618)) for emoji scenes: a picture in, {config.tokens}
words out, in one forward pass. A frozen residual network ({millions(backbone)}) and an attentional pooler
({millions(pooler)}) with one query per token.

## What was used to train it

- **Reconstruction alone.** The pooler's only loss on pictures is the diffusion loss of the frozen decoder `scenes-a`, given the
  encoder's text. Captions were never targets for the tokens.{describe_helpers(config)}
- **The backbone was pretrained on image-text pairs** and then frozen: the words of a scene's complete caption, as a set,
  predicted from the picture (held-out recall {reader["held_out_word_recall"]:.1%} of words,
  {reader["held_out_thing_recall"]:.1%} of things). The paper's backbone is pretrained on image-text pairs too.
- Tokens are restricted to the {len(description["words"])} content words of the domain; logits are scaled cosine similarities to the decoder's own token
  embeddings. Prefixes are nested: {describe_cuts(config)}, so the first words matter most.
- {describe_loop(config.loop.model_dump())} pictures, {recipe["hours"]:.2f} hours on {recipe["hardware"]}.{describe_kept_step(recipe)}{describe_lessons(config.model_dump())}{describe_earlier_texts(recipe)}

{describe_domain(config.scenes.model_dump())}

## Measured

On {evaluation["scenes"]} held-out scenes (compositions kept out of all training, own seed), {describe_drawing(evaluation)}:

{loss_and_psnr_table(evaluation)}

| | value | aim |
| --- | --- | --- |
| different texts | {naming["different_texts"]:.1%} | differ from picture to picture |
| background colour named | {naming["background"]:.1%} | 70% |
| drawn things that are named | {naming["thing_recall"]:.1%} | |
| named things that are drawn | {naming["thing_precision"]:.1%} | |

{_verdict(evaluation)}

| complete caption | De-Diffusion text |
| --- | --- |
{examples}

{describe_limits(evaluation)}

{describe_attribution(config.scenes.model_dump())}"""


def _verdict(evaluation: dict) -> str:
    """Says of the means whether they are better than those of other prompts."""
    own = "De-Diffusion text"
    loss, psnr = evaluation["diffusion_loss"], evaluation["psnr"]
    lines = []
    for other in ("no text", "terse caption"):
        lower = loss[own]["mean"] < loss[other]["mean"]
        higher = psnr[own]["mean"] > psnr[other]["mean"]
        lines.append(
            f"- Against {other}: diffusion loss {'lower' if lower else 'not lower'}, PSNR {'higher' if higher else 'not higher'}."
        )
    return "\n".join(lines)


def describe_helpers(config: EncoderConfig) -> str:
    """The terms beside reconstruction that were in use, and the noise."""
    weights = {
        "fades out over the first half, rewards a slot for varying its words over a batch": config.diversity_weight,
        "stays throughout, punishes repeats within a picture": config.repeat_weight,
        "fades in, punishes slots that are undecided between words": config.entropy_weight,
    }
    used = [f"A small term without labels, which {does}." for does, weight in weights.items() if weight > 0]
    if config.gumbel_noise > 0:
        growth = f", which grew in the first {config.noise_growth:.0%} of the steps" if config.noise_growth > 0 else ""
        used.append(
            f"{config.gumbel_noise:.0%} of Gumbel's noise on the logits{growth}, kept texts from being mixtures."
        )
    return "".join(f"\n  {term}" for term in used)


def describe_cuts(config: EncoderConfig) -> str:
    passes = f" in {1 - config.whole_share:.0%} of the passes" if config.whole_share > 0 else ""
    return f"training cut the text at random lengths{passes}"


def describe_kept_step(recipe: dict) -> str:
    """Which of an encoder's weights were the best, where it was not the last ones: `kept_step` of recipe.json."""
    kept, steps = recipe["kept_step"], recipe["config"]["loop"]["steps"]
    return f" The weights of step {kept:,} are kept, because their texts were the best." if kept < steps else ""


def describe_earlier_texts(recipe: dict, beginner: str = "It") -> str:
    """Whose weights an encoder began with, what those had cost, and what they had begun with: `start` of recipe.json."""
    if "start" not in recipe:
        return ""
    start = recipe["start"]
    config = start["config"]
    return f"""
- {beginner} began with the weights of an encoder that had learned from scenes {describe_counts(config["scenes"])}, for
  {describe_effort(start)}.{describe_kept_step(start)}{describe_lessons(config)}{describe_earlier_texts(start, "That one")}"""
