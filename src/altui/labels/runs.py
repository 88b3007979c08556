"""A mask as its runs of equal pixels: all that counting, joining and storing need to look at."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class Runs(NamedTuple):
    """Runs of equal pixels in a row, each (n,), in reading order: where in the flattened mask
    they start, how many pixels long they are, and which value they have.
    """

    shape: tuple[int, int]  # of the mask
    starts: Numbers
    lengths: Numbers
    values: npt.NDArray[np.integer]

    def counts(self) -> Counter[int]:
        """Pixels of each value that occurs."""
        values, places = self.values, self.values
        if values.dtype == np.uint8:
            values = np.arange(256, dtype=np.uint8)
        else:
            values, places = np.unique(values, return_inverse=True)
        pixels = np.bincount(places, weights=self.lengths, minlength=len(values))
        found = np.flatnonzero(pixels)
        return Counter({int(values[one]): int(pixels[one]) for one in found})


def runs_of(mask: npt.NDArray[np.integer]) -> Runs:
    """`mask`: (height, width)."""
    height, width = mask.shape
    flat = mask.ravel()
    begins = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[::width] = True
    starts = np.flatnonzero(begins)
    return Runs((height, width), starts, np.diff(starts, append=flat.size), flat[starts])
