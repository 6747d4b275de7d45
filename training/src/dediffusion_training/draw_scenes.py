"""Held-out scenes as files: pictures, and what is in them, for measurements that run without Python."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from .configuration import SceneConfig
from .data.batches import HELD_OUT_SEED, open_batches
from .data.caption import complete_caption, terse_caption
from .data.render import render
from .data.scene import COLOURS, Scene

FORMAT_VERSION = 1
#: Of the scenes behind docs/results.md; the judges of a training and `evaluate` have seeds of their own.
RESULTS_SEED = HELD_OUT_SEED + 2
#: Digits in a picture's file name.
DIGITS = 5


def draw_scenes(config: SceneConfig, emoji: Path, count: int, output: Path) -> Path:
    """Writes `scenes.json` and one PNG for each scene to the folder `output`, and returns the folder.

    The first scenes are the same whatever `count` is.

    Args:
        config: Which scenes are drawn.
        emoji: A folder of drawings, or a colour-emoji font.
        count: How many scenes, at least 1.

    Raises:
        ValueError: `count` is less than 1, or there are no drawings in a style that `config` names.
    """
    if count < 1:
        raise ValueError(f"count is {count}; draw at least one scene")
    held_out = open_batches(emoji, config, seed=RESULTS_SEED, split="held-out")
    scenes = held_out.scenes(0, count)
    output.mkdir(parents=True, exist_ok=True)
    for index, scene in enumerate(tqdm(scenes, desc="drawing scenes", mininterval=5)):
        picture = render(scene, held_out.concepts, emoji, config.image_size)
        Image.fromarray(picture).save(output / file_name(index))
    description = {
        "formatVersion": FORMAT_VERSION,
        "seed": RESULTS_SEED,
        "imageSize": config.image_size,
        "things": held_out.words,
        "colours": list(COLOURS),
        "scenes": [describe_scene(scene, file_name(index)) for index, scene in enumerate(scenes)],
    }
    (output / "scenes.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return output


def file_name(index: int) -> str:
    return f"{index:0{DIGITS}}.png"


def describe_scene(scene: Scene, file: str) -> dict[str, object]:
    """One entry of `scenes` in scenes.json."""
    return {
        "file": file,
        "things": [{"word": thing.word, "size": thing.size, "place": thing.place} for thing in scene.objects],
        "background": list(scene.background),
        "backgroundKind": scene.background_kind,
        "style": scene.style,
        "terse": terse_caption(scene),
        "complete": complete_caption(scene),
    }
