"""Label Studio's brush masks, written; `formats/brush.py` reads them and says how they are."""

import numpy as np
import numpy.typing as npt

CHANNELS = 4
COUNTS = (3, 4, 8, 16)  # bits of a run's length, by its kind


def encode_brush(mask: npt.NDArray[np.bool_]) -> list[int]:
    """The bytes of a (height, width) mask, every pixel 0 or 255 in all four channels."""
    flat = mask.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths, values = _in_pieces(np.diff(starts, append=flat.size) * CHANNELS, flat[starts])
    kinds = np.searchsorted(np.array([1 << bits for bits in COUNTS]), lengths)
    head = np.concatenate(
        [_bits([flat.size * CHANNELS], 32), _bits([7], 5), _bits([b - 1 for b in COUNTS], 4)]
    )
    counts = np.array(COUNTS)[kinds]
    sizes = 1 + 2 + counts + 8
    ends = len(head) + np.cumsum(sizes)
    stream = np.zeros(int(ends[-1]), np.uint8)
    stream[: len(head)] = head
    for kind, bits in enumerate(COUNTS):
        own = np.flatnonzero(kinds == kind)
        words = ((4 + kind) << bits | lengths[own] - 1) << 8 | values[own] * 255
        size = 1 + 2 + bits + 8
        places = (ends[own] - size)[:, None] + np.arange(size)
        stream[places.ravel()] = _bits(words, size)
    return [int(byte) for byte in np.packbits(stream)]


def _in_pieces(
    lengths: npt.NDArray[np.int64], values: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs, cut where they are longer than a count can say."""
    longest = 1 << COUNTS[-1]
    pieces = -(-lengths // longest)
    cut = np.full(int(pieces.sum()), longest, np.int64)
    cut[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * longest
    return cut, np.repeat(values.astype(np.int64), pieces)


def _bits(numbers: npt.ArrayLike, size: int) -> npt.NDArray[np.uint8]:
    """Each number in `size` bits, the highest first, one after the other."""
    words = np.asarray(numbers, np.int64)[:, None]
    bits: npt.NDArray[np.uint8] = (words >> np.arange(size - 1, -1, -1) & 1).astype(np.uint8)
    return bits.ravel()
