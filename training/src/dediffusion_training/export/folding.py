"""Batch norms multiplied into the convolutions before them, so that the kernels can be stored in float16."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers.models.resnet.modeling_resnet import ResNetConvLayer, ResNetShortCut


def fold_batch_norms(module: nn.Module) -> None:
    """Folds the norms of every ResNet inside a module in evaluation mode, in place; it computes the same as before.

    The exporter would fold them as well, but after the weights were rounded: to kernels that float16 cannot
    hold exactly.
    """
    for layer in module.modules():
        if isinstance(layer, ResNetConvLayer | ResNetShortCut) and isinstance(layer.normalization, nn.BatchNorm2d):
            layer.convolution = fuse_conv_bn_eval(layer.convolution, layer.normalization)
            layer.normalization = nn.Identity()
