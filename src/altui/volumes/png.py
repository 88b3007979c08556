"""A PNG file as a stack of one slice."""

import struct
import warnings
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from altui.text import plain
from altui.volumes.base import Damaged, Stack, check_size, naming
from altui.volumes.png_rows import check_rows

# A PNG with damaged animation data is read as a still; Python's warning would tear the screen.
warnings.filterwarnings("ignore", "Invalid APNG", module=r"PIL\.PngImagePlugin")

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = {2: "RGB", 3: "palette-colour", 4: "grey with transparency", 6: "RGBA"}


class Header(NamedTuple):
    width: int
    height: int
    bits: int
    colour: int


class PngStack(Stack):
    """One greyscale PNG; `first` numbers the slice of a file that is part of a folder."""

    slices = 1

    def __init__(self, path: Path, first: int = 0) -> None:
        """Read the header. Raises AltuiError."""
        self.paths = (path,)
        self._first = first
        with naming(partial(self.where, 0)):
            with path.open("rb") as file:
                header = _read_header(file)
            self.height, self.width = header.height, header.width
            self.dtype = np.dtype(np.uint16 if header.bits == 16 else np.uint8)

    def where(self, index: int) -> str:
        return f"{plain(self.paths[0])}, slice {self._first + index}"

    def _read(self, index: int) -> NDArray[Any]:
        with self.paths[0].open("rb") as file:
            header = _read_header(file)
            check_rows(file)
            file.seek(0)
            # Not Image.open: its limit on pixels is a warning on stderr first.
            with PngImageFile(file) as image:
                pixels = np.array(image).astype(self.dtype, copy=False)
        if header.bits in (2, 4):
            # Pillow stretches these to 0..255; class ids must stay what they are.
            pixels //= np.uint8(255 // (2**header.bits - 1))
        return pixels

    def _verify(self, index: int) -> None:
        with self.paths[0].open("rb") as file:
            _read_header(file)
            _find_end(file)


def _read_header(file: BinaryIO) -> Header:
    """The header of a greyscale PNG. Raises Damaged for any other file."""
    head = file.read(29)
    if not head:
        raise Damaged("the file is empty")
    if head[:8] != SIGNATURE:
        raise Damaged("not a PNG file", "export it as PNG or TIFF")
    if len(head) < 29 or head[12:16] != b"IHDR":
        raise Damaged("truncated: its header is cut off")
    header = Header(*struct.unpack(">IIBB", head[16:26]))
    if header.colour:
        raise Damaged(
            f"is {COLOURS.get(header.colour, 'of an unknown colour type')}",
            "convert the slices to greyscale (masks: one class id a pixel)",
        )
    check_size(header.height, header.width)
    return header


def _find_end(file: BinaryIO) -> None:
    """Follow the chunks to the last. Raises Damaged where the file ends before it."""
    size = file.seek(0, 2)
    position = len(SIGNATURE)
    while position + 12 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        position += 12 + length
        if kind == b"IEND" and position <= size:
            return
    raise Damaged(f"truncated: the file ends at byte {size:,}, before its last chunk")
