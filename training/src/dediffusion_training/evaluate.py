"""What De-Diffusion text is worth, on held-out scenes: words named, diffusion loss, and PSNR of reconstructions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from tqdm import tqdm

from .configuration import EncoderConfig
from .data.batches import HELD_OUT_SEED, open_batches
from .export.encoder import load_encoder
from .frozen_decoder import FrozenDecoder
from .judge import JUDGE_SEED, caption_prompts, naming_scores, prompt_losses
from .loop import pick_device

CHUNK = 50
BOOTSTRAP_SAMPLES = 1000
#: Rows of the contact sheet: originals first, then one row for each prompt.
SHEET_COLUMNS = 12


@dataclass(frozen=True)
class Reconstruction:
    """How pictures are drawn from prompts."""

    steps: int
    guidance_scale: float


def evaluate(
    encoder_folder: Path, decoder_folder: Path, emoji: Path, count: int, drawing: Reconstruction, output: Path
) -> dict[str, object]:
    """Measures and writes `evaluation.json`, `contact-sheet.png` and the texts behind them to `output`."""
    device = pick_device()
    encoder, description = load_encoder(encoder_folder)
    encoder.to(device)
    config = EncoderConfig.model_validate(description["config"])
    held_out = open_batches(emoji, config.scenes, seed=HELD_OUT_SEED + 1, split="held-out")
    scenes = held_out.scenes(0, count)
    pictures = held_out.pictures(scenes)
    decoder = FrozenDecoder.load(decoder_folder).to(device)

    texts = _texts(encoder, pictures, description["words"], device)
    prompts = {**caption_prompts(scenes), "De-Diffusion text": [" ".join(text) for text in texts]}
    with torch.no_grad():
        latents = torch.cat([decoder.latents(part.to(device)).cpu() for part in pictures.split(CHUNK)])
    losses = prompt_losses(decoder, latents, prompts)
    drawn = {name: _draw(decoder_folder, lines, drawing, latents.shape[1:]) for name, lines in prompts.items()}
    psnr = {name: _psnr(pictures, images) for name, images in drawn.items()}

    result = {
        "scenes": count,
        "drawing": asdict(drawing),
        "naming": naming_scores(texts, scenes, set(held_out.words)),
        "diffusion_loss": {name: _mean_with_interval(values.numpy()) for name, values in losses.items()},
        "psnr": {name: _mean_with_interval(values) for name, values in psnr.items()},
        "examples": [
            {"caption": prompts["complete caption"][index], "text": prompts["De-Diffusion text"][index]}
            for index in range(min(count, SHEET_COLUMNS))
        ],
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _contact_sheet(pictures, drawn).save(output / "contact-sheet.png")
    print(json.dumps(result, indent=2))
    return result


@torch.no_grad()
def _texts(encoder, pictures: torch.Tensor, words: list[str], device: torch.device) -> list[list[str]]:
    picks = torch.cat(
        [encoder(encoder.backbone.prepare(part.to(device)))[0].argmax(dim=-1).cpu() for part in pictures.split(CHUNK)]
    )
    return [[words[index] for index in row] for row in picks.tolist()]


def _draw(folder: Path, prompts: list[str], drawing: Reconstruction, latents_shape: torch.Size) -> np.ndarray:
    """One picture per prompt, the same noise for every prompt source: [pictures, size, size, 3], uint8."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None).to(pick_device())
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn(len(prompts), *latents_shape, generator=torch.Generator().manual_seed(JUDGE_SEED))
    images = []
    for start in tqdm(range(0, len(prompts), CHUNK), desc="drawing", mininterval=5):
        part = slice(start, start + CHUNK)
        images += pipeline(
            prompts[part],
            num_inference_steps=drawing.steps,
            guidance_scale=drawing.guidance_scale,
            latents=noise[part].to(pipeline.device),
        ).images
    return np.stack([np.asarray(image) for image in images])


def _psnr(pictures: torch.Tensor, drawn: np.ndarray) -> np.ndarray:
    """dB of each picture, 8-bit."""
    original = (pictures.permute(0, 2, 3, 1).numpy() + 1) * 127.5
    error = ((original - drawn.astype(np.float64)) ** 2).mean(axis=(1, 2, 3))
    return 10 * np.log10(255**2 / error)


def _mean_with_interval(values: np.ndarray) -> dict[str, float]:
    """Mean and its 95% bootstrap interval."""
    rng = np.random.default_rng(JUDGE_SEED)
    means = rng.choice(values, size=(BOOTSTRAP_SAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": round(float(values.mean()), 5), "low": round(float(low), 5), "high": round(float(high), 5)}


def _contact_sheet(pictures: torch.Tensor, drawn: dict[str, np.ndarray]) -> Image.Image:
    originals = ((pictures[:SHEET_COLUMNS].permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8)
    rows = [originals, *(images[:SHEET_COLUMNS] for images in drawn.values())]
    return Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0))
