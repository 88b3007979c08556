"""Stacks to open: real files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from altui.errors import AltuiError
from altui.volumes.stack import Stack, open_stack


def volume(dtype: Any = np.uint16, slices: int = 6, height: int = 40, width: int = 33) -> Any:
    """(slices, height, width), every slice different and every pixel in range."""
    values = np.arange(slices * height * width).reshape(slices, height, width) % 251
    return (values + np.arange(slices)[:, None, None] % 4).astype(dtype)


def write_slices(folder: Path, volume: NDArray[Any], name: str = "slice_{:04d}.tif") -> None:
    folder.mkdir(exist_ok=True)
    for index, image in enumerate(volume):
        tifffile.imwrite(folder / name.format(index), image)


def refusal(path: Path, pattern: str = "") -> AltuiError:
    """The error that opening `path`, or `pattern` in it, ends with."""
    with pytest.raises(AltuiError) as caught:
        open_stack(path if pattern else path.parent, pattern or path.name).close()
    return caught.value


def assert_holds(stack: Stack, volume: NDArray[Any]) -> None:
    """The stack has the volume's slices, whole, native and the caller's own."""
    with stack:
        assert (stack.slices, stack.height, stack.width) == volume.shape
        assert stack.dtype == volume.dtype.newbyteorder("=")
        for index, expected in enumerate(volume):
            image = stack.read(index)
            assert image.dtype.isnative
            assert image.dtype == stack.dtype
            assert image.flags.writeable
            np.testing.assert_array_equal(image, expected)
