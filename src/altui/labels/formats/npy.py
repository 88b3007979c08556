"""NumPy's .npy: (height, width), or (slices, height, width); never pickled."""

import numpy as np

from altui.labels.formats.base import AS_PNG, Masks, Pixels, Source, plane_of
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size

MAGIC = b"\x93NUMPY"
MAX_HEADER = 4096


def open_npy(source: Source) -> Masks:
    """Raises Refusal, Damaged, or what numpy raises."""
    with source.path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise Damaged(f"is of .npy version {version[0]}.{version[1]}, not of numbers")
        # numpy looks at the length only once it has read so much.
        length = int.from_bytes(file.read(2 * version[0]), "little")
        if length > MAX_HEADER:
            raise Damaged(f"claims a header of {length:,} bytes")
        file.seek(len(MAGIC) + 2)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = header(file, max_header_size=MAX_HEADER)
        start = file.tell()
        size = file.seek(0, 2)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise Refusal("format", f"holds {dtype.name}, not numbers; {AS_PNG}")
    if len(shape) not in (2, 3):
        raise Refusal(
            "shape", f"has {len(shape)} axes; a mask has 2, a stack 3: slices, height, width"
        )
    check_size(*shape[-2:])
    if size - start < dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise Damaged("truncated: it holds fewer numbers than its header says")
    slices = shape[0] if len(shape) == 3 else 1
    if slices < 1:
        raise Damaged("holds no slice")

    def read(index: int) -> Pixels:
        part = (index,) if len(shape) == 3 else ()
        return Pixels(plane_of(source.path, dtype, start, shape, part, fortran=fortran))

    return Masks(slices, ((shape[-2], shape[-1]),), read)
