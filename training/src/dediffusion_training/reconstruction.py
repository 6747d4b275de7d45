"""What an encoder learns from: how well the frozen decoder knows a picture once it is told the encoder's words.

No caption is a target. The loss is the decoder's own diffusion loss of the picture, given the encoder's text.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .configuration import EncoderConfig
from .domains import Seen
from .frozen_decoder import FrozenDecoder
from .models.encoder import AttentionalPooler


class Schedule:
    """What changes in the course of a run, as functions of the share of it that is done."""

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config

    def longest_prefix(self, done: float) -> int:
        growth = min(1.0, done / self.config.prefix_growth) if self.config.prefix_growth > 0 else 1.0
        return 1 + int((self.config.tokens - 1) * growth)

    def temperature(self, done: float) -> float:
        first, last = self.config.temperature, self.config.final_temperature
        return first * (last / first) ** done

    def noise(self, done: float) -> float:
        """Share of Gumbel's noise; all of it where words are drawn."""
        if self.hard(done):
            return 1.0
        growth = min(1.0, done / self.config.noise_growth) if self.config.noise_growth > 0 else 1.0
        return self.config.gumbel_noise * growth

    def hard(self, done: float) -> bool:
        return done >= self.config.hard_from

    def fading(self, done: float) -> float:
        """From 1 at the start to 0 halfway."""
        return max(0.0, 1 - 2 * done)


@dataclass(frozen=True)
class Reconstruction:
    """The loss of one pass.

    Attributes:
        embeddings: The decoder's embeddings of the words that the pooler chooses from, [words, width].
    """

    config: EncoderConfig
    pooler: AttentionalPooler
    decoder: FrozenDecoder
    embeddings: torch.Tensor

    def loss(self, seen: Seen, done: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss, and its parts without gradients.

        Args:
            done: Share of the run that is done.
        """
        config, schedule = self.config, Schedule(self.config)
        length = draw_length(schedule.longest_prefix(done), config.whole_share)
        logits = self.pooler(seen.features)[0][:, :length].float()
        chosen = choose_words(logits, schedule.temperature(done), schedule.hard(done), schedule.noise(done))
        condition = self.decoder.condition_on_embeddings(chosen @ self.embeddings)
        latents = seen.latents
        timesteps = torch.randint(config.lowest_timestep, 1000, (len(latents),), device=latents.device)
        losses = self.decoder.diffusion_loss(latents, torch.randn_like(latents), timesteps, condition)
        soft = torch.softmax(logits, dim=-1)
        variety, repeats = diversity(soft), repetition(soft)
        variety_reward = schedule.fading(done) * config.diversity_weight * variety
        loss = losses.mean() - variety_reward + config.repeat_weight * repeats
        if config.entropy_weight > 0:
            loss = loss + done * config.entropy_weight * indecision(soft)
        parts = {
            "diffusion": losses.mean(),
            "length": torch.tensor(length),
            "sureness": soft.amax(dim=-1).mean(),
            "diversity": variety,
            "repeats": repeats,
        }
        return loss, {name: part.detach() for name, part in parts.items()}


def draw_length(longest: int, whole_share: float) -> int:
    """How many words a pass is told, so that texts can be cut anywhere. Without whole texts the last words would learn
    from one pass in `longest`."""
    if whole_share > 0 and float(torch.rand((), device="cpu")) < whole_share:
        return longest
    return int(torch.randint(1, longest + 1, (), device="cpu"))


def choose_words(logits: torch.Tensor, temperature: float, hard: bool, noise: float) -> torch.Tensor:
    """Distributions over words [batch, tokens, words] by Gumbel-softmax (Jang et al., arXiv 1611.01144), with `noise`
    times its noise; one word each where `hard`, with the soft gradient."""
    if noise > 0:
        logits = logits - noise * torch.empty_like(logits).exponential_().log()
    soft = torch.softmax(logits / temperature, dim=-1)
    if not hard:
        return soft
    chosen = torch.nn.functional.one_hot(soft.argmax(dim=-1), soft.shape[-1])
    return chosen.to(soft.dtype) - soft.detach() + soft


def diversity(chosen: torch.Tensor) -> torch.Tensor:
    """Entropy of each slot's words over the batch, in nats, mean over slots."""
    marginal = chosen.mean(dim=0)
    return -(marginal * (marginal + 1e-8).log()).sum(dim=-1).mean()


def indecision(chosen: torch.Tensor) -> torch.Tensor:
    """Entropy of each slot's distribution over words, in nats, mean over slots and pictures."""
    return -(chosen * (chosen + 1e-8).log()).sum(dim=-1).mean()


def repetition(chosen: torch.Tensor) -> torch.Tensor:
    """Probability that two slots of a picture say the same word, mean over pairs; 0 for a single slot."""
    slots = chosen.shape[1]
    if slots == 1:
        return chosen.new_zeros(())
    same = chosen @ chosen.transpose(1, 2)
    return (same.sum(dim=(1, 2)) - same.diagonal(dim1=1, dim2=2).sum(dim=1)).mean() / (slots * (slots - 1))
