"""Stand-in stacks: TIFFs of hundreds of full-size slices in a few hundred kilobytes.

A few different pictures are stored, and every page points to one of them, so that a slice
is read and decoded as any other, and only the disk is spared.
"""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIDE = 1200  # pixels
PICTURES = 6  # different ones in a stack
GREYS = np.array([40, 110, 150, 210], np.uint16) << 8  # of the classes

Image = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.uint8]


def pictures(seed: int) -> list[tuple[Image, Mask]]:
    """(SIDE, SIDE) 16-bit images of a threaded screw in bone, and their masks: 0 background,
    1 bone, 2 the thin degradation layer, 3 implant.
    """
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32) - SIDE / 2
    distance, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    found = []
    for number in range(PICTURES):
        thread = 170 + 22 * np.cos(angle * 9 + number)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[distance < 470 + 30 * np.sin(3 * angle + number)] = 1
        mask[distance < thread + 12] = 2
        mask[distance < thread] = 3
        # Noise in blocks of four, which a compressor can shorten, and an eye still sees.
        noise = generator.integers(-6, 7, (SIDE // 4, SIDE // 4)).repeat(4, 0).repeat(4, 1)
        found.append(((GREYS[mask] + (noise << 8)).astype(np.uint16), mask))
    return found


def write_stack(path: Path, stored: Sequence[npt.NDArray[np.unsignedinteger]], slices: int) -> None:
    """A TIFF of `slices` pages, each of which is one of the `stored` images, in turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = stored[0].shape
    body, places = bytearray(), []
    for image in stored:
        data = zlib.compress(image.tobytes(), 1)
        places.append((8 + len(body), len(data)))
        body += data + b"\0" * (len(data) % 2)
    first = 8 + len(body)
    size = 2 + 12 * 10 + 4
    for page in range(slices):
        offset, length = places[page % len(places)]
        tags = (
            *((256, width), (257, height), (258, 8 * stored[0].itemsize), (259, 8), (262, 1)),
            *((273, offset), (277, 1), (278, height), (279, length), (339, 1)),
        )
        following = first + size * (page + 1) if page + 1 < slices else 0
        body += struct.pack("<H", len(tags))
        body += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        body += struct.pack("<I", following)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, first) + body)
