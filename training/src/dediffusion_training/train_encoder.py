"""The De-Diffusion encoder, trained by reconstruction alone through a frozen decoder (Wei et al., arXiv 2311.00618).

No caption is a target. The loss is the decoder's own diffusion loss of the picture, given the encoder's text.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from .configuration import EncoderConfig
from .data.batches import HELD_OUT_SEED, open_batches
from .data.caption import vocabulary
from .frozen_decoder import FrozenDecoder
from .judge import caption_prompts, naming_scores, prompt_losses
from .loop import TrainingLoop, describe_run, pick_device, read_recipe, write_recipe
from .models.encoder import DeDiffusionEncoder
from .scene_pool import ScenePool, gather_scene_pool
from .tokenizer import WORD_END
from .train_reader import load_reader

HELD_OUT_PICTURES = 256


def word_ids(decoder: FrozenDecoder, words: list[str]) -> torch.Tensor:
    """Token ids of whole words in the decoder's vocabulary.

    Raises:
        ValueError: A word is not one token there.
    """
    vocabulary_ids = decoder.tokenizer.get_vocab()
    split = [word for word in words if word + WORD_END not in vocabulary_ids]
    if split:
        raise ValueError(f"The decoder's tokenizer does not keep these words whole: {', '.join(split)}")
    return torch.tensor([vocabulary_ids[word + WORD_END] for word in words])


def build_encoder(config: EncoderConfig, decoder: FrozenDecoder, reader_folder: Path, words: list[str]):
    """An untrained encoder with a frozen, pretrained backbone."""
    backbone = load_reader(reader_folder).backbone.requires_grad_(False).eval()
    probe = torch.zeros(1, 3, config.scenes.image_size, config.scenes.image_size)
    with torch.no_grad():
        map_size = backbone(probe).shape[-1]
    return DeDiffusionEncoder(
        backbone,
        decoder.token_embeddings[word_ids(decoder, words)].detach().clone().float(),
        tokens=config.tokens,
        map_size=map_size,
        width=config.pooler_width,
        layers=config.pooler_layers,
        heads=config.pooler_heads,
        logit_scale=config.logit_scale,
    )


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

    def hard(self, done: float) -> bool:
        return done >= self.config.hard_from

    def fading(self, done: float) -> float:
        """From 1 at the start to 0 halfway."""
        return max(0.0, 1 - 2 * done)


def choose_words(logits: torch.Tensor, temperature: float, hard: bool) -> torch.Tensor:
    """Distributions over words [batch, tokens, words]; one word each where `hard`, with the soft gradient."""
    soft = torch.softmax(logits / temperature, dim=-1)
    if not hard:
        return soft
    noise = -torch.empty_like(soft).exponential_().log()
    chosen = torch.nn.functional.one_hot((logits / temperature + noise).argmax(dim=-1), soft.shape[-1])
    return chosen.to(soft.dtype) - soft.detach() + soft


def diversity(chosen: torch.Tensor) -> torch.Tensor:
    """Entropy of each slot's words over the batch, in nats, mean over slots."""
    marginal = chosen.mean(dim=0)
    return -(marginal * (marginal + 1e-8).log()).sum(dim=-1).mean()


def repetition(chosen: torch.Tensor) -> torch.Tensor:
    """Probability that two slots of a picture say the same word, mean over pairs; 0 for a single slot."""
    slots = chosen.shape[1]
    if slots == 1:
        return chosen.new_zeros(())
    same = chosen @ chosen.transpose(1, 2)
    return (same.sum(dim=(1, 2)) - same.diagonal(dim1=1, dim2=2).sum(dim=1)).mean() / (slots * (slots - 1))


def train_encoder(
    config: EncoderConfig, decoder_folder: Path, reader_folder: Path, emoji: Path, run_folder: Path
) -> Path:
    """Trains and saves the encoder; returns its folder."""
    device = pick_device()
    torch.manual_seed(config.loop.seed)
    decoder = FrozenDecoder.load(decoder_folder).to(device)
    if config.tokens > decoder.longest_text:
        raise ValueError(f"tokens is {config.tokens}, but the decoder reads {decoder.longest_text} at most")
    batches = open_batches(emoji, config.scenes, seed=config.loop.seed)
    held_out = open_batches(emoji, config.scenes, seed=HELD_OUT_SEED, split="held-out")
    words = vocabulary(batches.words, batches.styles)
    encoder = build_encoder(config, decoder, reader_folder, words).to(device)
    embeddings = decoder.token_embeddings[word_ids(decoder, words).to(device)]
    views = {"latents": decoder.latents, "features": encoder.backbone}
    pool = gather_scene_pool(batches, config.pool_pictures, device, **views)
    judged = gather_scene_pool(held_out, HELD_OUT_PICTURES, device, **views)
    # What the other prompts are worth never changes, so it is measured once.
    references = _mean_losses(decoder, judged, caption_prompts(judged.scenes))
    schedule = Schedule(config)
    loop = TrainingLoop(encoder, config.loop, run_folder)
    log = run_folder / "judged.jsonl"

    def compute_loss(step: int):
        if step % config.judge_every == 0:
            with log.open("a", encoding="utf-8") as file:
                scores = judge_texts(encoder, decoder, judged, words, set(batches.words), references)
                file.write(json.dumps({"step": step, **scores}) + "\n")
        done = step / config.loop.steps
        chosen_pictures = torch.randint(len(pool), (config.loop.batch_size,))
        features = pool.features[chosen_pictures].to(device).float()
        latents = pool.latents[chosen_pictures].to(device)
        length = int(torch.randint(1, schedule.longest_prefix(done) + 1, ()))
        logits, _ = encoder.pool(features)
        chosen = choose_words(logits[:, :length].float(), schedule.temperature(done), schedule.hard(done))
        condition = decoder.condition_on_embeddings(chosen @ embeddings)
        timesteps = torch.randint(config.lowest_timestep, 1000, (len(latents),), device=device)
        losses = decoder.diffusion_loss(latents, torch.randn_like(latents), timesteps, condition)
        soft = torch.softmax(logits[:, :length].float(), dim=-1)
        variety, repeats = diversity(soft), repetition(soft)
        variety_reward = schedule.fading(done) * config.diversity_weight * variety
        loss = losses.mean() - variety_reward + config.repeat_weight * repeats
        sureness = soft.amax(dim=-1).mean().item()
        numbers = {"diffusion": losses.mean().item(), "length": length, "sureness": sureness}
        return loss, {**numbers, "diversity": variety.item(), "repeats": repeats.item()}

    run_folder.mkdir(parents=True, exist_ok=True)
    loop.run(compute_loss)
    trained = loop.averaged_model.eval()
    scores = judge_texts(trained, decoder, judged, words, set(batches.words), references)
    folder = save_encoder(trained, config, words, run_folder / "encoder")
    origin = {"decoder": decoder_folder.name, "reader": read_recipe(reader_folder), "held_out": scores}
    write_recipe(folder, describe_run(loop, config, **origin))
    return folder


@torch.no_grad()
def judge_texts(
    encoder: DeDiffusionEncoder,
    decoder: FrozenDecoder,
    pool: ScenePool,
    words: list[str],
    things: set[str],
    references: dict[str, float],
) -> dict[str, object]:
    """Hard texts of held-out pictures: what they name, their diffusion loss beside other prompts' (`references`)."""
    device = decoder.alphas_cumprod.device
    was_training = encoder.training
    encoder.eval()
    picks = torch.cat([encoder.pool(part.to(device).float())[0].argmax(dim=-1) for part in pool.features.split(64)])
    encoder.train(was_training)
    texts = [[words[index] for index in row] for row in picks.tolist()]
    lines = [" ".join(text) for text in texts]
    return {
        **naming_scores(texts, pool.scenes, things),
        "loss": {**references, **_mean_losses(decoder, pool, {"de-diffusion": lines})},
        "examples": lines[:4],
    }


def _mean_losses(decoder: FrozenDecoder, pool: ScenePool, prompts: dict[str, list[str]]) -> dict[str, float]:
    losses = prompt_losses(decoder, pool.latents, prompts)
    return {name: round(values.mean().item(), 5) for name, values in losses.items()}


def save_encoder(encoder: DeDiffusionEncoder, config: EncoderConfig, words: list[str], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(encoder.state_dict(), folder / "encoder.pt")
    backbone = {"widths": encoder.backbone.widths, "depths": encoder.backbone.depths}
    description = {"config": config.model_dump(mode="json"), "backbone": backbone, "words": words}
    (folder / "encoder.json").write_text(json.dumps(description, indent=2), encoding="utf-8")
    return folder
