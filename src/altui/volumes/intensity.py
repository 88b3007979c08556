"""Grey values to what a screen or an 8-bit picture can show."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from altui.volumes.base import Stack

PIXELS_A_SLICE = 1 << 16  # enough for percentiles
LIMIT = 1e300  # beyond it, differences of float64 overflow


@dataclass(frozen=True)
class Window:
    """The grey values shown as black (`low`) and white (`high`), in the stack's own units."""

    low: float
    high: float

    def to_uint8(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """Clip and scale to 0..255, same shape, from any real dtype; NaN becomes 0."""
        grey = image.astype(np.float64)
        grey[np.isnan(grey)] = self.low
        np.clip(grey, self.low, self.high, out=grey)
        grey -= self.low
        grey /= self.high - self.low
        grey *= 255
        return np.rint(grey, out=grey).astype(np.uint8)


def window_of(
    stack: Stack, percentiles: tuple[float, float] = (0.5, 99.5), slices: int = 9
) -> Window:
    """A window from evenly spaced slices, subsampled; NaN and infinities do not count.

    Raises AltuiError where a slice cannot be read.
    """
    return _window(_values(stack, slices), percentiles)


def window_of_slice(image: NDArray[Any], percentiles: tuple[float, float] = (0.5, 99.5)) -> Window:
    """A window for one (height, width) slice alone."""
    return _window(_sample(image), percentiles)


def range_of_slice(image: NDArray[Any]) -> Window:
    """From the least to the greatest finite value of a (height, width) slice."""
    values = image[np.isfinite(image)] if image.dtype.kind == "f" else image.ravel()
    ends = [values.min(), values.max()] if values.size else []
    return _window(np.clip(np.array(ends, np.float64), -LIMIT, LIMIT), (0, 100))


def finite(image: NDArray[Any], window: Window) -> NDArray[Any]:
    """The image, where it is of floats as float32 without NaN (black) and infinities."""
    if image.dtype.kind != "f":
        return image
    edges = {"nan": window.low, "posinf": window.high, "neginf": window.low}
    with np.errstate(over="ignore"):
        single = image.astype(np.float32)
    return np.clip(np.nan_to_num(single, copy=False, **edges), -1e30, 1e30)


def _values(stack: Stack, slices: int) -> NDArray[np.float64]:
    indices = np.unique(np.linspace(0, stack.slices - 1, min(slices, stack.slices)).round())
    return np.concatenate([_sample(stack.read(int(index))) for index in indices])


def _window(values: NDArray[np.float64], percentiles: tuple[float, float]) -> Window:
    if not values.size:
        return Window(0.0, 1.0)
    low, high = (float(value) for value in np.percentile(values, percentiles))
    if low == high:
        # Almost all pixels are alike; what little differs is what there is to see.
        low, high = float(values.min()), float(values.max())
    if low == high:
        high = low + max(1.0, abs(low) * 1e-6)
    return Window(low, high)


def _sample(image: NDArray[Any]) -> NDArray[np.float64]:
    """Some of the image's finite pixels, (n,), spread evenly."""
    step = max(1, int((image.size / PIXELS_A_SLICE) ** 0.5))
    values = image[::step, ::step].astype(np.float64).ravel()
    return np.clip(values[np.isfinite(values)], -LIMIT, LIMIT)
