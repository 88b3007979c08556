"""LZW strips and tiles, looked over before they are decoded.

The code after a CLEAR must be a literal one. imagecodecs (to 2026.3.6 at least) does not
check that, and follows pointers it never set: a damaged file ends the whole process.
"""

import numpy as np
from numpy.typing import NDArray

from altui.volumes.base import Damaged

CLEAR, END = 256, 257
CODES = 4096  # more never follow each other without a CLEAR: the table is full before
# Codes since the last CLEAR at which they become wider: from 9 bits to 10, 11 and 12.
WIDENED = (254, 766, 1790)


def check_lzw(data: bytes, reversed_bits: bool = False) -> None:
    """Raise Damaged where a code after a CLEAR is not a literal; `data` is one strip or tile.

    All else that may be wrong, the decoder finds itself.
    """
    values = np.frombuffer(data, np.uint8)
    if reversed_bits:
        values = np.packbits(np.unpackbits(values, bitorder="little"))
    old = len(values) > 1 and not values[0] and bool(values[1] & 1)  # before TIFF 5.0
    size = 8 * len(values)
    padded = np.concatenate([values, np.zeros(3, np.uint8)]).astype(np.int64)
    starts, widths = (OLD_STARTS, OLD_WIDTHS) if old else (STARTS, WIDTHS)
    at = 9  # bits; the decoder insists on a CLEAR first
    while at + 9 <= size:
        first = int(_codes(padded, at + starts[:1], widths[:1], old)[0])
        if first > END:
            raise Damaged("its LZW data is damaged: a first code is not a literal")
        if first == END:
            return
        if first == CLEAR:
            at += 9
            continue
        ends = at + starts + widths
        held = int(np.searchsorted(ends, size, side="right"))
        codes = _codes(padded, at + starts[:held], widths[:held], old)
        stops = np.flatnonzero((codes == CLEAR) | (codes == END))
        if not stops.size or codes[stops[0]] == END:
            return
        at = int(ends[stops[0]])


def _codes(
    padded: NDArray[np.int64], at: NDArray[np.int64], widths: NDArray[np.int64], old: bool
) -> NDArray[np.int64]:
    """The codes, (n,), that start at bits `at` of the bytes."""
    byte, bit = at >> 3, at & 7
    first, second, third = padded[byte], padded[byte + 1], padded[byte + 2]
    words = first | second << 8 | third << 16 if old else first << 16 | second << 8 | third
    shift = bit if old else 24 - bit - widths
    codes: NDArray[np.int64] = words >> shift & (1 << widths) - 1
    return codes


def _places(late: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the codes after a CLEAR start, in bits from there, and their widths: each (CODES,)."""
    widths = 9 + np.searchsorted(np.array(WIDENED) + late, np.arange(CODES), side="right")
    return np.cumsum(widths) - widths, widths


STARTS, WIDTHS = _places(0)
OLD_STARTS, OLD_WIDTHS = _places(1)  # widened one code later
