"""The autoencoder whose latents the decoder denoises (diffusers' AutoencoderKL)."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F

from .configuration import AutoencoderConfig
from .data.batches import SceneBatches, open_batches
from .head_start import take_weights
from .loop import TrainingLoop, describe_run, pick_device, read_recipes, write_recipe
from .models.resampler import start_as_resampler
from .models.standardise import standardise_latents
from .perceptual import PerceptualDistance
from .train_reader import load_reader

#: Pictures that the latents' means and deviations are measured on.
MEASURED_PICTURES = 512
#: Latents start out nearly free of noise; with the usual variance of 1 the first hundreds of steps only lower it.
INITIAL_LOG_VARIANCE = -6.0


def build_autoencoder(config: AutoencoderConfig) -> AutoencoderKL:
    levels = len(config.channels)
    autoencoder = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=tuple(config.channels),
        layers_per_block=1,
        latent_channels=config.latent_channels,
        norm_num_groups=1,
        sample_size=config.scenes.image_size,
        mid_block_add_attention=False,
    )
    start_as_resampler(autoencoder)
    with torch.no_grad():
        autoencoder.quant_conv.bias[config.latent_channels :] = INITIAL_LOG_VARIANCE
    return autoencoder


def autoencoder_loss(
    autoencoder: AutoencoderKL,
    pictures: torch.Tensor,
    config: AutoencoderConfig,
    distance: PerceptualDistance | None = None,
) -> tuple[torch.Tensor, dict[str, float]]:
    """Absolute error of pixels and of their differences, which keeps edges sharp, plus a little KL divergence, plus
    how differently the pictures are seen where there is a `distance`."""
    posterior = autoencoder.encode(pictures).latent_dist
    latents = disturb(posterior.sample(), config.latent_noise)
    drawn = autoencoder.decode(latents).sample
    pixels = F.l1_loss(drawn, pictures)
    edges = sum(F.l1_loss(drawn.diff(dim=axis), pictures.diff(dim=axis)) for axis in (2, 3))
    divergence = posterior.kl().mean() / pictures[0].numel()
    loss = pixels + edges + config.kl_weight * divergence
    parts = {"pixels": pixels.item(), "divergence": divergence.item()}
    if distance is None:
        return loss, parts
    seen = distance(drawn, pictures)
    return loss + config.perceptual_weight * seen, {**parts, "seen": seen.item()}


def disturb(latents: torch.Tensor, share: float) -> torch.Tensor:
    """Adds noise of `share` times each channel's deviation over the batch."""
    if share == 0:
        return latents
    deviation = latents.detach().float().std(dim=(0, 2, 3), keepdim=True)
    return latents + share * deviation * torch.randn_like(latents)


def random_crops(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """A square of `size` pixels out of each picture. The network is convolutional: the size does not matter to it."""
    space = pictures.shape[-1] - size + 1
    corners = torch.randint(space, (len(pictures), 2)).tolist()
    crops = [
        picture[:, top : top + size, left : left + size] for picture, (top, left) in zip(pictures, corners, strict=True)
    ]
    return torch.stack(crops)


def train_autoencoder(
    config: AutoencoderConfig, emoji: Path, run_folder: Path, start: Path | None = None, reader: Path | None = None
) -> Path:
    """Trains and saves the autoencoder, from the weights of the one in `start` if there is one; returns its folder.

    Args:
        reader: Folder of the reader that sees what `perceptual_weight` weighs.

    Raises:
        ValueError: The one in `start` has another architecture, or only decoding is to be learned and there is none;
            `perceptual_weight` has no reader, or a reader no `perceptual_weight`.
    """
    if (reader is None) != (config.perceptual_weight == 0):
        raise ValueError("perceptual_weight and --reader need each other: set both or neither")
    device = pick_device()
    torch.manual_seed(config.loop.seed)
    batches = open_batches(emoji, config.scenes, seed=config.loop.seed)
    autoencoder = build_autoencoder(config)
    if start:
        take_weights(autoencoder, start)
    if config.decoding_only:
        if not start:
            raise ValueError("decoding_only keeps the latents of an autoencoder that has learned: name it with --start")
        _keep_latents(autoencoder, start)
    autoencoder.to(device)
    distance = PerceptualDistance(load_reader(reader).backbone.to(device)) if reader else None
    loop = TrainingLoop(autoencoder, config.loop, run_folder)

    drawn = loop.ahead(lambda number: batches.pictures(batches.scenes(number, config.loop.batch_size)))

    def compute_loss(step: int):
        pictures = random_crops(drawn(loop.draw), config.crop).to(device)
        return autoencoder_loss(autoencoder, pictures, config, distance)

    loop.run(compute_loss)
    trained = loop.averaged_model.eval()
    if not config.decoding_only:
        standardise_latents(trained, _measured_latents(trained, batches, device))
    folder = run_folder / "autoencoder"
    trained.save_pretrained(folder)
    write_recipe(folder, describe_run(loop, config, **read_recipes(start=start, reader=reader)))
    return folder


def _keep_latents(autoencoder: AutoencoderKL, start: Path) -> None:
    """Leaves what makes the latents as it was in `start`, with their scale."""
    autoencoder.encoder.requires_grad_(False)
    autoencoder.quant_conv.requires_grad_(False)
    autoencoder.register_to_config(scaling_factor=AutoencoderKL.load_config(start)["scaling_factor"])


@torch.no_grad()
def _measured_latents(autoencoder: AutoencoderKL, batches: SceneBatches, device: torch.device) -> torch.Tensor:
    pictures = batches.pictures(batches.scenes(0, MEASURED_PICTURES)).to(device)
    return torch.cat([autoencoder.encode(part).latent_dist.mean for part in pictures.split(64)])
