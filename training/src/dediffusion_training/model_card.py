"""Model cards, written from what was configured and measured, never by hand."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from .configuration import EncoderConfig
from .export.encoder import load_encoder
from .loop import read_recipe

#: Where the recipe has the drawings of each style from.
DRAWINGS = {
    "flat": "[Noto Emoji](https://github.com/googlefonts/noto-emoji) (Google, Apache-2.0, the flat style)",
    "glossy": "[Fluent Emoji](https://github.com/microsoft/fluentui-emoji) (Microsoft, MIT, the glossy style)",
}
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


def decoder_card(name: str, folder: Path, evaluation: dict) -> str:
    """The card of a decoder of `ROLES`, with what `evaluate` measured on it."""
    recipe = read_recipe(folder)
    config, autoencoder = recipe["config"], recipe["autoencoder"]
    scenes = config["scenes"]
    counts = {part: _parameters(folder / part) for part in ("text_encoder", "unet", "vae")}
    return f"""# {name}

A text-to-image model for emoji scenes, {scenes["image_size"]} x {scenes["image_size"]} pixels, in Stable Diffusion's layout: a CLIP
text model ({_millions(counts["text_encoder"])}), a U-Net ({_millions(counts["unet"])}) and an autoencoder
({_millions(counts["vae"])}), all of diffusers' and transformers' stock classes. {ROLES[name]}

## What it draws

{_domain(scenes)} Words it knows: the concepts of `training/configs/{Path(scenes["concepts"]).name}`, twelve background
colours, five places, two sizes and the styles. Captions in training: {_shares(config["captions"], CAPTIONS)}.{_blends(config)}{describe_lessons(config)}

## Recipe

| | autoencoder | text encoder and U-Net |
| --- | --- | --- |
| steps x batch | {_loop(autoencoder["config"]["loop"])} | {_loop(config["loop"])} |
| loss | absolute error of pixels and edges, KL{describe_perception(autoencoder)} | mean squared error, {config["prediction"]}, {config["beta_schedule"]} betas{describe_timesteps(config)} |
| hours | {autoencoder["hours"]:.2f} | {recipe["hours"]:.2f} |
| hardware | {autoencoder["hardware"]} | {recipe["hardware"]} |{describe_autoencoder_start(autoencoder)}{describe_start(recipe)}{describe_history(recipe)}

## Measured

On {evaluation["scenes"]} held-out scenes (compositions kept out of training), {_drawing(evaluation)}:

{_table(evaluation)}

{_limits(evaluation)}

{_attribution(scenes)}"""


def encoder_card(encoder: torch.nn.Module, description: dict, recipe: dict, evaluation: dict) -> str:
    config = EncoderConfig.model_validate(description["config"])
    reader = recipe["reader"]["held_out"]
    backbone = sum(parameter.numel() for parameter in encoder.backbone.parameters())
    pooler = sum(parameter.numel() for parameter in encoder.parameters()) - backbone
    naming = evaluation["naming"]
    examples = "\n".join(f"| {pair['caption']} | {pair['text']} |" for pair in evaluation["examples"])
    return f"""# dediffusion-scenes

A De-Diffusion encoder (Wei et al., [arXiv 2311.00618](https://arxiv.org/abs/2311.00618)) for emoji scenes: a picture in, {config.tokens}
words out, in one forward pass. A frozen residual network ({_millions(backbone)}) and an attentional pooler
({_millions(pooler)}) with one query per token.

## What was used to train it

- **Reconstruction alone.** The pooler's only loss on pictures is the diffusion loss of the frozen decoder `scenes-a`, given the
  encoder's text. Captions were never targets for the tokens.{describe_helpers(config)}
- **The backbone was pretrained on image-text pairs** and then frozen: the words of a scene's complete caption, as a set,
  predicted from the picture (held-out recall {reader["held_out_word_recall"]:.1%} of words,
  {reader["held_out_thing_recall"]:.1%} of things). The paper's backbone is pretrained on image-text pairs too.
- Tokens are restricted to the {len(description["words"])} content words of the domain; logits are scaled cosine similarities to the decoder's own token
  embeddings. Prefixes are nested: {describe_cuts(config)}, so the first words matter most.
- {_loop(config.loop.model_dump())} pictures, {recipe["hours"]:.2f} hours on {recipe["hardware"]}.{describe_kept_step(recipe)}{describe_lessons(config.model_dump())}{describe_earlier_texts(recipe)}

{_domain(config.scenes.model_dump())}

## Measured

On {evaluation["scenes"]} held-out scenes (compositions kept out of all training, own seed), {_drawing(evaluation)}:

{_table(evaluation)}

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

{_limits(evaluation)}

{_attribution(config.scenes.model_dump())}"""


def reader_card(reader: torch.nn.Module, recipe: dict) -> str:
    """The card of scenes-reader. Takes no evaluation: the reader is what others are measured with."""
    config, held_out = recipe["config"], recipe["held_out"]
    scenes = config["scenes"]
    parameters = sum(parameter.numel() for parameter in reader.parameters())
    return f"""# scenes-reader

A classifier of emoji scenes, {scenes["image_size"]} x {scenes["image_size"]} pixels: a residual network
({_millions(parameters)}) that says which words the complete caption of a picture holds. It measures what
other models draw. The mean of its last feature map, {reader.backbone.width} numbers, is the space in which FID and KID compare sets of pictures;
a word counts as shown in a picture where its probability is above one half.

## What it reads

{_domain(scenes)} It knows {len(reader.words)} words: things, background colours, places, sizes and styles.

## Recipe

| | |
| --- | --- |
| steps x batch | {_loop(config["loop"])} |
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

{_attribution(scenes)}"""


def _seen(config: dict) -> str:
    softened = config["softened_share"]
    return (
        f"Of the drawings that it saw, {softened:.0%} were blurred." if softened else "It has seen clean drawings only."
    )


def _table(evaluation: dict) -> str:
    rows = [
        f"| {name} | {_interval(evaluation['diffusion_loss'][name], 4)} | {_interval(evaluation['psnr'][name], 2)} |"
        for name in evaluation["diffusion_loss"]
    ]
    header = "| prompt | diffusion loss | PSNR of the reconstruction, dB |\n| --- | --- | --- |"
    return "\n".join([header, *rows]) + "\n\nMeans with 95% bootstrap intervals; the same noises for every prompt."


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"


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


def _drawing(evaluation: dict) -> str:
    drawing = evaluation["drawing"]
    return f"drawn in {drawing['steps']} DDIM steps at guidance scale {drawing['guidance_scale']:g}"


def _limits(evaluation: dict) -> str:
    return f"""## Limits

The domain is small and artificial: pictures outside it are described in its words all the same, which says little about them.
Of the things drawn, {evaluation["naming"]["thing_recall"]:.0%} are named in the text; what the text leaves out, no decoder can draw."""


def _domain(scenes: dict) -> str:
    backgrounds, styles = _shares(scenes["background_kinds"]), _shares(scenes["styles"])
    return f"Scenes: {_counts(scenes)}; {_places(scenes)}; styles: {styles}; backgrounds: {backgrounds}."


def _counts(scenes: dict) -> str:
    """`40% with 1 thing, 60% with 2 things`."""
    names = {count: f"with {count} thing{'s' if int(count) > 1 else ''}" for count in sorted(scenes["object_counts"])}
    return _shares(scenes["object_counts"], names)


def _places(scenes: dict) -> str:
    """`one thing in the middle; the first of 2 left or right, another opposite`."""
    others = {1: "", 2: ", another opposite", 3: ", the others in a row with it"}
    parts = []
    for count, places in sorted(scenes["places"].items()):
        if count in scenes["object_counts"]:
            names = " or ".join("in the middle" if place == "middle" else place for place in places)
            first = "one thing" if int(count) == 1 else f"the first of {count}"
            parts.append(f"{first} {names}{others[int(count)]}")
    return "; ".join(parts)


def describe_timesteps(config: dict) -> str:
    """Which noise levels a decoder saw more of, if it did not see all alike."""
    exponent = config.get("timestep_exponent", 0)
    return f", timesteps in proportion to their number to the power of {exponent:g}" if exponent > 0 else ""


def _blends(config: dict) -> str:
    share = config["mixed_embedding_share"]
    if share == 0:
        return ""
    return f" Word embeddings were blended\nin {share:.0%} of them, as an encoder that is still undecided blends them."


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


def _shares(shares: dict, names: dict | None = None) -> str:
    """`80% flat, 20% glossy`: what `pick` makes of shares, which need not sum to 1."""
    total = sum(shares.values())
    return ", ".join(f"{share / total:.0%} {(names or {}).get(key, key)}" for key, share in shares.items() if share > 0)


def describe_helpers(config: EncoderConfig) -> str:
    """The terms beside reconstruction that were in use."""
    weights = {
        "fades out over the first half, rewards a slot for varying its words over a batch": config.diversity_weight,
        "stays throughout, punishes repeats within a picture": config.repeat_weight,
        "fades in, punishes slots that are undecided between words": config.entropy_weight,
    }
    used = [f"A small term without labels, which {does}." for does, weight in weights.items() if weight > 0]
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
- {beginner} began with the weights of an encoder that had learned from scenes {_counts(config["scenes"])}, for
  {_effort(start)}.{describe_kept_step(start)}{describe_lessons(config)}{describe_earlier_texts(start, "That one")}"""


def describe_start(recipe: dict, beginner: str = "It") -> str:
    """Whose weights a decoder began with, what those had cost, and what they had begun with: `start` of recipe.json."""
    if "start" not in recipe:
        return ""
    start = recipe["start"]
    return f"""

{beginner} began with the weights of a decoder of {_concepts(start)}, and with what words that both know meant to
that one, which had learned for {_effort(start)}.{_widened(recipe, start)}{describe_history(start)}{describe_start(start, "That one")}"""


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

The autoencoder began with the weights of one of {_concepts(start)}, which had learned for
{_effort(start)}.{kept}"""


def describe_perception(recipe: dict) -> str:
    """Whose eyes an autoencoder's pictures were compared with: `reader` of its recipe.json."""
    if "reader" not in recipe:
        return ""
    weight = recipe["config"]["perceptual_weight"]
    return f", {weight:g} x the distance of what a reader of {_concepts(recipe['reader'])} sees"


def _concepts(recipe: dict) -> str:
    return f"`training/configs/{Path(recipe['config']['scenes']['concepts']).name}`"


def _effort(recipe: dict) -> str:
    return f"{_loop(recipe['config']['loop'])} pictures, {recipe['hours']:.2f} hours on {recipe['hardware']}"


def describe_history(recipe: dict) -> str:
    """What a run was that its configuration does not say, such as one that went on with another: `history` of recipe.json."""
    return f"\n\n{recipe['history']}" if "history" in recipe else ""


def _attribution(scenes: dict) -> str:
    drawings = " and ".join(DRAWINGS[style] for style, share in scenes["styles"].items() if share > 0)
    return f"""## Data and licences

Trained on pictures composed of {drawings}; names after
[unicode-emoji-json](https://github.com/muan/unicode-emoji-json) (MIT). The drawings themselves are not distributed here.
The weights are licensed under Apache-2.0.
"""


def _loop(loop: dict) -> str:
    return f"{loop['steps']:,} x {loop['batch_size']}"


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M parameters"


def _parameters(folder: Path) -> int:
    from safetensors import safe_open

    (file,) = folder.glob("*.safetensors")
    with safe_open(file, framework="pt") as tensors:
        return sum(torch.Size(tensors.get_slice(name).get_shape()).numel() for name in tensors.keys())  # noqa: SIM118
