"""A U-Net twice as wide that computes what the narrow one does, and can go on learning from there.

After Net2WiderNet (Chen, Goodfellow and Shlens, "Net2Net", arXiv 1511.05641): every hidden channel stands twice, side
by side, and what reads such a pair takes half from each. Means and variances of norms stay the same then.
"""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel


def is_twice_as_wide(unet: UNet2DConditionModel, narrow: UNet2DConditionModel) -> bool:
    """Whether each level of `unet` has twice the channels that it has in `narrow`."""
    return list(unet.config.block_out_channels) == [2 * width for width in narrow.config.block_out_channels]


@torch.no_grad()
def widen(narrow: UNet2DConditionModel, unet: UNet2DConditionModel) -> dict[str, torch.Tensor]:
    """Weights for `unet`, which is twice as wide, with which it computes what `narrow` does.

    The two of a pair are read with weights that differ by random numbers, which cancel out while the two are equal. So
    their gradients differ, and they part. Tensors whose shapes fit neither once nor twice stay as they are.
    """
    shapes = {name: weight.shape for name, weight in unet.state_dict().items()}
    return {name: _widen(name, weight, shapes.get(name)) for name, weight in narrow.state_dict().items()}


def _widen(name: str, weight: torch.Tensor, shape: torch.Size | None) -> torch.Tensor:
    if shape is None or len(shape) != weight.dim():
        return weight
    if shape[0] == 2 * weight.shape[0]:
        weight = weight.repeat_interleave(2, dim=0)
    if weight.dim() > 1 and shape[1] == 2 * weight.shape[1]:
        weight = _keep_frequencies(weight) if name == "time_embedding.linear_1.weight" else _read_pairs(weight)
    # A product of pairs is twice that of single numbers, and attention divides it by the root of their count.
    return weight * 2**-0.5 if name.endswith("to_q.weight") else weight


def _read_pairs(weight: torch.Tensor) -> torch.Tensor:
    halves = weight / 2
    apart = torch.randn_like(halves) * halves.std()
    return torch.stack([halves + apart, halves - apart], dim=2).flatten(1, 2)


def _keep_frequencies(weight: torch.Tensor) -> torch.Tensor:
    """The sines and cosines of a timestep: of twice as many frequencies, every other one is as before."""
    return torch.stack([weight, torch.zeros_like(weight)], dim=2).flatten(1, 2)
