"""The things that scenes show, and their pictures: a folder of emoji drawings, or a colour-emoji font."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from PIL import Image, ImageDraw, ImageFont

#: Folder of each drawing style inside an emoji folder.
STYLE_FOLDERS = {"flat": "noto", "glossy": "fluent"}
#: Size in pixels of the bitmaps in colour-emoji fonts such as Noto Color Emoji.
FONT_BITMAP_SIZE = 109
VARIATION_SELECTOR = "\ufe0f"


def read_concepts(file: Path) -> dict[str, str]:
    """Caption word -> emoji."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


class EmojiFolder:
    """PNG files named by code points, one folder for each style."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def supports(self, style: str) -> bool:
        return (self.folder / STYLE_FOLDERS[style]).is_dir()

    def drawing(self, emoji: str, style: str) -> Image.Image:
        points = "-".join(f"{ord(character):x}" for character in emoji if character != VARIATION_SELECTOR)
        return Image.open(self.folder / STYLE_FOLDERS[style] / f"{points}.png").convert("RGBA")


class EmojiFont:
    """A colour-emoji font with bitmaps; it has one style, which is called flat."""

    def __init__(self, file: Path) -> None:
        self.font = ImageFont.truetype(str(file), FONT_BITMAP_SIZE)

    def supports(self, style: str) -> bool:
        return style == "flat"

    def drawing(self, emoji: str, style: str) -> Image.Image:
        if not self.supports(style):
            raise ValueError(f"A font draws in style flat only, not {style}")
        box = self.font.getbbox(emoji)
        size = max(box[2] - box[0], box[3] - box[1])
        canvas = Image.new("RGBA", (size, size))
        place = ((size - box[2] - box[0]) // 2, (size - box[3] - box[1]) // 2)
        ImageDraw.Draw(canvas).text(place, emoji, font=self.font, embedded_color=True)
        return canvas


@cache
def open_emoji(source: Path) -> EmojiFolder | EmojiFont:
    """Opens a folder of drawings or a font file."""
    return EmojiFolder(source) if source.is_dir() else EmojiFont(source)
