"""PNG: grey of 1 to 16 bits, palette, RGB, and either with transparency."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.labels.formats.base import Masks, Pixels, Source
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size
from altui.volumes.png import SIGNATURE, PngStack
from altui.volumes.png_rows import check_rows

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def open_png(source: Source) -> Masks:
    """One mask. Raises Refusal, AltuiError, Damaged."""
    with source.path.open("rb") as file:
        head = file.read(26)
    if len(head) < 26 or not head.startswith(SIGNATURE):
        raise Damaged("truncated: its header is cut off")
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    check_size(height, width)
    bits, colour = head[24], head[25]

    def read(_: int) -> Pixels:
        if colour == GREY:
            with PngStack(source.path) as stack:
                return Pixels(stack.read(0))
        return _read_colour(source.path, bits, colour)

    return Masks(1, ((height, width),), read)


def _read_colour(path: Path, bits: int, colour: int) -> Pixels:
    from PIL.PngImagePlugin import PngImageFile

    with path.open("rb") as file:
        check_rows(file)
    with path.open("rb") as file, PngImageFile(file) as image:
        if colour == PALETTE:
            table = np.array(image.getpalette() or [], np.uint8).reshape(-1, 3)
            return Pixels(np.array(image), palette=table)
        if bits == 16:  # Pillow keeps the upper byte of each, in silence
            raise Refusal("rgb", "is a 16-bit colour picture; save it with 8 bits a channel")
        channels = np.array(image)
    if channels.ndim != 3 or channels.shape[2] not in (2, 3, 4):
        raise Damaged("is of an unknown colour type")
    return split(channels)


def split(channels: npt.NDArray[Any]) -> Pixels:
    """(height, width, 2, 3 or 4) uint8 grey or RGB, the last of 2 and 4 being opacity.

    Raises Refusal where pixels are half transparent: what they mean cannot be told.
    """
    number = channels.shape[2]
    clear = None
    if number in (2, 4):
        opacity = channels[..., -1]
        half = int(((opacity > 0) & (opacity < 255)).sum())
        if half:
            raise Refusal(
                "colours",
                f"holds {half} half transparent pixels: it is anti-aliased, or an overlay for "
                "the screen; save it without smoothing and fully opaque",
            )
        clear = opacity == 0
    values = channels[..., 0] if number == 2 else channels[..., :3]
    return Pixels(np.ascontiguousarray(values), clear=clear)
