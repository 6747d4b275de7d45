"""Photographs, cut to squares: from a folder of picture files, or from WebDataset shards."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from ..configuration import PhotographConfig

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
#: What Pillow raises for a file that is no picture, is cut short, or would fill the memory.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
#: So many unreadable pictures in a row are a broken collection and no accident.
MOST_UNREADABLE = 1000

#: A square photograph, uint8 [3, size, size], and how many before it could not be read.
Example = tuple[torch.Tensor, int]


@dataclass(frozen=True)
class Batch:
    #: [batch, 3, size, size], float32 in [-1, 1]
    pictures: torch.Tensor
    #: Pictures that were passed over because they cannot be read.
    unreadable: int


class Photographs:
    """A collection of photographs in batches by number: each number is given once, in this or another process.

    Of a folder the same number, size and seed give the same pictures, cut the same way, so that a resumed run goes on
    as if it had not stopped. Shards are read as a stream, in an order that is drawn anew when a run is resumed.

    Args:
        source: A folder of pictures, at any depth; a folder of tar files; or shards as WebDataset writes them, such as
            `data/{000..099}.tar` or `pipe:...`.

    Raises:
        ValueError: There are no pictures or shards.
    """

    def __init__(self, source: str, config: PhotographConfig, batch_size: int, seed: int) -> None:
        self.config, self.batch_size, self.seed = config, batch_size, seed
        self.shards = find_shards(source)
        self.folder = None if self.shards else Path(source)
        names = [] if self.shards else find_pictures(self.folder)
        if not self.shards and not names:
            raise ValueError(f"{source} holds no pictures ({', '.join(PICTURE_SUFFIXES)}) and no tar files")
        self.names = [name for name in names if not self.is_held_out(name)]
        self.held_out_names = [name for name in names if self.is_held_out(name)]
        if names and not self.names:
            raise ValueError(f"All {len(names)} pictures of {source} are held out; raise photographs.held_out_one_in")

    def is_held_out(self, key: str) -> bool:
        """Decided by the picture's name alone, so that it stays so when others come or go."""
        return zlib.crc32(key.encode()) % self.config.held_out_one_in == 0

    def batches(self, first: int, stride: int) -> Iterator[Batch]:
        """Batches `first`, `first + stride` and so on, without end."""
        if self.shards:
            dataset = _ShardPictures(self, first)
            loader = DataLoader(dataset, self.batch_size, **self._loading())
        else:
            dataset = _FolderPictures(self)
            numbers = (
                list(range(number * self.batch_size, (number + 1) * self.batch_size)) for number in count(first, stride)
            )
            loader = DataLoader(dataset, batch_sampler=numbers, **self._loading())
        for pictures, unreadable in loader:
            yield Batch(as_floats(pictures), int(unreadable.sum()))

    def held_out(self) -> torch.Tensor:
        """Up to `judged_pictures` of those that are never trained on, cut from the middle, as `Batch.pictures`.

        Raises:
            ValueError: Fewer than two of them can be read.
        """
        found: list[torch.Tensor] = []
        for file in self._held_out_files():
            try:
                found.append(centre_square(read_picture(file), self.config.image_size))
            except UNREADABLE:
                continue
            if len(found) == self.config.judged_pictures:
                break
        if len(found) < 2:
            raise ValueError(
                f"{len(found)} held-out pictures can be read, and texts are judged on two at least; "
                "lower photographs.held_out_one_in"
            )
        return as_floats(torch.stack(found))

    def _held_out_files(self) -> Iterator[Path | BinaryIO]:
        if self.folder:
            yield from (self.folder / name for name in self.held_out_names)
            return
        from .shards import read_in_order

        for key, data in read_in_order(self.shards):
            if self.is_held_out(key):
                yield BytesIO(data)

    def _loading(self) -> dict[str, object]:
        # A generator of its own: the loader must not take numbers from the one that steps draw from.
        workers = self.config.workers
        return {"num_workers": workers, "persistent_workers": workers > 0, "generator": torch.Generator()}


def find_shards(source: str) -> list[str]:
    """The tar files of a folder, or those that a pattern names; none for a folder of pictures."""
    if Path(source).is_dir():
        return sorted(str(file) for file in Path(source).rglob("*.tar"))
    if ".tar" not in source and not source.startswith("pipe:"):
        return []
    from .shards import expand_pattern

    return expand_pattern(source)


def find_pictures(folder: Path) -> list[str]:
    """Relative paths of all picture files, sorted."""
    files = (file for file in folder.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES)
    return sorted(file.relative_to(folder).as_posix() for file in files)


def read_picture(file: Path | BinaryIO) -> Image.Image:
    """A picture the right way up, in RGB, what is transparent white."""
    with Image.open(file) as opened:
        picture = ImageOps.exif_transpose(opened)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")


def random_square(picture: Image.Image, config: PhotographConfig, rng: np.random.Generator) -> torch.Tensor:
    """A square somewhere in the picture, mirrored half of the time: uint8 [3, size, size]."""
    shorter = min(picture.size)
    side = max(1.0, shorter * rng.uniform(config.smallest_crop, 1))
    left, top = (rng.uniform(0, length - side) for length in picture.size)
    square = _cut(picture, (left, top, left + side, top + side), config.image_size)
    return square.flip(2) if rng.random() < 0.5 else square


def centre_square(picture: Image.Image, size: int) -> torch.Tensor:
    """The largest square in the middle: uint8 [3, size, size]. The server cuts pictures for its encoders like this."""
    shorter = min(picture.size)
    left, top = ((length - shorter) / 2 for length in picture.size)
    return _cut(picture, (left, top, left + shorter, top + shorter), size)


def as_floats(pictures: torch.Tensor) -> torch.Tensor:
    """From uint8 to float32 in [-1, 1]."""
    return pictures.float() / 127.5 - 1


def _cut(picture: Image.Image, box: tuple[float, float, float, float], size: int) -> torch.Tensor:
    square = picture.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)


def _training_square(photographs: Photographs, file: Path | BinaryIO, seed: list[int]) -> torch.Tensor:
    picture, config = read_picture(file), photographs.config
    if config.crop == "centre":
        return centre_square(picture, config.image_size)
    return random_square(picture, config, np.random.default_rng(seed))


class _FolderPictures(Dataset):
    """An endless row of pictures: all of the folder in one order, then all in another, and so on."""

    def __init__(self, photographs: Photographs) -> None:
        self.photographs = photographs

    def __getitem__(self, place: int) -> Example:
        photographs, total = self.photographs, len(self.photographs.names)
        for skipped in range(min(total, MOST_UNREADABLE)):
            # Where a picture cannot be read, the next one stands in.
            epoch, index = divmod(place + skipped, total)
            name = photographs.names[shuffled(total, photographs.seed, epoch)[index]]
            try:
                square = _training_square(photographs, photographs.folder / name, [photographs.seed, place])
            except UNREADABLE:
                continue
            return square, skipped
        raise ValueError(f"None of {skipped + 1} pictures of {photographs.folder} in a row can be read")


@lru_cache(maxsize=2)
def shuffled(total: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(total)


class _ShardPictures(IterableDataset):
    """An endless stream: each worker of each process draws shards, and mixes their pictures in a buffer."""

    def __init__(self, photographs: Photographs, first: int) -> None:
        self.photographs, self.first = photographs, first

    def __iter__(self) -> Iterator[Example]:
        from .shards import read_mixed

        photographs, worker = self.photographs, get_worker_info()
        # The number of the first batch tells processes and resumed runs apart.
        seed = [photographs.seed, self.first, worker.id if worker else 0]
        rng = random.Random(str(seed))
        mixed = read_mixed(photographs.shards, photographs.config.shuffle_buffer, rng)
        pictures = ((key, data) for key, data in mixed if not photographs.is_held_out(key))
        unreadable = 0
        for number, (_, data) in enumerate(pictures):
            try:
                square = _training_square(photographs, BytesIO(data), [*seed, number])
            except UNREADABLE:
                unreadable += 1
                if unreadable == MOST_UNREADABLE:
                    raise ValueError(f"{unreadable} pictures of the shards in a row cannot be read") from None
                continue
            yield square, unreadable
            unreadable = 0
