"""A pipeline in Stable Diffusion 1.5's shape with random weights, exported by optimum-onnx: something to measure.

python build.py TOKENIZER DESTINATION [--width SHARE]

The weights are random, so the pictures show nothing; the arithmetic is that of the real model. With a width of 0.5 all
channels of the U-Net and the autoencoder are halved: about a quarter of the weights and of the time. Fewer layers only
where --depth says so.

Needs the environment of requirements.txt beside it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from optimum.exporters.onnx import main_export
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

WORDS = 49408
LENGTH = 77
TEXT_WIDTH = 768


def build(tokenizer_folder: Path, width: float, depth: int, size: int) -> StableDiffusionPipeline:
    """The classes and shapes of stable-diffusion-v1-5's configurations, at `width` of their channels."""
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder, model_max_length=LENGTH)
    channels = [round(full * width / 32) * 32 for full in (320, 640, 1280, 1280)]
    autoencoder_channels = [max(32, round(full * width / 32) * 32) for full in (128, 256, 512, 512)]
    return StableDiffusionPipeline(
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=WORDS,
                hidden_size=TEXT_WIDTH,
                intermediate_size=4 * TEXT_WIDTH,
                num_hidden_layers=12,
                num_attention_heads=12,
                max_position_embeddings=LENGTH,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        ).eval(),
        unet=UNet2DConditionModel(
            sample_size=size // 8,
            block_out_channels=channels,
            layers_per_block=depth,
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=8,
        ).eval(),
        vae=AutoencoderKL(
            block_out_channels=autoencoder_channels,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=depth,
            latent_channels=4,
            sample_size=size,
        ).eval(),
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def main(tokenizer: Path, destination: Path, width: float, depth: int, size: int) -> None:
    with tempfile.TemporaryDirectory(dir=destination.parent) as scratch:
        source, exported = Path(scratch) / "source", Path(scratch) / "exported"
        pipeline = build(tokenizer, width, depth, size)
        weights = sum(parameter.numel() for parameter in pipeline.unet.parameters())
        print(f"U-Net of {weights / 1e6:.0f} million weights, for {size} x {size}", flush=True)
        pipeline.save_pretrained(source)
        del pipeline
        main_export(str(source), exported, task="text-to-image", do_validation=False)
        # Whole or not at all: the benchmark takes a folder that is there for a finished one.
        shutil.move(exported, destination)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("destination", type=Path)
    parser.add_argument("--width", type=float, default=1.0, help="share of the channels")
    parser.add_argument("--depth", type=int, default=2, help="layers of each block; Stable Diffusion 1.5 has 2")
    parser.add_argument("--size", type=int, default=512, help="pixels of each side")
    main(**vars(parser.parse_args()))
