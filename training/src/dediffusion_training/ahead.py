"""What takes a processor, made ahead by other processes: a graphics card need not wait for pictures and captions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

#: Results that each process may be ahead by.
RESULTS_AHEAD = 4

Made = TypeVar("Made")


class Ahead(Generic[Made]):
    """`make(number)`, for numbers that follow each other.

    Args:
        make: Needs no device, and gives the same for the same number. Each process has its own copy, as it is when the
            first number is asked for.
        workers: How many processes make it; with 0 it is made when it is asked for.
        stride: From one number to the next.
    """

    def __init__(self, make: Callable[[int], Made], workers: int, stride: int = 1) -> None:
        self.make, self.workers, self.stride = make, workers, stride
        self.coming: Iterator[Made] | None = None
        self.next_number: int | None = None

    def __call__(self, number: int) -> Made:
        if self.workers == 0:
            return self.make(number)
        if self.coming is None or number != self.next_number:
            self.coming = iter(self._loader(number))
        self.next_number = number + self.stride
        return next(self.coming)

    def _loader(self, first: int) -> DataLoader:
        return DataLoader(
            _Made(self.make),
            batch_size=None,
            sampler=count(first, self.stride),
            num_workers=self.workers,
            prefetch_factor=RESULTS_AHEAD,
            # Copies of this process: closures and pools of scenes need not be sent.
            multiprocessing_context="fork",
            # Its own, so that a pass's randomness does not hang on whether a loader was started in it.
            generator=torch.Generator(),
        )


class _Made(Dataset):
    def __init__(self, make: Callable[[int], Made]) -> None:
        self.make = make

    def __getitem__(self, number: int) -> Made:
        return self.make(number)
