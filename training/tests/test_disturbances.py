"""What training does to latents and pictures so that networks bear it."""

from __future__ import annotations

import pytest
import torch

from dediffusion_training.train_autoencoder import disturb
from dediffusion_training.train_reader import soften


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_noise_on_latents_follows_each_channels_own_deviation():
    deviations = torch.tensor([0.1, 1.0, 10.0])
    latents = torch.randn(64, 3, 16, 16) * deviations[:, None, None]
    noise = disturb(latents, 0.3) - latents
    torch.testing.assert_close(noise.std(dim=(0, 2, 3)), 0.3 * deviations, rtol=0.02, atol=0)
    assert torch.equal(disturb(latents, 0.0), latents)


def test_latents_cannot_shrink_from_the_noise():
    latents = torch.randn(4, 2, 8, 8, requires_grad=True)
    disturb(latents, 0.3).sum().backward()
    assert torch.equal(latents.grad, torch.ones_like(latents))


def test_softened_pictures_keep_their_colours_and_lose_their_detail():
    pictures = torch.rand(8, 3, 64, 64) * 2 - 1
    soft = soften(pictures, 1.0)
    assert soft.shape == pictures.shape
    torch.testing.assert_close(soft.mean(dim=(2, 3)), pictures.mean(dim=(2, 3)), rtol=0, atol=0.02)
    assert soft.diff(dim=3).abs().mean() < 0.5 * pictures.diff(dim=3).abs().mean()


def test_as_many_pictures_are_softened_as_asked():
    pictures = torch.rand(1000, 1, 12, 12)
    untouched = (soften(pictures, 0.3) == pictures).all(dim=(1, 2, 3))
    assert untouched.float().mean().item() == pytest.approx(0.7, abs=0.05)
