"""Latents change, pictures do not."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKL

from dediffusion_training.models.standardise import standardise_latents


def test_an_autoencoder_with_standard_latents_draws_as_before_and_is_as_sure_of_them():
    torch.manual_seed(0)
    autoencoder = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        layers_per_block=1,
        latent_channels=3,
        norm_num_groups=1,
        mid_block_add_attention=False,
    ).eval()
    with torch.no_grad():
        for layer in (autoencoder.quant_conv, autoencoder.post_quant_conv):
            layer.weight.normal_()
            layer.bias.normal_(std=2)
    pictures = torch.rand(8, 3, 16, 16) * 2 - 1
    noise = torch.randn(8, 3, 8, 8)

    def look() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            posterior = autoencoder.encode(pictures).latent_dist
            drawn = autoencoder.decode(posterior.mean + posterior.std * noise).sample
        return posterior.mean, posterior.std, drawn

    means, deviations, drawn = look()
    standardise_latents(autoencoder, means)
    standard, narrowed, again = look()
    assert standard.mean(dim=(0, 2, 3)) == pytest.approx(torch.zeros(3), abs=1e-5)
    assert standard.std(dim=(0, 2, 3)) == pytest.approx(torch.ones(3), abs=1e-5)
    spread = means.std(dim=(0, 2, 3))[:, None, None]
    assert torch.allclose(narrowed, deviations / spread, rtol=1e-4)
    assert torch.allclose(again, drawn, atol=1e-4)
    assert autoencoder.config.scaling_factor == 1
