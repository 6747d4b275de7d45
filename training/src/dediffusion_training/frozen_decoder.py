"""A text-to-image decoder as an encoder's training sees it: frozen, and open to texts that are not yet words."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer


def embed_mixed_tokens(text_encoder: CLIPTextModel, embeddings: torch.Tensor) -> torch.Tensor:
    """Runs CLIP's text model on token embeddings instead of ids, so that a token may be a mixture of words.

    `embeddings`: [batch, length, width], without positions. Returns the last hidden state, same shape.
    """

    def replace(_module: nn.Module, _inputs: tuple, _output: torch.Tensor) -> torch.Tensor:
        return embeddings

    hook = text_encoder.embeddings.token_embedding.register_forward_hook(replace)
    try:
        ids = torch.zeros(embeddings.shape[:2], dtype=torch.long, device=embeddings.device)
        return text_encoder(input_ids=ids).last_hidden_state
    finally:
        hook.remove()


class FrozenDecoder(nn.Module):
    """Any folder of diffusers' StableDiffusionPipeline, with gradients that pass through it and never into it."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModel,
        unet: UNet2DConditionModel,
        autoencoder: AutoencoderKL,
        scheduler: DDPMScheduler,
    ) -> None:
        super().__init__()
        self.tokenizer, self.scheduler = tokenizer, scheduler
        self.text_encoder, self.unet, self.autoencoder = text_encoder, unet, autoencoder
        self.eval().requires_grad_(False)
        self.register_buffer("alphas_cumprod", scheduler.alphas_cumprod.clone(), persistent=False)

    @classmethod
    def load(cls, folder: Path) -> FrozenDecoder:
        return cls(
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            # Unlike diffusers, transformers keeps the type that weights are stored in.
            CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32),
            UNet2DConditionModel.from_pretrained(folder / "unet").to(memory_format=torch.channels_last),
            AutoencoderKL.from_pretrained(folder / "vae"),
            DDPMScheduler.from_pretrained(folder / "scheduler"),
        )

    @property
    def token_embeddings(self) -> torch.Tensor:
        """[vocabulary, width]."""
        return self.text_encoder.embeddings.token_embedding.weight

    @property
    def longest_text(self) -> int:
        """Most tokens between start and end."""
        return self.tokenizer.model_max_length - 2

    @torch.no_grad()
    def latents(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scaled latents of pictures in [-1, 1]."""
        return self.autoencoder.encode(pictures).latent_dist.mean * self.autoencoder.config.scaling_factor

    def condition_on_embeddings(self, tokens: torch.Tensor) -> torch.Tensor:
        """The U-Net's condition for token embeddings [batch, n, width]; adds start, end and padding."""
        batch, length, _ = tokens.shape
        weight = self.token_embeddings
        start = weight[self.tokenizer.bos_token_id].expand(batch, 1, -1)
        end = weight[self.tokenizer.eos_token_id].expand(batch, 1, -1)
        padding = weight[self.tokenizer.pad_token_id]
        padding = padding.expand(batch, self.tokenizer.model_max_length - length - 2, -1)
        return embed_mixed_tokens(self.text_encoder, torch.cat([start, tokens, end, padding], dim=1))

    @torch.no_grad()
    def condition_on_texts(self, texts: list[str]) -> torch.Tensor:
        ids = self.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
        return self.text_encoder(ids.to(self.alphas_cumprod.device)).last_hidden_state

    def diffusion_loss(
        self, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        """Mean squared error of the U-Net's own prediction target, per picture: [batch]."""
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        predicted = self.unet(noisy, timesteps, condition).sample
        target = prediction_target(self.scheduler, latents, noise, timesteps)
        return F.mse_loss(predicted.float(), target, reduction="none").mean(dim=(1, 2, 3))


def prediction_target(
    scheduler: DDPMScheduler, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """What the scheduler's `prediction_type` asks the U-Net for."""
    kind = scheduler.config.prediction_type
    if kind == "epsilon":
        return noise
    if kind == "v_prediction":
        return scheduler.get_velocity(latents, noise, timesteps)
    if kind == "sample":
        return latents
    raise ValueError(f"Unknown prediction type {kind}")
