"""How classes are told apart on screen: a colour, and a character where there is none."""

from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.color import Color as RichColor
from textual.color import Color
from textual.content import Content
from textual.style import Style

from altui.colours import HUES
from altui.text import plain
from altui.widgets.terminal import CellStyle

Shades = tuple[int, int, int, int]
"""One hue from dark to light, as codes of the 256-colour palette."""

Palette = tuple[Shades, ...]

# Codes rather than 24-bit colours: half the bytes over a slow line, and the same picture
# on a terminal that knows only 256 colours.
GREYS: Final = 24
"""Grey levels on screen: the palette's grey ramp, 8, 18, … 238."""

_FIRST_GREY: Final = 232
_BLACK: Final = 16  # that no terminal has other colours for
PER_SHADE: Final = GREYS // 4

# A mixture with the grey beneath, rounded to 256 colours, would change hue from grey to
# grey; so each hue has shades of its own, apart from those of other hues at every step.
CLASS_COLOURS: Final[Palette] = tuple(hue.shades for hue in HUES)
# Where there are 16 colours, the shades of a hue would fall together with greys and other
# hues: each class has one colour, none of them grey, and what lies beneath does not show.
SIXTEEN_COLOURS: Final[Palette] = tuple((code,) * 4 for code in (14, 3, 12, 11, 10, 13, 9))
OUTLINE_SHADE: Final = 2  # of every outline, however dark what lies beneath

# Uncertainty: from dark to light too, so that it reads without its hues, and on 16 colours.
HEAT: Final = (53, 89, 125, 161, 203, 209, 215, 222)
HEAT_FROM: Final = 40  # of 255; less is not drawn: the image shows
SYMBOLS: Final = "123456789" + ascii_lowercase + ascii_uppercase


def palette_of(color_system: str | None) -> Palette:
    """What a console with those colours, as Rich names them, can show."""
    return SIXTEEN_COLOURS if color_system == "standard" else CLASS_COLOURS


def symbol(class_id: int) -> str:
    """The character of a class: '1'…'9', then letters; class 0 is not drawn."""
    return SYMBOLS[(class_id - 1) % len(SYMBOLS)]


def shades(class_id: int, palette: Palette = CLASS_COLOURS) -> Shades:
    """The colours of a class; class 0 is not drawn, and the palette cycles from class 1 on."""
    return palette[(class_id - 1) % len(palette)]


@lru_cache(8)
def colour_codes(palette: Palette) -> npt.NDArray[np.int16]:
    """256-colour codes (2 + len(palette), GREYS): plain grey, each class over that grey, and the
    levels of heat.
    """
    codes = np.empty((2 + len(palette), GREYS), np.int16)
    codes[0] = _FIRST_GREY + np.arange(GREYS)
    codes[1:-1] = np.repeat(np.array(palette), PER_SHADE, axis=1)
    codes[-1] = np.repeat(np.array(HEAT), GREYS // len(HEAT))
    codes.flags.writeable = False
    return codes


def legend(
    names: Sequence[str],
    style: CellStyle = "half-cell",
    palette: Palette = CLASS_COLOURS,
    only: int | None = None,
    on_dark: bool = True,
) -> list[Content]:
    """For each class but background, or `only` for one: its mark in the overlay and its name.

    `names` are all class names; the position is the class id, as in `altui.toml`. Unless they are
    `on_dark`, marks have black about them, as in the picture: yellow on white is none.
    """
    return [
        Content.assemble(_mark(class_id, style, palette, on_dark), " ", plain(name))
        for class_id, name in enumerate(names)
        if class_id > 0 and only in (None, class_id)
    ]


def heat_legend(style: CellStyle = "half-cell") -> Content:
    """How little and great uncertainty look."""
    if style == "ascii":
        return Content("uncertainty . low @ high")
    ramp = (Content.styled("█", _style(code)) for code in HEAT)
    return Content.assemble("uncertainty low ", *ramp, " high")


def _mark(class_id: int, style: CellStyle, palette: Palette, on_dark: bool) -> Content:
    if style == "ascii":
        return Content(symbol(class_id))
    _, darker, lighter, _ = shades(class_id, palette)
    mark = Content.assemble(*(("█", _style(code)) for code in (darker, lighter)))
    if on_dark:
        return mark
    return Content.assemble(("▐", _style(_BLACK)), mark, ("▌", _style(_BLACK)))


def _style(code: int) -> Style:
    return Style(foreground=Color.from_rich_color(RichColor.from_ansi(code)))
