"""NumPy's .npy: (height, width), or (slices, height, width); never pickled."""

import ast
import io
import re
from typing import Any

import numpy as np

from altui.labels.formats.base import AS_PNG, Masks, Pixels, Source, plane_of
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size

MAGIC = b"\x93NUMPY"
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


def _header(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, dtype. Raises what Python and numpy raise."""
    # Python 2 wrote `(40L, 48L)`; numpy reads that too, with a warning on the terminal.
    fields = repr(ast.literal_eval(LONG.sub(r"\1", text.decode("latin1")).strip())).encode("latin1")
    plain = io.BytesIO(len(fields).to_bytes(4, "little") + fields)
    return np.lib.format.read_array_header_2_0(plain, max_header_size=2 * MAX_HEADER)
