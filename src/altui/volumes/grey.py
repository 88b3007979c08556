"""Which pages are greyscale images that altui reads, and as what."""

from typing import Any

import numpy as np

from altui.text import count
from altui.volumes.base import Damaged, Stack
from altui.volumes.page import Form

PALETTE = 3
COLOURS = {2: "RGB", 3: "palette-colour", 5: "CMYK", 6: "YCbCr", 8: "Lab", 9: "Lab", 10: "Lab"}
KINDS = {2: "integer", 3: "float", 5: "complex", 6: "complex"}


def dtype_of(form: Form, indices: bool = False) -> np.dtype[Any]:
    """The dtype of a greyscale page's pixels, native, or with `indices` also of a palette's.
    Raises Damaged for any other page.
    """
    colour = COLOURS.get(form.photometric)
    if indices and form.photometric == PALETTE:
        colour = None
    if form.samples != 1 or colour:
        raise Damaged(
            f"is {colour or 'not greyscale'}, with {count(form.samples, 'value')} a pixel",
            "convert the stack to greyscale (masks: one class id a pixel)",
        )
    if form.depth > 1:
        raise Damaged("holds a volume in one page", "export one page a slice")
    match form.sample_format:
        case 1 | 4 if 1 <= form.bits <= 16 or form.bits in (32, 64):
            # Packed values, such as 1-bit masks and 12-bit cameras', take the next whole type.
            return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if form.bits <= 8 * size)}")
        case 2 if form.bits in (8, 16, 32, 64):
            return np.dtype(f"i{form.bits // 8}")
        case 3 if form.bits in (16, 32, 64):
            return np.dtype(f"f{form.bits // 8}")
    raise Damaged(
        f"has {form.bits}-bit {KINDS.get(form.sample_format, 'unsigned')} pixels, which altui "
        "does not read",
        "convert the stack to 8-bit, 16-bit or 32-bit float",
    )


def require_alike(stack: Stack, dtype: np.dtype[Any], height: int, width: int) -> None:
    """Raise Damaged unless a slice has the shape and dtype of its stack."""
    if (dtype, height, width) != (stack.dtype, stack.height, stack.width):
        raise Damaged(
            f"is {width} x {height} {dtype}, but slice 0 is "
            f"{stack.width} x {stack.height} {stack.dtype}",
            "every slice of a stack must have the same size and type",
        )
