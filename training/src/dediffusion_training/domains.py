"""What an encoder is trained on: scenes of emoji, or photographs. Both look the same to its training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import CLIPTokenizer

from .configuration import EncoderConfig
from .data.batches import HELD_OUT_SEED, open_batches
from .data.caption import vocabulary
from .data.photographs import Batch, Photographs
from .judge import caption_prompts, naming_scores
from .processes import processes
from .scene_pool import View, gather_scene_pool, one_pool_at_a_time
from .vocabulary import read_word_list, whole_words

HELD_OUT_SCENES = 256
#: Photographs that the frozen networks look at together; the autoencoder needs gigabytes for a few.
LOOKED_AT_ONCE = 8


@dataclass(frozen=True)
class Seen:
    """Pictures as the frozen networks see them."""

    #: Scaled latents, [pictures, channels, height, width], float32
    latents: torch.Tensor
    #: [pictures, rows * columns, width]; bfloat16 where they are kept
    features: torch.Tensor


class Domain(Protocol):
    #: What texts can be made of; each is one token of the decoder's.
    words: list[str]
    #: Held-out pictures.
    judged: Seen
    #: How many of them the networks are given together.
    judged_together: int

    def draw(self, number: int, step: int) -> Seen:
        """The training pictures of a pass, on the device; `step` is the one that the pass belongs to."""

    def fixed_prompts(self) -> dict[str, list[str]]:
        """Prompts for the held-out pictures whose worth does not depend on the encoder, so that it is measured once."""

    def control_prompts(self, texts: list[str]) -> dict[str, list[str]]:
        """Prompts made of the encoder's own texts of the held-out pictures."""

    def score(self, texts: list[list[str]]) -> dict[str, float]:
        """What can be counted in the words of those texts."""

    def numbers(self) -> dict[str, float]:
        """What is worth logging of the training pictures."""


class SceneDomain:
    """Scenes of emoji: so few kinds of them that the frozen networks look at a pool of pictures once."""

    judged_together = 64

    def __init__(self, config: EncoderConfig, emoji: Path) -> None:
        self.config = config
        self.batches = open_batches(emoji, config.scenes, seed=config.loop.seed)
        self.lessons = [
            (lesson.end(config.loop.steps), open_batches(emoji, lesson.of(config.scenes), seed=config.loop.seed))
            for lesson in config.lessons
        ]
        self.held_out = open_batches(emoji, config.scenes, seed=HELD_OUT_SEED, split="held-out")
        self.words = vocabulary(self.batches.words, self.batches.styles)

    def look(self, device: torch.device, *, latents: View, features: View) -> None:
        """Says how pictures are to be seen, and looks at the held-out ones; to be called once, before any is drawn."""
        views = {"latents": latents, "features": features}
        workers = self.config.loop.workers
        self.judged = gather_scene_pool(self.held_out, HELD_OUT_SCENES, device, **views)
        self.pool_of = one_pool_at_a_time(self.config.pool_pictures, device, workers=workers, **views)

    def draw(self, number: int, step: int) -> Seen:
        pool = self.pool_of(next((batches for end, batches in self.lessons if step < end), self.batches))
        chosen = torch.randint(len(pool), (self.config.loop.batch_size,))
        return Seen(pool.latents[chosen], pool.features[chosen].float())

    def fixed_prompts(self) -> dict[str, list[str]]:
        return caption_prompts(self.judged.scenes)

    def control_prompts(self, texts: list[str]) -> dict[str, list[str]]:
        return {}

    def score(self, texts: list[list[str]]) -> dict[str, float]:
        return naming_scores(texts, self.judged.scenes, set(self.batches.words))

    def numbers(self) -> dict[str, float]:
        return {}


class PhotographDomain:
    """Photographs, which the frozen networks look at as they come, and all of the decoder's readable words."""

    def __init__(self, config: EncoderConfig, pictures: str, tokenizer: CLIPTokenizer) -> None:
        self.photographs = Photographs(pictures, config.photographs, config.loop.batch_size, config.loop.seed)
        self.words = whole_words(tokenizer)
        if config.photographs.word_list:
            listed = read_word_list(config.photographs.word_list)
            self.words = [word for word in self.words if word in listed]
        if not self.words:
            raise ValueError("No token of the decoder's is a whole word that the encoder may say")
        self.judged_together = config.loop.batch_size
        self.stream: Iterator[Batch] | None = None
        #: Training pictures that could not be read, in this process since it started.
        self.unreadable = 0

    def look(self, device: torch.device, *, latents: View, features: View) -> None:
        """Says how pictures are to be seen, and looks at the held-out ones; to be called once, before any is drawn."""
        self.device, self.latents, self.features = device, latents, features
        seen = self._see(self.photographs.held_out())
        self.judged = Seen(seen.latents.cpu(), seen.features.bfloat16().cpu())

    def draw(self, number: int, step: int) -> Seen:
        if self.stream is None:
            # A loop's passes follow each other, and those of other processes lie between.
            self.stream = self.photographs.batches(number, processes().num_processes)
        batch = next(self.stream)
        self.unreadable += batch.unreadable
        return self._see(batch.pictures)

    def fixed_prompts(self) -> dict[str, list[str]]:
        return {"no text": [""] * len(self.judged.latents)}

    def control_prompts(self, texts: list[str]) -> dict[str, list[str]]:
        return {"another picture's text": [*texts[1:], texts[0]]}

    def score(self, texts: list[list[str]]) -> dict[str, float]:
        spoken = {word for words in texts for word in words}
        different = {" ".join(words) for words in texts}
        return {"different_texts": len(different) / len(texts), "different_words": len(spoken)}

    def numbers(self) -> dict[str, float]:
        return {"unreadable": self.unreadable}

    @torch.no_grad()
    def _see(self, pictures: torch.Tensor) -> Seen:
        parts = [part.to(self.device) for part in pictures.split(LOOKED_AT_ONCE)]
        features = [self.features(part).flatten(2).transpose(1, 2) for part in parts]
        return Seen(torch.cat([self.latents(part) for part in parts]), torch.cat(features).float())


def open_domain(config: EncoderConfig, pictures: str, tokenizer: CLIPTokenizer) -> SceneDomain | PhotographDomain:
    """The pictures that a configuration asks for; `pictures` says where the drawings or photographs are."""
    if config.scenes:
        return SceneDomain(config, Path(pictures))
    return PhotographDomain(config, pictures, tokenizer)
