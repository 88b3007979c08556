"""Grey values of a sample, made alike from sample to sample."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from altui.volumes.intensity import window_of
from altui.volumes.stack import Stack

FloatArray = npt.NDArray[np.float32]

PERCENTILES = (0.5, 99.5)
MARGIN = 0.25  # of the window's width, kept on each side of it before clipping
SPAN = 4.0  # the window becomes -2..2: about zero mean, unit variance


@dataclass(frozen=True)
class Normaliser:
    """Maps the grey values `low`..`high` of one sample to -2..2.

    The window comes from percentiles of a few slices, so that 8-bit, 16-bit and float
    data of any scale, with any hot pixels, come out alike; a material keeps one value
    throughout its sample, which a mean and deviation of each slice would not do.
    """

    low: float
    high: float

    def __call__(self, values: npt.NDArray[np.generic]) -> FloatArray:
        """Values of any dtype and shape to float32 in -3..3; what is not a number is low."""
        limit = SPAN * (0.5 + MARGIN)
        with np.errstate(over="ignore", invalid="ignore"):  # infinities are clipped below
            # float64 on the way would double the memory of a large slice
            result = np.asarray(values, dtype=np.float32) - np.float32((self.low + self.high) / 2)
            result *= np.float32(SPAN / (self.high - self.low))
        np.nan_to_num(result, copy=False, nan=-SPAN / 2, posinf=limit, neginf=-limit)
        return np.clip(result, -limit, limit, out=result)

    def describe(self) -> dict[str, float]:
        """For the checkpoint."""
        return {"low": self.low, "high": self.high, "margin": MARGIN, "span": SPAN}


def normaliser_of(stack: Stack) -> Normaliser:
    """The normaliser of a sample; reads nine of its slices."""
    window = window_of(stack, percentiles=PERCENTILES, slices=9)
    return Normaliser(float(window.low), float(window.high))
