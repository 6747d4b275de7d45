"""Latents whose channels all vary alike, from an autoencoder that draws as it did before.

A denoiser's loss weighs channels by their variance, and noise drowns the quiet ones first. Channels of flat colour
vary several times as much as those that say what a thing looks like, although decoding bears the same share of noise
on each.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL


@torch.no_grad()
def standardise_latents(autoencoder: AutoencoderKL, latents: torch.Tensor) -> None:
    """Gives each channel mean 0 and deviation 1 over `latents`, in place; their scale is 1 then.

    The convolutions of one pixel before and after the latents take up what changes, so pictures are drawn as before.

    Args:
        latents: Means of this autoencoder's latents: [pictures, channels, height, width].
    """
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    before, after = autoencoder.quant_conv, autoencoder.post_quant_conv
    means, log_variances = before.bias.split(len(mean))
    means.sub_(mean).div_(deviation)
    log_variances.sub_(2 * deviation.log())
    before.weight[: len(mean)] /= deviation[:, None, None, None]
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= deviation[None, :, None, None]
    autoencoder.register_to_config(scaling_factor=1.0)
