"""Whether a PNG holds every row that its header claims, told before memory is reserved.

Pillow takes the rows that are missing for black, and reserves whatever a header claims.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from altui.volumes.base import Damaged

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Adam7's passes over the picture: first column and row, steps between columns and rows.
PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
PIECE = 1 << 16


def check_rows(file: BinaryIO) -> None:
    """Raise Damaged, or what zlib raises, unless the compressed rows are all there."""
    file.seek(16)
    head = file.read(13)
    width, height, bits, colour, *_, interlaced = struct.unpack(">IIBBBBB", head)
    pixel = bits * CHANNELS.get(colour, 4)
    claimed = _bytes(width, height, pixel, bool(interlaced))
    left, inflate = claimed, zlib.decompressobj()
    for piece in _compressed(file):
        while piece and left > 0 and not inflate.eof:
            left -= len(inflate.decompress(piece, PIECE))
            piece = inflate.unconsumed_tail
        if left <= 0:
            return
    raise Damaged(f"truncated: its pixels should be {claimed:,} bytes, and {left:,} are missing")


def _bytes(width: int, height: int, pixel: int, interlaced: bool) -> int:
    """Of the rows before compression, each with a byte that says how it is filtered; `pixel`
    in bits.
    """
    total = 0
    for left, top, right, down in PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * pixel + 7) // 8)
    return total


def _compressed(file: BinaryIO) -> Iterator[bytes]:
    """What the IDAT chunks hold, in pieces. Raises Damaged for a second header."""
    position = 8
    while True:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IHDR" and position > 8:  # Pillow would believe the last one
            raise Damaged("has more than one header")
        position += 12 + length
        while kind == b"IDAT" and length:
            piece = file.read(min(length, PIECE))
            if not piece:
                return
            length -= len(piece)
            yield piece
