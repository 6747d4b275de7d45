"""The encoder's eyes: a residual network pretrained on image-text pairs of the domain."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from transformers import ResNetConfig, ResNetModel


class Backbone(nn.Module):
    """Pictures in [-1, 1] to a map of features.

    Small pictures are enlarged twice first, because the network's stem shrinks its input by four.
    """

    enlargement = 2
    #: Of red, green and blue in [0, 1].
    mean = std = (0.5, 0.5, 0.5)

    def __init__(self, widths: list[int], depths: list[int]) -> None:
        super().__init__()
        self.widths, self.depths, self.width = widths, depths, widths[-1]
        self.network = ResNetModel(
            ResNetConfig(embedding_size=widths[0], hidden_sizes=widths, depths=depths, layer_type="basic")
        )

    def prepare(self, pictures: torch.Tensor) -> torch.Tensor:
        """Takes pictures of any size as they are, in [-1, 1]."""
        return pictures

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """[batch, 3, height, width] to [batch, width, rows, columns]."""
        return self.stages(pictures)[-1]

    def stages(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """[batch, 3, height, width] to the map of each stage, from the finest to the coarsest."""
        enlarged = F.interpolate(pictures, scale_factor=self.enlargement, mode="bilinear", align_corners=False)
        # The first one is what the stem gives, which the first stage computes on.
        return self.network(enlarged, output_hidden_states=True).hidden_states[1:]


class SceneReader(nn.Module):
    """Says which words a picture's complete caption holds; each place of the feature map votes for itself."""

    def __init__(self, backbone: Backbone, words: list[str]) -> None:
        super().__init__()
        self.backbone, self.words = backbone, words
        self.vote = nn.Conv2d(backbone.width, len(words), kernel_size=1)
        nn.init.constant_(self.vote.bias, -4.0)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits of each word being in the caption: [batch, words]."""
        votes = self.vote(self.backbone(pictures)).flatten(2)
        return torch.logsumexp(votes, dim=2)
