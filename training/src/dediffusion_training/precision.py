"""In which numbers networks compute."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn


def own_arithmetic(module: nn.Module) -> AbstractContextManager:
    """Lets a network whose weights are bfloat16 compute in them alone.

    Autocast would turn its norms and their inputs to float32 and back, which takes time and memory and, for a frozen
    network, gains nothing.
    """
    weight = next(module.parameters())
    return nullcontext() if weight.dtype == torch.float32 else torch.autocast(weight.device.type, enabled=False)
