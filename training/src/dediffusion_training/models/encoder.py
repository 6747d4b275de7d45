"""The De-Diffusion encoder: backbone, attentional pooler, and words of the decoder's own vocabulary."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from .backbone import Backbone
from .vision import VisionBackbone


class Attention(nn.Module):
    """Multi-head attention that also returns where it looked, averaged over heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, queries: torch.Tensor, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        batch, length, width = queries.shape

        def split(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.reshape(batch, -1, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = split(self.query(queries)), split(self.key(context)), split(self.value(context))
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width // self.heads), dim=-1)
        merged = (weights @ value).transpose(1, 2).reshape(batch, length, width)
        return self.output(merged), weights.mean(dim=1)


class PoolerLayer(nn.Module):
    """Queries attend to each other, then to the picture (pre-norm transformer decoder layer)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_self, self.norm_cross, self.norm_mlp = (nn.LayerNorm(width) for _ in range(3))
        self.among_queries, self.to_picture = Attention(width, heads), Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, queries: torch.Tensor, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        normed = self.norm_self(queries)
        queries = queries + self.among_queries(normed, normed)[0]
        looked, where = self.to_picture(self.norm_cross(queries), picture)
        queries = queries + looked
        return queries + self.mlp(self.norm_mlp(queries)), where


class AttentionalPooler(nn.Module):
    """Words for a map of features, one query per token (Wei et al., section 3.2): all of the encoder that learns.

    Logits are scaled cosine similarities to the frozen decoder's token embeddings, so that words that mean similar
    things to the decoder start out close.
    """

    def __init__(
        self,
        feature_width: int,
        word_embeddings: torch.Tensor,
        *,
        tokens: int,
        map_size: int,
        width: int,
        layers: int,
        heads: int,
        logit_scale: float,
    ) -> None:
        super().__init__()
        self.map_size = map_size
        self.logit_scale = logit_scale
        self.register_buffer("words", F.normalize(word_embeddings - word_embeddings.mean(dim=0), dim=-1))
        self.project = nn.Linear(feature_width, width)
        self.norm = nn.LayerNorm(width)
        self.positions = nn.Parameter(0.02 * torch.randn(map_size * map_size, width))
        self.queries = nn.Parameter(torch.randn(tokens, width))
        self.layers = nn.ModuleList(PoolerLayer(width, heads) for _ in range(layers))
        self.to_word = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, word_embeddings.shape[1]))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """From features [batch, rows * columns, width] to word logits [batch, tokens, words] and attention [batch,
        tokens, rows * columns]."""
        picture = self.norm(self.project(features)) + self.positions
        queries = self.queries.expand(len(features), -1, -1)
        where = None
        for layer in self.layers:
            queries, where = layer(queries, picture)
        direction = F.normalize(self.to_word(queries).float(), dim=-1)
        return self.logit_scale * direction @ self.words.T, where


class DeDiffusionEncoder(nn.Module):
    """A frozen backbone and the pooler that puts what it sees into words.

    Args:
        image_size: Pixels on each side of the pictures that the backbone looks at.
    """

    def __init__(self, backbone: Backbone | VisionBackbone, pooler: AttentionalPooler, image_size: int) -> None:
        super().__init__()
        self.backbone, self.pooler, self.image_size = backbone, pooler, image_size

    @property
    def words(self) -> torch.Tensor:
        """Directions of the words' embeddings, [words, width]."""
        return self.pooler.words

    def features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """The backbone's map as a sequence: [batch, rows * columns, width]."""
        return self.backbone(pixel_values).flatten(2).transpose(1, 2)

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Word logits [batch, tokens, words] and attention [batch, tokens, rows, columns] of pictures that the
        backbone's `prepare` gave."""
        logits, where = self.pooler(self.features(pixel_values))
        return logits, where.unflatten(2, (self.pooler.map_size, self.pooler.map_size))
