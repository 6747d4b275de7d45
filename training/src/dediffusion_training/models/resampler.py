"""A starting point for small autoencoders: one that shrinks and enlarges pictures, before it has learned anything.

From random weights, thousands of steps go into carrying flat colours past the group norms. From here a few hundred are
enough to add what resampling loses.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from torch import nn

COLOURS = 3
#: Channels that carry the picture: red, green, blue, the same negated, and two constants.
CARRIERS = 2 * COLOURS + 2
#: The constants outweigh everything else in a group norm's variance, so that it divides by nearly the same each time.
CONSTANT = 4.0


@torch.no_grad()
def start_as_resampler(autoencoder: AutoencoderKL) -> None:
    """Sets the weights so that the first three latents are means of squares of pixels, and decoding spreads them out.

    Residual branches start at zero. SiLU(x) - SiLU(-x) = x, so colours pass the last activation unbent. Channels that
    do not carry the picture keep their random weights. Needs one group per norm and at least eight channels.

    Raises:
        ValueError: The norms have more than one group, or a level is too narrow.
    """
    config = autoencoder.config
    if config.norm_num_groups != 1 or min(config.block_out_channels) < CARRIERS:
        raise ValueError(f"Needs norm_num_groups of 1 and at least {CARRIERS} channels on each level")
    for module in autoencoder.modules():
        if isinstance(module, ResnetBlock2D):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)
            if module.conv_shortcut is not None:
                _carry(module.conv_shortcut)
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    for block in encoder.down_blocks:
        for downsampler in block.downsamplers or []:
            # The mean of four pixels; the layer pads on the right and at the bottom.
            _carry(downsampler.conv, taps=(slice(0, 2), slice(0, 2)), weight=0.25)
    for block in decoder.up_blocks:
        for upsampler in block.upsamplers or []:
            _carry(upsampler.conv)
    _spread_colours(encoder.conv_in)
    _spread_colours(decoder.conv_in)
    _gather_colours(encoder.conv_out, encoder.conv_norm_out)
    _gather_colours(decoder.conv_out, decoder.conv_norm_out)
    for convolution in (autoencoder.quant_conv, autoencoder.post_quant_conv):
        nn.init.dirac_(convolution.weight)
        nn.init.zeros_(convolution.bias)
    # The rows of the log-variances, which start out without regard to the picture.
    autoencoder.quant_conv.weight[config.latent_channels :] = 0


def _centre(convolution: nn.Conv2d) -> tuple[int, int]:
    height, width = convolution.kernel_size
    return height // 2, width // 2


def _carry(convolution: nn.Conv2d, taps: tuple | None = None, weight: float = 1.0) -> None:
    """Hands each carrier on, and keeps the large constants out of all other channels."""
    convolution.weight[:, CARRIERS - 2 : CARRIERS] = 0
    convolution.weight[:CARRIERS] = 0
    convolution.bias[:CARRIERS] = 0
    rows, columns = taps or _centre(convolution)
    for channel in range(CARRIERS):
        convolution.weight[channel, channel, rows, columns] = weight


def _spread_colours(convolution: nn.Conv2d) -> None:
    """From a picture, or latents that start with one, to the carriers."""
    convolution.weight[:CARRIERS] = 0
    convolution.bias[:CARRIERS] = 0
    rows, columns = _centre(convolution)
    for colour in range(COLOURS):
        convolution.weight[colour, colour, rows, columns] = 1
        convolution.weight[COLOURS + colour, colour, rows, columns] = -1
    convolution.bias[CARRIERS - 2] = CONSTANT
    convolution.bias[CARRIERS - 1] = -CONSTANT


def _gather_colours(convolution: nn.Conv2d, norm: nn.GroupNorm) -> None:
    """From the normed and activated carriers to colours, undoing the norm's division by the constants' deviation."""
    deviation = CONSTANT * (2 / norm.num_channels) ** 0.5
    convolution.weight[:COLOURS] = 0
    convolution.bias[:COLOURS] = 0
    rows, columns = _centre(convolution)
    for colour in range(COLOURS):
        convolution.weight[colour, colour, rows, columns] = deviation
        convolution.weight[colour, COLOURS + colour, rows, columns] = -deviation
