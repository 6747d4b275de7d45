"""From a scene to its picture."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from .concepts import open_emoji
from .scene import COLOURS, Scene

#: Width of a thing as a share of the picture's, alone in the scene and beside another.
SIZE_SHARES = {
    1: {"large": 0.72, "small": 0.42},
    2: {"large": 0.5, "small": 0.32},
    3: {"large": 0.34, "small": 0.25},
}
#: Centres of the places, as shares of width and height.
CENTRES = {"left": (0.27, 0.5), "right": (0.73, 0.5), "top": (0.5, 0.27), "bottom": (0.5, 0.73), "middle": (0.5, 0.5)}
#: Three in a row need more room between them.
CENTRES_OF_THREE = {"left": (0.18, 0.5), "middle": (0.5, 0.5), "right": (0.82, 0.5)}
#: Largest shift of a thing from its centre, and largest change of a colour channel.
SHIFT, TINT = 0.03, 10
#: All that three hundred things look like in two styles and some twenty sizes: less would be read and shrunk again
#: for nearly every scene. About 50 MB.
KEPT_DRAWINGS = 16_384


@lru_cache(maxsize=KEPT_DRAWINGS)
def _drawing(source: Path, emoji: str, style: str, size: int) -> Image.Image:
    return open_emoji(source).drawing(emoji, style).resize((size, size), Image.Resampling.LANCZOS)


def render(scene: Scene, concepts: dict[str, str], source: Path, image_size: int) -> np.ndarray:
    """[size, size, 3], uint8."""
    rng = np.random.default_rng(scene.seed)
    canvas = Image.fromarray(_background(scene, image_size, rng)).convert("RGBA")
    shares = SIZE_SHARES[len(scene.objects)]
    centres = CENTRES_OF_THREE if len(scene.objects) == 3 else CENTRES
    for thing in scene.objects:
        size = round(shares[thing.size] * image_size * rng.uniform(0.94, 1.06))
        drawing = _drawing(source, concepts[thing.word], scene.style, size)
        corner = [
            round((centre + rng.uniform(-SHIFT, SHIFT)) * image_size - size / 2) for centre in centres[thing.place]
        ]
        corner = [min(max(value, 0), image_size - size) for value in corner]
        canvas.alpha_composite(drawing, tuple(corner))
    return np.asarray(canvas.convert("RGB"))


def _background(scene: Scene, image_size: int, rng: np.random.Generator) -> np.ndarray:
    tint = rng.integers(-TINT, TINT + 1, size=3)
    ends = [np.clip(np.array(COLOURS[colour]) + tint, 0, 255) for colour in scene.background]
    share = np.linspace(0, 1, image_size)[:, None, None]
    if scene.background_kind == "halves":
        share = share.round()
    rows = ends[0] * (1 - share) + ends[-1] * share
    return np.broadcast_to(rows, (image_size, image_size, 3)).round().astype(np.uint8).copy()
