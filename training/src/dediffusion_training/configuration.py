"""The YAML files of configs/: one per model, checked before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .data.scene import PLACES


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SceneConfig(Strict):
    """Which scenes are drawn. Part of every model's file, so that models of one domain share it by `include`."""

    concepts: Path = Field(description="YAML file of caption words and emoji, beside the configuration file.")
    styles: dict[str, float] = Field(description="Share of each drawing style.")
    image_size: int = Field(gt=0, multiple_of=8)
    object_counts: dict[int, float]
    background_kinds: dict[str, float]
    sizes: list[Literal["large", "small"]] = Field(default=["large", "small"], min_length=1)
    places: dict[int, list[str]] = Field(
        default={count: list(places) for count, places in PLACES.items()},
        description="Where the first thing may stand, by how many there are; a second one stands opposite.",
    )

    @model_validator(mode="after")
    def _every_count_has_a_place(self) -> SceneConfig:
        for count in self.object_counts:
            if not self.places.get(count):
                raise ValueError(f"places leaves no room for scenes of {count} things")
        for count, places in self.places.items():
            for place in places:
                if place not in PLACES.get(count, ()):
                    raise ValueError(f"places of {count} things cannot be {place}")
        return self


class SceneFile(BaseModel):
    """The scenes of any file of configs/, whatever model the rest of it describes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    scenes: SceneConfig


class PhotographConfig(Strict):
    """How photographs, of a folder or of WebDataset shards, are cut for the decoder."""

    image_size: int = Field(gt=0, multiple_of=8, description="Pixels on each side, as the decoder draws them.")
    crop: Literal["random", "centre"] = Field(
        default="random", description="A random square, mirrored half of the time; or the middle, never mirrored."
    )
    smallest_crop: float = Field(
        default=0.7, gt=0, le=1, description="Smallest side of a random square, as a share of the shorter side."
    )
    held_out_one_in: int = Field(default=100, gt=1, description="One photograph in so many is kept out of training.")
    judged_pictures: int = Field(default=256, gt=1, description="Held-out photographs that texts are judged on.")
    word_list: Path | None = Field(
        default=None, description="File of the words that texts may use, one a line, beside the configuration file."
    )
    workers: int = Field(default=4, ge=0, description="Processes that read photographs, for each training process.")
    shuffle_buffer: int = Field(default=1000, gt=0, description="Photographs of shards that are mixed, per worker.")


class LoopConfig(Strict):
    """How long and how fast to learn."""

    steps: int = Field(gt=0)
    batch_size: int = Field(gt=0, description="Pictures in one pass of one process.")
    accumulate: int = Field(default=1, gt=0, description="Passes whose gradients are averaged into one step.")
    learning_rate: float = Field(gt=0)
    warmup_steps: int = Field(ge=0)
    weight_decay: float = 0.01
    clip_gradient_norm: float = 1.0
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    checkpoint_every: int = Field(default=200, gt=0)
    workers: int = Field(
        default=0,
        ge=0,
        description="Processes that draw scenes and write captions ahead, so that a graphics card need not wait. "
        "What is learned does not depend on how many there are.",
    )
    seed: int = 0
    precision: str = Field(
        default="bfloat16",
        pattern="^(float32|bfloat16)$",
        description="bfloat16 mixes it in where the hardware has instructions for it, and means float32 elsewhere.",
    )


class AutoencoderConfig(Strict):
    scenes: SceneConfig
    loop: LoopConfig
    latent_channels: int = Field(gt=0)
    channels: list[int] = Field(description="Width of each level; the picture shrinks by 2 between levels.")
    kl_weight: float = Field(ge=0)
    latent_noise: float = Field(
        default=0.0,
        ge=0,
        description="Noise that decoding must bear, as a share of each channel's deviation: a denoiser's small errors "
        "stay small in the picture, and no channel carries more than another.",
    )
    crop: int = Field(gt=0, description="Pixels on each side of the squares it is trained on.")
    perceptual_weight: float = Field(
        default=0.0,
        ge=0,
        description="Weight of how differently a reader (`--reader`) sees a picture and what its latents give: "
        "what a thing is known by counts more than its pixels.",
    )
    decoding_only: bool = Field(
        default=False,
        description="Teach only the half that draws. The latents of the autoencoder that it begins with (`--start`) "
        "stay as they are, and decoders that were trained on them still fit.",
    )


class SceneLesson(Strict):
    """Scenes that are easier than the rest, for the first steps."""

    until: float = Field(gt=0, lt=1, description="Share of all steps after which the next lesson begins.")
    scenes: dict[str, Any] = Field(description="What differs from the scenes of the rest.")

    def end(self, steps: int) -> int:
        """The first step after it in a run of so many."""
        return round(self.until * steps)

    def of(self, scenes: SceneConfig) -> SceneConfig:
        """The lesson's scenes, where `scenes` are those of the rest."""
        return SceneConfig.model_validate({**scenes.model_dump(), **self.scenes})


class Lesson(SceneLesson):
    """The same with what is said of them."""

    captions: dict[str, float]


def _require_lessons(lessons: Sequence[SceneLesson], scenes: SceneConfig) -> None:
    ends = [lesson.until for lesson in lessons]
    if ends != sorted(set(ends)):
        raise ValueError("each lesson must end after the one before it")
    for lesson in lessons:
        lesson.of(scenes)


class DecoderConfig(Strict):
    scenes: SceneConfig
    loop: LoopConfig
    pool_pictures: int = Field(gt=0, description="Training pictures whose latents are kept in memory.")
    captions: dict[str, float] = Field(description="Share of each kind of caption; see data/caption.py.")
    lessons: list[Lesson] = Field(
        default=[],
        description="Without them, text is a plateau: a thing's word says little while its place is not understood, "
        "and its place little while the thing is not.",
    )
    max_text_tokens: int = Field(gt=2)
    further_words: list[str] = Field(
        default=[], description="Whole words of its tokenizer that no caption holds; they move the ids of the others."
    )
    text_width: int
    text_layers: int
    text_heads: int
    unet_channels: list[int]
    unet_layers: int
    cross_attention: list[bool] = Field(description="Whether each level of the U-Net attends to the text.")
    attention_heads: int
    prediction: str = Field(pattern="^(epsilon|v_prediction|sample)$")
    beta_schedule: str
    beta_start: float
    beta_end: float
    timestep_exponent: float = Field(
        default=0.0,
        ge=0,
        description="A timestep is drawn in proportion to its number to this power: 0 draws all alike, 1 those of much "
        "noise more often, at which the text decides.",
    )
    mixed_embedding_share: float = Field(ge=0, le=1, description="Share of texts whose embeddings are mixed.")
    compile: bool = Field(
        default=False, description="Compiles the U-Net first, which takes minutes and a compiler, for faster steps."
    )

    @model_validator(mode="after")
    def _lessons_are_scenes_in_order(self) -> DecoderConfig:
        _require_lessons(self.lessons, self.scenes)
        return self


class ReaderConfig(Strict):
    scenes: SceneConfig
    loop: LoopConfig
    softened_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of pictures that are blurred, so that blur says nothing."
    )
    widths: list[int]
    depths: list[int]


class EncoderConfig(Strict):
    name: str = Field(description="For people; written into the exported folder.")
    scenes: SceneConfig | None = Field(default=None, description="Trains on scenes of emoji.")
    photographs: PhotographConfig | None = Field(default=None, description="Trains on photographs.")
    loop: LoopConfig
    pool_pictures: int | None = Field(
        default=None, gt=0, description="Training scenes whose features and latents are kept in memory."
    )
    lessons: list[SceneLesson] = Field(
        default=[],
        description="Without them, a thing among hundreds is found late: its word says little while nobody knows "
        "where in the text it belongs.",
    )
    backbone_layer: int = Field(
        default=-1,
        lt=0,
        description="Whose features a vision model gives: -1 its last layer's, -2 those before.",
    )
    frozen_weights: Literal["float32", "bfloat16"] = Field(
        default="float32", description="What the weights of decoder and vision model are held in; as loop.precision."
    )
    checkpoint_activations: bool = Field(
        default=False, description="Recomputes the decoder's activations in the backward pass instead of keeping them."
    )
    tokens: int = Field(gt=0)
    pooler_width: int
    pooler_layers: int
    pooler_heads: int
    logit_scale: float = Field(gt=0, description="Cosine similarities are multiplied by this.")
    lowest_timestep: int = Field(ge=0, lt=1000, description="Noise levels are drawn from here up to 999.")
    temperature: float = Field(gt=0)
    final_temperature: float = Field(gt=0)
    gumbel_noise: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of Gumbel's noise that is added to the logits, as in the paper: a word must be far likelier "
        "than the others to get through, and mixtures of words say little.",
    )
    noise_growth: float = Field(
        default=0.0, ge=0, le=1, description="Share of the steps in which that noise grows from nothing."
    )
    prefix_growth: float = Field(ge=0, le=1, description="Share of the steps in which the longest prefix grows.")
    whole_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of passes over the longest prefix; the others' length is drawn."
    )
    hard_from: float = Field(ge=0, le=1, description="Share of the steps after which each token is one word.")
    diversity_weight: float = Field(ge=0, description="Rewards a slot for using many words over a batch; fades out.")
    repeat_weight: float = Field(ge=0, description="Punishes one word in two slots of a picture.")
    entropy_weight: float = Field(
        default=0.0,
        ge=0,
        description="Punishes slots that are undecided; fades in over the run. Mixtures of words say more than words, "
        "but only to the decoder that is trained through.",
    )
    compile: bool = Field(
        default=False,
        description="Compiles the decoder's U-Net first, which takes minutes and a compiler, for faster steps.",
    )
    judge_every: int = Field(default=400, gt=0, description="Steps between checks of hard texts on held-out pictures.")

    @model_validator(mode="after")
    def _one_kind_of_pictures(self) -> EncoderConfig:
        if (self.scenes is None) == (self.photographs is None):
            raise ValueError("either scenes or photographs must say what is trained on")
        if (self.scenes is None) != (self.pool_pictures is None):
            raise ValueError("pool_pictures goes with scenes")
        if self.scenes is None and self.lessons:
            raise ValueError("lessons go with scenes")
        if self.scenes is not None:
            _require_lessons(self.lessons, self.scenes)
        return self

    @property
    def image_size(self) -> int:
        """Pixels on each side, as the decoder draws them."""
        return (self.scenes or self.photographs).image_size


Config = TypeVar("Config", bound=BaseModel)


def read_config(kind: type[Config], file: Path, overrides: dict[str, object] | None = None) -> Config:
    """Reads and checks a YAML file. `include: other.yaml` takes that file's keys first; `overrides` maps dotted
    names such as `loop.steps` to values.

    Raises:
        ValueError: A key is unknown, lacks, or has a value that it cannot have.
    """
    values = _read_with_includes(file)
    for name, value in (overrides or {}).items():
        *groups, last = name.split(".")
        group = values
        for key in groups:
            if not isinstance(group.get(key), dict):
                raise ValueError(f"{name} cannot be set: {file} has no group {key}")
            group = group[key]
        group[last] = value
    config = kind.model_validate(values)
    if config.scenes is None:
        return _find_word_list(config, file.parent)
    concepts = file.parent / config.scenes.concepts
    return config.model_copy(update={"scenes": config.scenes.model_copy(update={"concepts": concepts})})


def _find_word_list(config: EncoderConfig, folder: Path) -> EncoderConfig:
    words = config.photographs.word_list
    found = {"word_list": folder / words} if words else {}
    return config.model_copy(update={"photographs": config.photographs.model_copy(update=found)})


def _read_with_includes(file: Path) -> dict:
    """A file's keys over those of the file that it includes; of `scenes`, each key by itself."""
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    included = values.pop("include", None)
    if not included:
        return values
    base = _read_with_includes(file.parent / included)
    scenes = {**(base.get("scenes") or {}), **(values.get("scenes") or {})}
    return {**base, **values, **({"scenes": scenes} if scenes else {})}
