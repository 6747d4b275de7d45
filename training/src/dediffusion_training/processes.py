"""One process, or several that `accelerate launch` started: each computes its own share of a step's pictures."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import torch
from accelerate import PartialState
from accelerate.utils import reduce
from torch import nn

#: How long the others wait while the first process judges texts or looks for pictures.
PATIENCE = timedelta(hours=2)


@cache
def processes() -> PartialState:
    """Who this process is. It joins the others on the first call; alone, it is the main process of one."""
    return PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)


def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Replaces each gradient by its mean over all processes. Every process must hold gradients of the same parameters.

    The gradients travel as one tensor. Only the pooler learns, and its backward pass is a small part of a step, so
    there is little to gain from sending the first ones while the last ones are computed, as DDP does.
    """
    if processes().num_processes == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    mean = reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    parts = mean.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
