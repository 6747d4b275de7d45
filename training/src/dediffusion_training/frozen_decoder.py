"""A text-to-image decoder as an encoder's training sees it: frozen, and open to texts that are not yet words."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.modeling_layers import GradientCheckpointingLayer

from .precision import own_arithmetic


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
    def load(
        cls, folder: Path, *, dtype: torch.dtype = torch.float32, checkpoint_activations: bool = False
    ) -> FrozenDecoder:
        """Loads a folder that diffusers saved, in whatever type and however many files.

        Args:
            dtype: Of the weights in memory. With bfloat16 the networks compute in it, and losses are float32 still.
            checkpoint_activations: Keeps few activations of a forward pass and computes the others again, which
                takes a third more time and much less memory.

        Raises:
            ValueError: The folder holds another kind of model.
        """
        _refuse_others(folder)
        loading = {"torch_dtype": dtype}
        decoder = cls(
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            # Unlike diffusers, transformers keeps the type that weights are stored in.
            CLIPTextModel.from_pretrained(
                folder / "text_encoder", dtype=dtype, variant=stored_variant(folder / "text_encoder")
            ),
            UNet2DConditionModel.from_pretrained(
                folder / "unet", variant=stored_variant(folder / "unet"), **loading
            ).to(memory_format=torch.channels_last),
            AutoencoderKL.from_pretrained(folder / "vae", variant=stored_variant(folder / "vae"), **loading),
            DDPMScheduler.from_pretrained(folder / "scheduler"),
        )
        if decoder.unet.config.in_channels != decoder.autoencoder.config.latent_channels:
            raise ValueError(f"The U-Net of {folder} takes more than latents: a model for inpainting or the like")
        if checkpoint_activations:
            decoder.checkpoint_activations()
        return decoder

    def checkpoint_activations(self) -> None:
        """Recomputes the activations of the text encoder's layers and of the U-Net's blocks in the backward pass."""
        self.unet.enable_gradient_checkpointing()
        for layer in self.text_encoder.modules():
            if isinstance(layer, GradientCheckpointingLayer):
                layer.gradient_checkpointing = True
                layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
                # transformers checkpoints in training alone. Of this module nothing else depends on the mode; its
                # parts, where a dropout would, stay as they are.
                layer.training = True

    @property
    def dtype(self) -> torch.dtype:
        return self.unet.dtype

    @property
    def token_embeddings(self) -> torch.Tensor:
        """[vocabulary, width]."""
        return self.text_encoder.embeddings.token_embedding.weight

    @property
    def longest_text(self) -> int:
        """Most tokens between start and end."""
        return self.text_length - 2

    @property
    def text_length(self) -> int:
        """Tokens of every text, with start, end and padding."""
        return min(self.tokenizer.model_max_length, self.text_encoder.config.max_position_embeddings)

    @torch.no_grad()
    def latents(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scaled latents of pictures in [-1, 1]."""
        with own_arithmetic(self.autoencoder):
            mean = self.autoencoder.encode(pictures.to(self.dtype)).latent_dist.mean
        return mean.float() * self.autoencoder.config.scaling_factor

    def condition_on_embeddings(self, tokens: torch.Tensor) -> torch.Tensor:
        """The U-Net's condition for token embeddings [batch, n, width]; adds start, end and padding."""
        tokens = tokens.to(self.dtype)
        batch, length, _ = tokens.shape
        weight = self.token_embeddings
        start = weight[self.tokenizer.bos_token_id].expand(batch, 1, -1)
        end = weight[self.tokenizer.eos_token_id].expand(batch, 1, -1)
        padding = weight[self.tokenizer.pad_token_id]
        padding = padding.expand(batch, self.text_length - length - 2, -1)
        with own_arithmetic(self.text_encoder):
            return embed_mixed_tokens(self.text_encoder, torch.cat([start, tokens, end, padding], dim=1))

    @torch.no_grad()
    def condition_on_texts(self, texts: list[str]) -> torch.Tensor:
        padded = {"padding": "max_length", "truncation": True, "max_length": self.text_length}
        ids = self.tokenizer(texts, return_tensors="pt", **padded).input_ids
        with own_arithmetic(self.text_encoder):
            return self.text_encoder(ids.to(self.alphas_cumprod.device)).last_hidden_state

    def diffusion_loss(
        self, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        """Mean squared error of the U-Net's own prediction target, per picture: [batch]."""
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        with own_arithmetic(self.unet):
            predicted = self.unet(noisy.to(self.dtype), timesteps, condition.to(self.dtype)).sample
        target = prediction_target(self.scheduler, latents, noise, timesteps)
        return F.mse_loss(predicted.float(), target, reduction="none").mean(dim=(1, 2, 3))


def stored_variant(folder: Path) -> str | None:
    """`fp16` for a folder that holds weights in half precision and no others."""
    weights = [file.name for file in folder.glob("*") if file.suffix in (".safetensors", ".bin")]
    return "fp16" if weights and all(".fp16." in name or ".fp16-" in name for name in weights) else None


def _refuse_others(folder: Path) -> None:
    parts = ("tokenizer", "text_encoder", "unet", "vae", "scheduler")
    missing = [part for part in parts if not (folder / part).is_dir()]
    if missing:
        raise ValueError(
            f"{folder} is no folder of a StableDiffusionPipeline in diffusers' layout: it has no {', '.join(missing)}"
        )
    if (folder / "text_encoder_2").is_dir():
        raise ValueError(f"{folder} has two text encoders, as SDXL has; an encoder speaks to one")


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
