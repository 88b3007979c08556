"""NumPy's .npy: (height, width), (slices, height, width), or one mask with its channels last;
never pickled.
"""

import ast
import io
import re
from typing import Any

import numpy as np

from altui.labels.formats.base import AS_PNG, Masks, Pixels, Source, plane_of
from altui.labels.formats.png import split
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size

MAGIC = b"\x93NUMPY"
CHANNELS = (1, 3, 4)  # of the last axis: no slice is so narrow
MAX_HEADER = 4096
LONG = re.compile(r"(\d)L\b")


def open_npy(source: Source) -> Masks:
    """Raises Refusal, Damaged, or what numpy raises."""
    with source.path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise Damaged(f"is of .npy version {version[0]}.{version[1]}, not of numbers")
        length = int.from_bytes(file.read(2 * version[0]), "little")
        if length > MAX_HEADER:  # numpy looks at it only once it has read so much
            raise Damaged(f"claims a header of {length:,} bytes")
        shape, fortran, dtype = _header(file.read(length))
        start = file.tell()
        size = file.seek(0, 2)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise Refusal("format", f"holds {dtype.name}, not numbers; {AS_PNG}")
    if len(shape) not in (2, 3):
        raise Refusal(
            "shape", f"has {len(shape)} axes; a mask has 2, a stack 3: slices, height, width"
        )
    channels = shape[2] if len(shape) == 3 and shape[2] in CHANNELS else 0
    height, width = shape[:2] if channels else shape[-2:]
    check_size(height, width)
    if size - start < dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise Damaged("truncated: it holds fewer numbers than its header says")
    slices = shape[0] if len(shape) == 3 and not channels else 1
    if slices < 1:
        raise Damaged("holds no slice")

    def read(index: int) -> Pixels:
        part = (index,) if len(shape) == 3 and not channels else ()
        values = plane_of(source.path, dtype, start, shape, part, fortran=fortran)
        if channels == 1:
            return Pixels(values[..., 0])
        if channels and dtype != np.uint8:
            raise Refusal("rgb", f"is a {dtype} colour picture; save 8 bits a channel")
        return split(values) if channels else Pixels(values)

    return Masks(slices, ((height, width),), read)


def _header(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, dtype. Raises what Python and numpy raise."""
    # Python 2 wrote `(40L, 48L)`; numpy reads that too, with a warning on the terminal.
    fields = repr(ast.literal_eval(LONG.sub(r"\1", text.decode("latin1")).strip())).encode("latin1")
    plain = io.BytesIO(len(fields).to_bytes(4, "little") + fields)
    return np.lib.format.read_array_header_2_0(plain, max_header_size=2 * MAX_HEADER)
