"""What a scene is, and how scenes are drawn by lot."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: Background colours and their sRGB values.
COLOURS = {
    "red": (214, 60, 60),
    "orange": (240, 150, 50),
    "yellow": (245, 220, 80),
    "green": (80, 170, 90),
    "blue": (70, 120, 215),
    "purple": (140, 85, 185),
    "pink": (245, 165, 200),
    "brown": (130, 90, 60),
    "white": (250, 250, 250),
    "grey": (150, 150, 150),
    "black": (25, 25, 25),
    "cyan": (110, 215, 225),
}
SIZES = ("large", "small")
#: Places of the first thing in a scene, by how many there are.
PLACES = {
    1: ("left", "right", "top", "bottom", "middle"),
    2: ("left", "right", "top", "bottom"),
    3: ("left", "middle", "right"),
}
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
#: How a background is coloured: one colour, or two of which the first is above.
BACKGROUND_KINDS = ("plain", "gradient", "halves")
#: One composition in this many is kept out of training.
HELD_OUT_ONE_IN = 10


@dataclass(frozen=True)
class Thing:
    word: str
    size: str
    place: str


@dataclass(frozen=True)
class Scene:
    objects: tuple[Thing, ...]
    #: One colour for a plain background, two from top to bottom for the other kinds.
    background: tuple[str, ...]
    style: str
    #: Fixes the little shifts and tints of the drawing.
    seed: int
    background_kind: str = "plain"

    @property
    def composition(self) -> str:
        """Things and background, whatever their order, size and place."""
        return " ".join([*sorted(thing.word for thing in self.objects), *self.background])

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.composition.encode()) % HELD_OUT_ONE_IN == 0


def pick(shares: dict, rng: np.random.Generator):
    """A key, with the probability that its share has in the sum."""
    keys = list(shares)
    weights = np.array([shares[key] for key in keys], dtype=np.float64)
    return keys[rng.choice(len(keys), p=weights / weights.sum())]


def draw_scene(
    rng: np.random.Generator,
    words: list[str],
    styles: dict[str, float],
    object_counts: dict[int, float],
    background_kinds: dict[str, float],
    allowed_sizes: Sequence[str] = SIZES,
    allowed_places: Mapping[int, Sequence[str]] = PLACES,
) -> Scene:
    count = pick(object_counts, rng)
    things = [str(word) for word in rng.choice(words, size=count, replace=False)]
    places = places_from(str(rng.choice(allowed_places[count])), count)
    sizes = [str(size) for size in rng.choice(allowed_sizes, size=count)]
    background_kind = pick(background_kinds, rng)
    colours = 1 if background_kind == "plain" else 2
    return Scene(
        objects=tuple(Thing(*parts) for parts in zip(things, sizes, places, strict=True)),
        background=tuple(str(colour) for colour in rng.choice(list(COLOURS), size=colours, replace=False)),
        style=pick(styles, rng),
        seed=int(rng.integers(2**31)),
        background_kind=background_kind,
    )


def places_from(first: str, count: int) -> tuple[str, ...]:
    """Where all things of a scene stand, the first one at `first`: two opposite each other, three in a row."""
    if count == 2:
        return (first, OPPOSITE[first])
    row = PLACES[3]
    return (first,) if count == 1 else tuple(row[(row.index(first) + step) % 3] for step in range(3))
