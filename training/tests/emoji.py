"""Stand-in emoji, so that the tests need no drawings of anyone else's: coloured shapes, as a folder and as a font."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.BitmapGlyphMetrics import SmallGlyphMetrics
from fontTools.ttLib.tables.C_B_D_T_ import cbdt_bitmap_format_17
from fontTools.ttLib.tables.E_B_L_C_ import BitmapSizeTable, SbitLineMetrics, Strike, eblc_index_sub_table_1
from PIL import Image, ImageDraw

from dediffusion_training.data.concepts import FONT_BITMAP_SIZE, VARIATION_SELECTOR

#: Fill colour and shape of each of the miniature's concepts.
SHAPES = {
    "🐈": ((200, 120, 20), "triangle"),
    "🚗": ((220, 20, 20), "bar"),
    "🍕": ((250, 210, 60), "triangle"),
    "🌳": ((20, 120, 40), "circle"),
    "🐟": ((40, 90, 220), "diamond"),
    "🏠": ((120, 70, 40), "square"),
    "☀️": ((255, 235, 20), "circle"),
    "❤️": ((230, 30, 110), "diamond"),
}
DRAWING_SIZE = 64
#: Pixels between a bitmap's lower edge and the font's baseline, as in Noto Color Emoji's.
DESCENT = 27


def draw_shape(emoji: str, size: int) -> Image.Image:
    """One shape in the middle, transparent around it."""
    colour, shape = SHAPES[emoji]
    canvas = Image.new("RGBA", (size, size))
    pen = ImageDraw.Draw(canvas)
    near, middle, far = size // 16, size // 2, size - 1 - size // 16
    match shape:
        case "circle":
            pen.ellipse((near, near, far, far), fill=colour)
        case "square":
            pen.rectangle((near, near, far, far), fill=colour)
        case "bar":
            pen.rectangle((near, size // 3, far, 2 * size // 3), fill=colour)
        case "triangle":
            pen.polygon([(middle, near), (far, far), (near, far)], fill=colour)
        case "diamond":
            pen.polygon([(middle, near), (far, middle), (middle, far), (near, middle)], fill=colour)
    return canvas


def write_drawings(folder: Path) -> Path:
    """The shapes as the folder that `--emoji` takes, in the one style that Noto's drawings have."""
    flat = folder / "noto"
    flat.mkdir(parents=True)
    for emoji in SHAPES:
        points = "-".join(f"{ord(character):x}" for character in emoji if character != VARIATION_SELECTOR)
        draw_shape(emoji, DRAWING_SIZE).save(flat / f"{points}.png")
    return folder


def write_font(file: Path) -> Path:
    """The shapes as a font with colour bitmaps (CBDT and CBLC), the form of Noto Color Emoji."""
    glyphs = {emoji: f"shape{index}" for index, emoji in enumerate(SHAPES)}
    builder = FontBuilder(2048, isTTF=True)
    builder.setupGlyphOrder([".notdef", *glyphs.values()])
    builder.setupCharacterMap({ord(emoji[0]): glyph for emoji, glyph in glyphs.items()})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *glyphs.values()], (2550, 0)))
    builder.setupHorizontalHeader(ascent=1900, descent=-500)
    builder.setupNameTable({"familyName": "Shapes", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.setupGlyf({name: _empty_glyph() for name in builder.font.getGlyphOrder()})

    bitmaps, places = newTable("CBDT"), newTable("CBLC")
    bitmaps.version = places.version = 3.0
    bitmaps.strikeData = [{glyph: _bitmap(draw_shape(emoji, 128)) for emoji, glyph in glyphs.items()}]
    strike = Strike()
    strike.bitmapSizeTable = _bitmap_size()
    index = eblc_index_sub_table_1(None, builder.font)
    index.indexFormat, index.imageFormat, index.names = 1, 17, list(glyphs.values())
    strike.indexSubTables = [index]
    places.strikes = [strike]
    builder.font["CBDT"], builder.font["CBLC"] = bitmaps, places
    builder.save(file)
    return file


def _empty_glyph():
    from fontTools.ttLib.tables._g_l_y_f import Glyph

    return Glyph()


def _bitmap(drawing: Image.Image):
    png = BytesIO()
    drawing.save(png, "PNG")
    bitmap = cbdt_bitmap_format_17(None, None)
    bitmap.imageData = png.getvalue()
    bitmap.metrics = SmallGlyphMetrics()
    bitmap.metrics.height, bitmap.metrics.width = drawing.height, drawing.width
    bitmap.metrics.BearingX, bitmap.metrics.BearingY = 4, drawing.height - DESCENT
    bitmap.metrics.Advance = drawing.width + 8
    return bitmap


def _bitmap_size() -> BitmapSizeTable:
    size = BitmapSizeTable()
    size.colorRef, size.flags, size.bitDepth = 0, 1, 32
    size.ppemX = size.ppemY = FONT_BITMAP_SIZE
    for direction in ("hori", "vert"):
        line = SbitLineMetrics()
        for name in ("caretSlopeNumerator", "caretSlopeDenominator", "caretOffset", "minOriginSB", "minAdvanceSB"):
            setattr(line, name, 0)
        for name in ("maxBeforeBL", "minAfterBL", "pad1", "pad2"):
            setattr(line, name, 0)
        line.ascender, line.descender, line.widthMax = 101, -DESCENT, 136
        setattr(size, direction, line)
    return size
