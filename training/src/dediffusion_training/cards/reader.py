"""The model card of the reader that measures pictures of scenes."""

from __future__ import annotations

import torch

from .runs import describe_loop, millions
from .scenes import describe_attribution, describe_domain


def reader_card(reader: torch.nn.Module, recipe: dict) -> str:
    """The card of scenes-reader. Takes no evaluation: the reader is what others are measured with."""
    config, held_out = recipe["config"], recipe["held_out"]
    scenes = config["scenes"]
    parameters = sum(parameter.numel() for parameter in reader.parameters())
    return f"""# scenes-reader

A classifier of emoji scenes, {scenes["image_size"]} x {scenes["image_size"]} pixels: a residual network
({millions(parameters)}) that says which words the complete caption of a picture holds. It measures what
other models draw. The mean of its last feature map, {reader.backbone.width} numbers, is the space in which FID and KID compare sets of pictures;
a word counts as shown in a picture where its probability is above one half.

## What it reads

{describe_domain(scenes)} It knows {len(reader.words)} words: things, background colours, places, sizes and styles.

## Recipe

| | |
| --- | --- |
| steps x batch | {describe_loop(config["loop"])} |
| loss | binary cross-entropy of each word |
| hours | {recipe["hours"]:.2f} |
| hardware | {recipe["hardware"]} |

## Measured

On held-out scenes (compositions kept out of training), of as many likeliest words as a caption has:

| | recall |
| --- | --- |
| all words | {held_out["held_out_word_recall"]:.1%} |
| things | {held_out["held_out_thing_recall"]:.1%} |

## Limits

{_seen(config)} What it says of broken pictures is a guess, and a thing that is drawn in its colours alone
may pass for the thing. Its distances are those of this domain: they cannot be compared with FIDs of Inception features.
The encoder's backbone is trained in the same way, so both may be blind to the same differences.

{describe_attribution(scenes)}"""


def _seen(config: dict) -> str:
    softened = config["softened_share"]
    return (
        f"Of the drawings that it saw, {softened:.0%} were blurred." if softened else "It has seen clean drawings only."
    )
