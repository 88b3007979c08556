"""Label Studio's brush masks: runs of bytes, packed bit by bit, of an RGBA picture."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from altui.volumes.base import Damaged

CHANNELS = 4  # every pixel is written four times; the last is what was brushed


def decode_brush(rle: Sequence[int], height: int, width: int) -> npt.NDArray[np.bool_]:
    """(height, width), true where the brush was.

    The stream: how many values follow (32 bits), the bits of a value less one (5), the
    lengths of four kinds of counts less one (4 each); then runs: whether one value is
    repeated (1), the kind of count (2), the count less one, the value or values. Raises
    Damaged where it does not fill the picture exactly.
    """
    size = CHANNELS * height * width
    try:
        data = np.array(rle, np.uint8)
    except (OverflowError, ValueError, TypeError):
        raise Damaged("its brush mask is no list of bytes") from None
    if data.ndim != 1:
        raise Damaged("its brush mask is no list of bytes")
    bits = _Bits(data)
    length = bits.number(32)
    if length != size:
        raise Damaged(
            f"its brush mask is of {length:,} values, not the {size:,} of {width} x {height} pixels"
        )
    word = bits.number(5) + 1
    counts = [bits.number(4) + 1 for _ in range(4)]
    if word > 8:
        raise Damaged(f"its brush mask has values of {word} bits, not of bytes")
    out = np.empty(size, np.uint8)
    filled = 0
    while filled < size:
        repeated = bits.number(1)
        end = filled + 1 + bits.number(counts[bits.number(2)])
        if end > size:
            raise Damaged("its brush mask is longer than its picture")
        out[filled:end] = bits.number(word) if repeated else bits.numbers(end - filled, word)
        filled = end
    return out.reshape(height, width, CHANNELS)[..., 3] > 0


class _Bits:
    """Numbers one after the other from a stream of bits, the highest bit first."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._bits = np.unpackbits(data)
        self._bytes = data.tobytes()
        self._at = 0

    def number(self, width: int) -> int:
        start, self._at = self._at, self._at + width
        if self._at > len(self._bits):
            raise Damaged("truncated: its brush mask ends too early")
        last = (self._at + 7) // 8
        whole = int.from_bytes(self._bytes[start // 8 : last], "big")
        return whole >> (8 * last - self._at) & (1 << width) - 1

    def numbers(self, count: int, width: int) -> npt.NDArray[np.uint8]:
        """(count,) numbers of up to 8 bits each."""
        start, self._at = self._at, self._at + count * width
        if self._at > len(self._bits):
            raise Damaged("truncated: its brush mask ends too early")
        bits = self._bits[start : self._at].reshape(count, width)
        places = (1 << np.arange(width)[::-1]).astype(np.uint8)
        numbers: npt.NDArray[np.uint8] = (bits * places).sum(axis=1, dtype=np.uint8)
        return numbers
