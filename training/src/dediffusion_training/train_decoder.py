"""The text-to-image decoder: a small latent diffusion model in Stable Diffusion's layout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from .ahead import Ahead
from .configuration import DecoderConfig, SceneConfig
from .data.batches import SceneBatches, open_batches
from .data.caption import Captioner, function_words, vocabulary
from .frozen_decoder import embed_mixed_tokens, prediction_target
from .head_start import take_head_start
from .loop import TrainingLoop, describe_run, pick_device, read_recipes, write_recipe
from .scene_pool import one_pool_at_a_time
from .tokenizer import build_tokenizer


class TextToLatents(nn.Module):
    """The two networks that are trained together."""

    def __init__(self, text_encoder: CLIPTextModel, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.text_encoder, self.unet = text_encoder, unet


def build_text_encoder(config: DecoderConfig, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.text_width,
            intermediate_size=4 * config.text_width,
            projection_dim=config.text_width,
            num_hidden_layers=config.text_layers,
            num_attention_heads=config.text_heads,
            max_position_embeddings=config.max_text_tokens,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_unet(config: DecoderConfig, autoencoder: AutoencoderKL) -> UNet2DConditionModel:
    shrinking = 2 ** (len(autoencoder.config.block_out_channels) - 1)
    return UNet2DConditionModel(
        sample_size=config.scenes.image_size // shrinking,
        in_channels=autoencoder.config.latent_channels,
        out_channels=autoencoder.config.latent_channels,
        block_out_channels=tuple(config.unet_channels),
        layers_per_block=config.unet_layers,
        cross_attention_dim=config.text_width,
        attention_head_dim=config.attention_heads,
        norm_num_groups=16,
        down_block_types=tuple("CrossAttnDownBlock2D" if c else "DownBlock2D" for c in config.cross_attention),
        up_block_types=tuple("CrossAttnUpBlock2D" if c else "UpBlock2D" for c in reversed(config.cross_attention)),
    )


def mix_embeddings(
    embeddings: torch.Tensor, table: torch.Tensor, mixable: torch.Tensor, share: float, candidates: torch.Tensor
) -> torch.Tensor:
    """Blends some texts' tokens with other words, as an undecided encoder would.

    A token becomes `(1 - a) * itself + a * (a random mixture of words)`, with one `a` in [0, 1] for each text.
    `mixable` [batch, length] marks the tokens that are words; `candidates` holds the ids that are mixed in.
    """
    batch, length, _ = embeddings.shape
    chosen = torch.rand(batch, 1, device=embeddings.device) < share
    amount = torch.rand(batch, 1, device=embeddings.device) * chosen * mixable
    sharpness = 6 * torch.rand(batch, 1, 1, device=embeddings.device)
    logits = torch.randn(batch, length, len(candidates), device=embeddings.device)
    others = torch.softmax(sharpness * logits, dim=-1) @ table[candidates]
    return embeddings + amount[..., None] * (others - embeddings)


def draw_timesteps(count: int, levels: int, exponent: float, device: torch.device) -> torch.Tensor:
    """Timesteps from 0 to `levels - 1`: [count]. The larger the exponent, the more of them are near the end."""
    shares = torch.rand(count, device=device) ** (1 / (1 + exponent))
    return (shares * levels).long().clamp(max=levels - 1)


@dataclass(frozen=True, eq=False)
class Course:
    """What the decoder learns from until a step: pictures, and what is said of them."""

    until: int
    batches: SceneBatches
    captioner: Captioner
    mixed_embedding_share: float


def open_courses(config: DecoderConfig, emoji: Path) -> list[Course]:
    """The lessons, and then everything."""

    def course(until: int, scenes: SceneConfig, captions: dict[str, float], mixed_embedding_share: float) -> Course:
        batches = open_batches(emoji, scenes, seed=config.loop.seed)
        captioner = Captioner(batches.words, batches.styles, captions, config.max_text_tokens - 2)
        return Course(until, batches, captioner, mixed_embedding_share)

    steps = config.loop.steps
    lessons = [course(one.end(steps), one.of(config.scenes), one.captions, 0.0) for one in config.lessons]
    return [*lessons, course(steps, config.scenes, config.captions, config.mixed_embedding_share)]


def train_decoder(
    config: DecoderConfig, autoencoder_folder: Path, emoji: Path, run_folder: Path, start: Path | None = None
) -> Path:
    """Trains and saves a StableDiffusionPipeline; returns its folder.

    Args:
        start: A pipeline that `decoder` trained on the same autoencoder, whose weights this one begins with.
    """
    device = pick_device()
    torch.manual_seed(config.loop.seed)
    batches = open_batches(emoji, config.scenes, seed=config.loop.seed)
    content = vocabulary(batches.words, batches.styles)
    words = [*content, *function_words(), *config.further_words]
    tokenizer = build_tokenizer(words, config.max_text_tokens, run_folder / "tokenizer")
    autoencoder = AutoencoderKL.from_pretrained(autoencoder_folder).to(device).eval().requires_grad_(False)
    model = TextToLatents(build_text_encoder(config, tokenizer), build_unet(config, autoencoder))
    if start:
        take_head_start(model.text_encoder, model.unet, tokenizer, start)
    model.to(device)
    # Convolutions run a quarter faster in this order of memory, on a CPU too.
    model.unet.to(memory_format=torch.channels_last)
    # It computes with the model's own weights, so that those are what is averaged and saved.
    unet = torch.compile(model.unet) if config.compile else model.unet
    noise_schedule = {
        "beta_schedule": config.beta_schedule,
        "beta_start": config.beta_start,
        "beta_end": config.beta_end,
        "prediction_type": config.prediction,
    }
    scheduler = DDPMScheduler(**noise_schedule)
    candidates = torch.tensor(tokenizer.convert_tokens_to_ids([word + "</w>" for word in content]), device=device)
    special = torch.tensor([tokenizer.bos_token_id, tokenizer.eos_token_id], device=device)

    def scaled_latents(pictures: torch.Tensor) -> torch.Tensor:
        return autoencoder.encode(pictures).latent_dist.mean * autoencoder.config.scaling_factor

    loop = TrainingLoop(model, config.loop, run_folder)
    courses = open_courses(config, emoji)

    pool_of = one_pool_at_a_time(config.pool_pictures, device, workers=config.loop.workers, latents=scaled_latents)

    @lru_cache(maxsize=1)
    def captions_of(course: Course) -> Ahead[tuple[torch.Tensor, torch.Tensor]]:
        scenes = pool_of(course.batches).scenes

        def write_captions(number: int) -> tuple[torch.Tensor, torch.Tensor]:
            """Which pictures of the pool a pass learns from, and the tokens of what is said of them."""
            rng = np.random.default_rng([config.loop.seed, number])
            picked = rng.integers(len(scenes), size=config.loop.batch_size)
            captions = [course.captioner.caption(scenes[index], rng) for index in picked]
            ids = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids
            return torch.from_numpy(picked), ids

        return loop.ahead(write_captions)

    def compute_loss(step: int):
        course = next(course for course in courses if step < course.until)
        picked, ids = (part.to(device) for part in captions_of(course)(loop.draw))
        latents = pool_of(course.batches).latents[picked]
        noise = torch.randn_like(latents)
        timesteps = draw_timesteps(len(latents), scheduler.config.num_train_timesteps, config.timestep_exponent, device)
        table = model.text_encoder.embeddings.token_embedding.weight
        mixable = ~torch.isin(ids, special)
        embeddings = mix_embeddings(table[ids], table, mixable, course.mixed_embedding_share, candidates)
        condition = embed_mixed_tokens(model.text_encoder, embeddings)
        predicted = unet(scheduler.add_noise(latents, noise, timesteps), timesteps, condition).sample
        loss = F.mse_loss(predicted.float(), prediction_target(scheduler, latents, noise, timesteps))
        return loss, {}

    loop.run(compute_loss)
    # Files of weights hold tensors in their usual order alone.
    trained = loop.averaged_model.eval().to(memory_format=torch.contiguous_format)
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=trained.text_encoder,
        tokenizer=tokenizer,
        unet=trained.unet,
        scheduler=DDIMScheduler(**noise_schedule, timestep_spacing="trailing", steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = run_folder / "pipeline"
    pipeline.save_pretrained(folder)
    write_recipe(folder, describe_run(loop, config, **read_recipes(autoencoder=autoencoder_folder, start=start)))
    return folder
