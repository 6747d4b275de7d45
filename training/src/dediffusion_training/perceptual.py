"""How differently a network sees two pictures (LPIPS: Zhang et al., arXiv 1801.03924). The network is a reader."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .models.backbone import Backbone


class PerceptualDistance:
    """Unlike LPIPS, it has no weights that were fitted to people's judgements: all channels of a stage count alike."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone.requires_grad_(False).eval()

    def __call__(self, drawn: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
        """Two batches [batch, 3, height, width] in [-1, 1] to a number from 0 to 4, with a gradient for `drawn` alone.

        The squared distance of the features' directions at each place of each stage; its mean over places, then stages.
        """
        with torch.no_grad():
            wanted = self.backbone.stages(pictures)
        return torch.stack(
            [
                (_directions(seen) - _directions(meant)).square().sum(dim=1).mean()
                for seen, meant in zip(self.backbone.stages(drawn), wanted, strict=True)
            ]
        ).mean()


def _directions(features: torch.Tensor) -> torch.Tensor:
    return F.normalize(features.float(), dim=1)
