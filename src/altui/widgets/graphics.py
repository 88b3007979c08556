"""RGB pictures for terminals with graphics: Sixel, and Kitty's protocol with placeholders.

Both are encoded with textual-image. Its widgets are not used: they encode while the screen is
drawn, and write to the terminal past Textual.
"""

import fcntl
import io
import struct
import sys
import termios
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

USUAL_CELL: Final = (10, 20)
CHUNK: Final = 4096  # characters that one of Kitty's messages holds
PLACEHOLDER: Final = chr(0x10EEEE)

Picture = npt.NDArray[np.uint8]


def cell_size() -> tuple[int, int]:
    """(width, height) of a cell in pixels, as the terminal's driver knows it; never asks."""
    try:
        stream = sys.__stderr__
        assert stream is not None
        found = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, columns, width, height = struct.unpack("HHHH", found)
        return (width // columns, height // rows) if width and height else USUAL_CELL
    except (AssertionError, OSError, ValueError, ZeroDivisionError):
        return USUAL_CELL


def padded(picture: Picture, cell: tuple[int, int]) -> tuple[Picture, int, int]:
    """The picture filled up to whole cells, and their (columns, rows)."""
    height, width = picture.shape[:2]
    columns, rows = -(-width // cell[0]), -(-height // cell[1])
    more = ((0, rows * cell[1] - height), (0, columns * cell[0] - width), (0, 0))
    return np.pad(picture, more), columns, rows


@dataclass(frozen=True)
class Graphic:
    """`data` draws a picture of so many cells: at the cursor, or for Kitty where `lines` of
    placeholders stand, in the style of number `number`.
    """

    columns: int
    rows: int
    data: str
    lines: tuple[str, ...] = ()
    number: int = 0

    def strips(self, ground: Style) -> list[Strip]:
        """What stands in the picture's cells as far as Textual knows."""
        if not self.lines:
            return [Strip.blank(self.columns, ground)] * self.rows
        number = self.number
        colour = Color.from_rgb(number >> 16 & 255, number >> 8 & 255, number & 255)
        style = ground + Style(color=colour)
        return [Strip([Segment(line, style)], self.columns) for line in self.lines]


def kitty(picture: Picture, number: int, cell: tuple[int, int]) -> Graphic:
    """A picture (h, w, 3) in Kitty's protocol, which places it where its placeholders stand.

    `number`: below 2^24; a new picture of the same number takes the old one's place.
    """
    filled, columns, rows = padded(picture, cell)
    data = io.BytesIO()
    Image.fromarray(filled).save(data, "PNG", compress_level=2)
    text = b64encode(data.getvalue()).decode()
    chunks = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    messages = []
    for place, chunk in enumerate(chunks):
        about = f"a=T,U=1,i={number},f=100,c={columns},r={rows}," if place == 0 else ""
        more = int(place < len(chunks) - 1)
        messages.append(f"\x1b_G{about}q=2,m={more};{chunk}\x1b\\")
    marks = _diacritics()
    lines = (
        "".join(f"{PLACEHOLDER}{marks[row]}{marks[column]}" for column in range(columns))
        for row in range(rows)
    )
    return Graphic(columns, rows, "".join(messages), tuple(lines), number)


def sixel(picture: Picture, cell: tuple[int, int]) -> Graphic:
    """A picture (h, w, 3) as Sixels."""
    from textual_image._sixel import image_to_sixels

    filled, columns, rows = padded(picture, cell)
    return Graphic(columns, rows, image_to_sixels(Image.fromarray(filled)))


def forget(number: int) -> str:
    """Has Kitty let go of a picture."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


@cache
def _diacritics() -> list[str]:
    """The characters that number rows and columns. Importing their module asks the terminal,
    whose answer would be taken for keys, unless there is no output.
    """
    real: Any = sys.__stdout__
    try:
        sys.__stdout__ = None  # type: ignore[misc]
        from textual_image.renderable.tgp import _NUMBER_TO_DIACRITIC
    finally:
        sys.__stdout__ = real  # type: ignore[misc]
    return [chr(code) for code in _NUMBER_TO_DIACRITIC]
