"""Published models by their shapes alone, with random weights: what a training step costs does not depend on more.

The shapes are those of the models' own configuration files: Stable Diffusion 1.5 and 2.1, and CLIP's ViT-L/14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

from .frozen_decoder import FrozenDecoder
from .models.vision import VisionBackbone

CLIP_TOKENS, CLIP_START, CLIP_END = 49_408, 49_406, 49_407
TEXT_LENGTH = 77
#: Words of CLIP's vocabulary that `vocabulary.whole_words` keeps.
CLIP_WORDS = 32_883
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


@dataclass(frozen=True)
class Architecture:
    """A Stable Diffusion model, less what both generations share."""

    prediction: str
    pad_token_id: int
    text_encoder: dict[str, Any]
    unet: dict[str, Any]


ARCHITECTURES = {
    "sd15": Architecture(
        prediction="epsilon",
        pad_token_id=CLIP_END,
        text_encoder={
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "hidden_act": "quick_gelu",
        },
        unet={"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8},
    ),
    # Its text encoder is OpenCLIP's ViT-H without the last of its 24 layers.
    "sd21": Architecture(
        prediction="v_prediction",
        pad_token_id=0,
        text_encoder={
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 23,
            "num_attention_heads": 16,
            "hidden_act": "gelu",
        },
        unet={
            "sample_size": 96,
            "cross_attention_dim": 1024,
            "attention_head_dim": [5, 10, 20, 20],
            "use_linear_projection": True,
        },
    ),
}


@dataclass(frozen=True)
class Tokens:
    """All that a decoder asks of its tokenizer when it is given embeddings."""

    pad_token_id: int
    bos_token_id: int = CLIP_START
    eos_token_id: int = CLIP_END
    model_max_length: int = TEXT_LENGTH


def random_decoder(name: str, shrink_depth: int = 1) -> FrozenDecoder:
    """A Stable Diffusion model in its full width; `shrink_depth` leaves one layer of so many."""
    architecture = ARCHITECTURES[name]
    text = dict(architecture.text_encoder)
    text["num_hidden_layers"] = max(1, text["num_hidden_layers"] // shrink_depth)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(vocab_size=CLIP_TOKENS, max_position_embeddings=TEXT_LENGTH, eos_token_id=CLIP_END, **text)
    )
    unet = UNet2DConditionModel(
        block_out_channels=(320, 640, 1280, 1280),
        layers_per_block=max(1, 2 // shrink_depth),
        **architecture.unet,
    )
    autoencoder = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=max(1, 2 // shrink_depth),
        latent_channels=4,
        sample_size=512,
        scaling_factor=0.18215,
    )
    scheduler = DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type=architecture.prediction,
    )
    return FrozenDecoder(Tokens(architecture.pad_token_id), text_encoder, unet, autoencoder, scheduler)


def random_vision_backbone(layer: int, shrink_depth: int = 1) -> VisionBackbone:
    """CLIP's ViT-L/14 at 224 pixels."""
    network = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=1024,
            intermediate_size=4096,
            num_hidden_layers=max(2, 24 // shrink_depth),
            num_attention_heads=16,
            image_size=224,
            patch_size=14,
        )
    )
    backbone = VisionBackbone(network, image_size=224, mean=CLIP_MEAN, std=CLIP_STD, layer=layer)
    return backbone.requires_grad_(False).eval()


def random_words(decoder: FrozenDecoder) -> torch.Tensor:
    """Token embeddings of as many words as an encoder has to choose from, [words, width]."""
    return decoder.token_embeddings[:CLIP_WORDS].detach().clone().float()
