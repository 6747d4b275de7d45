"""Latents in which every channel counts the same.

A diffusion loss weighs channels by their variance. Those that carry flat colour vary most, so that a decoder of latents
as they come spends its training on colours and draws no shapes.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL


@torch.no_grad()
def equalise_channels(autoencoder: AutoencoderKL, latents: torch.Tensor) -> None:
    """Gives each latent channel mean 0 and deviation 1 over `latents` [pictures, channels, height, width], which are
    unscaled means that the autoencoder gave. Pictures that it decodes stay what they are: what the last convolution of
    the encoder divides by, the first of the decoder multiplies with."""
    channels = autoencoder.config.latent_channels
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    encoding, decoding = autoencoder.quant_conv, autoencoder.post_quant_conv
    encoding.weight[:channels] /= deviation[:, None, None, None]
    encoding.bias[:channels] = (encoding.bias[:channels] - mean) / deviation
    # The other half of the channels are log-variances.
    encoding.bias[channels:] -= 2 * deviation.log()
    decoding.bias += decoding.weight[:, :, 0, 0] @ mean
    decoding.weight *= deviation[None, :, None, None]
    autoencoder.register_to_config(scaling_factor=1.0)
