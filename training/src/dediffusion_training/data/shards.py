"""Pictures of WebDataset shards: tar files in which a picture's files follow each other and share a name."""

from __future__ import annotations

import random
from collections.abc import Iterator

import webdataset

from .photographs import PICTURE_SUFFIXES


def expand_pattern(pattern: str) -> list[str]:
    """`data/{000..002}.tar` as three names."""
    return webdataset.shardlists.expand_urls(pattern)


def read_in_order(shards: list[str]) -> Iterator[tuple[str, bytes]]:
    """Keys and files of all pictures, from first to last."""
    return _pictures(webdataset.SimpleShardList(shards))


def read_mixed(shards: list[str], buffer: int, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Pictures of shards that are drawn with replacement, without end, mixed in a buffer of so many."""
    drawn = webdataset.ResampledShards(shards, seed=rng.getrandbits(32), worker_seed=lambda: 0, deterministic=True)
    return _pictures(drawn, webdataset.shuffle(buffer, rng=rng))


def _pictures(*stages: object) -> Iterator[tuple[str, bytes]]:
    shards, *later = stages
    # A shard that cannot be read is passed over with a warning.
    read = webdataset.tarfile_to_samples(handler=webdataset.warn_and_continue, select_files=_is_picture)
    for sample in webdataset.DataPipeline(shards, read, *later):
        picture = next((suffix for suffix in sample if _is_picture(f".{suffix}")), None)
        if picture:
            yield sample["__key__"], sample[picture]


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES)
