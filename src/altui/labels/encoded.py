"""A label's file: a TIFF of one page, the same bytes for the same mask."""

import hashlib
import io
import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from altui.labels.kept import LABELS, place
from altui.labels.runs import Runs

PACKBITS, DEFLATE = 32773, 8
LONGEST = 128  # pixels that a packet of PackBits can repeat
CROWDED = 16  # pixels to a run: where there are fewer, deflate packs far better
SHORT, LONG = 3, 4  # TIFF's field types
SHORTS = (258, 259, 262, 277)  # tags


@dataclass(frozen=True)
class Encoded:
    """A label's file as it is to be written."""

    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def path(self) -> str:
        """Relative to the project."""
        return place(LABELS, self.sha256, ".tif")

    def mask(self) -> npt.NDArray[np.integer]:
        """(height, width) class ids."""
        import tifffile

        return tifffile.imread(io.BytesIO(self.data))


def encode(runs: Runs) -> Encoded:
    """A mask of class ids as an 8-bit (16-bit where needed) TIFF. It is packed by PackBits, which
    takes no more than its runs, and any TIFF reader knows; or, with many short ones, by deflate.
    """
    height, width = runs.shape
    if runs.values.max() < 256 and len(runs.values) * CROWDED <= height * width:
        return Encoded(_tiff(runs.shape, 8, PACKBITS, _packbits(runs)))
    import imagecodecs

    bits = 8 if runs.values.max() < 256 else 16
    pixels = np.repeat(runs.values.astype(f"<u{bits // 8}"), runs.lengths)
    deflated = imagecodecs.zlibng_encode(pixels.data, level=2)  # type: ignore[arg-type]
    return Encoded(_tiff(runs.shape, bits, DEFLATE, bytes(deflated)))


def _packbits(runs: Runs) -> bytes:
    """For each run packets of two bytes: how often the second is to be repeated."""
    packets = -(-runs.lengths // LONGEST)
    ends = np.cumsum(packets) - 1
    packed = np.empty((int(packets.sum()), 2), np.uint8)
    packed[:, 0] = 257 - LONGEST
    packed[ends, 0] = 257 - (runs.lengths - (packets - 1) * LONGEST) & 0xFF
    packed[:, 1] = np.repeat(runs.values, packets)
    return packed.tobytes()


def _tiff(shape: tuple[int, int], bits: int, compression: int, data: bytes) -> bytes:
    """The pixels in one strip, behind the directory."""
    height, width = shape
    tags = {256: width, 257: height, 258: bits, 259: compression, 262: 1}
    tags |= {273: 0, 277: 1, 278: height, 279: len(data)}
    tags[273] = 8 + 2 + 12 * len(tags) + 4  # where the strip starts
    fields = (
        struct.pack("<HHII", tag, SHORT if tag in SHORTS else LONG, 1, value)
        for tag, value in tags.items()
    )
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(fields) + bytes(4) + data
