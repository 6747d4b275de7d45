"""A U-Net twice as wide: it computes the same, it can learn on, and a decoder begins with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import CONFIGS, Recipe, recording
from diffusers import AutoencoderKL, UNet2DConditionModel

from dediffusion_training.__main__ import main
from dediffusion_training.configuration import DecoderConfig, read_config
from dediffusion_training.train_decoder import build_unet
from dediffusion_training.widening import is_twice_as_wide, widen

#: The most that rounding may change.
TOLERANCE = 1e-4


def build(widths: list[int], **changes: object) -> UNet2DConditionModel:
    """A U-Net with random weights for the latents of an autoencoder of four channels."""
    config = read_config(DecoderConfig, CONFIGS / "decoder.yaml", {"unet_channels": widths, **changes})
    autoencoder = AutoencoderKL(block_out_channels=(32,), latent_channels=4, sample_size=8)
    unet = build_unet(config, autoencoder).eval()
    with torch.no_grad():
        # A fresh U-Net predicts nearly the same whatever its norms do: shift and scale as learned ones are.
        for name, weight in unet.named_parameters():
            if "norm" in name:
                weight.add_(torch.randn_like(weight) / 4)
    return unet


def inputs(unet: UNet2DConditionModel) -> tuple[torch.Tensor, ...]:
    return torch.randn(3, 4, 8, 8), torch.tensor([1, 500, 999]), torch.randn(3, 5, unet.config.cross_attention_dim)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cross_attention": [True, True]},
        {"unet_layers": 2, "attention_heads": 4},
    ],
    ids=["as configured", "attention on every level", "more layers and heads"],
)
def test_it_computes_what_the_narrow_one_does_and_its_pairs_can_part(changes: dict):
    torch.manual_seed(0)
    narrow, wide = build([16, 32], **changes), build([32, 64], **changes)
    assert is_twice_as_wide(wide, narrow) and not is_twice_as_wide(narrow, wide)
    wide.load_state_dict(widen(narrow, wide))
    given = inputs(narrow)
    expected = narrow(*given).sample
    assert torch.allclose(wide(*given).sample, expected, atol=TOLERANCE * expected.abs().max().item())

    wide(*given).sample.square().mean().backward()
    first, second = wide.mid_block.resnets[0].conv1.weight.grad.unflatten(0, (-1, 2)).unbind(1)
    assert (first - second).std() > 0.1 * first.std()


@pytest.mark.parametrize("widths", [[16, 32], [32, 32], [16, 64], [48, 96]])
def test_only_all_levels_together_are_twice_as_wide(widths: list[int]):
    assert not is_twice_as_wide(build(widths), build([16, 32]))


def test_a_decoder_twice_as_wide_begins_where_the_narrow_one_stopped(trained: Recipe, tmp_path: Path):
    widths = UNet2DConditionModel.load_config(trained.decoder / "unet")["block_out_channels"]
    settings = ["loop.steps=1", "lessons=[]", "mixed_embedding_share=0"]
    doubled = f"unet_channels={[2 * width for width in widths]}"
    losses = []
    for name, own in {"narrow": [], "wide": [doubled]}.items():
        with recording() as kept:
            arguments = trained.arguments("decoder", tmp_path / name / "decoder", *settings, *own)
            main([*arguments, "--start", str(trained.decoder)])
        losses += kept.losses["decoder"]
    narrow, wide = losses
    # Both see the same pictures and noise; bfloat16 rounds.
    assert wide == pytest.approx(narrow, rel=0.01)
