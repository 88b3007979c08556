"""Small islands and holes: slips of the brush, mostly."""

import numpy as np
import numpy.typing as npt

from altui.labels.checks.remark import Remark
from altui.text import count

SMALL_SHARE = 2e-5  # of the slice; 29 pixels of 1,200 × 1,200
LEAST = 2  # pixels that are small in any slice


def check_pieces(mask: npt.NDArray[np.integer], ignore: int) -> Remark | None:
    """How many small pieces of a class, and small holes filled with background, there are."""
    small = max(LEAST, int(SMALL_SHARE * mask.size))
    values, sizes = pieces(mask)
    few = sizes <= small
    holes = int(np.count_nonzero(few & (values == 0)))
    islands = int(np.count_nonzero(few & (values != 0) & (values != ignore)))
    if not (islands or holes):
        return None
    told = [count(islands, "island")] * bool(islands) + [count(holes, "hole")] * bool(holes)
    return Remark(
        "islands",
        f"{' and '.join(told)} of {small} pixels at most",
        {"islands": islands, "holes": holes},
    )


def pieces(
    mask: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.int64]]:
    """(n,) class id and (n,) pixels of each connected piece, over edges and corners.

    By runs of equal pixels in a row: those of neighbouring rows that touch and are of one
    class are joined, each piece taking the lowest number of its runs.
    """
    width = mask.shape[1]
    flat = mask.ravel()
    begins = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[::width] = True
    starts = np.flatnonzero(begins)
    lengths = np.diff(starts, append=flat.size)
    values = flat[starts]
    upper, lower = _touching(starts, lengths, values, width)
    roots = _joined(len(starts), upper, lower)
    sizes = np.bincount(roots, weights=lengths, minlength=len(starts)).astype(np.int64)
    own = roots == np.arange(len(starts))
    return values[own], sizes[own]


def _touching(
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    values: npt.NDArray[np.integer],
    width: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of runs of equal value, one above the other, that share an edge or a corner."""
    rows = starts // width
    left, right = starts % width, starts % width + lengths - 1
    # Runs of the row above that end at or after the left neighbour, begin at or before the right.
    above = (rows - 1) * width
    first = np.searchsorted(starts + lengths - 1, above + np.maximum(left - 1, 0))
    last = np.searchsorted(starts, above + np.minimum(right + 1, width - 1), side="right")
    numbers = np.where(rows > 0, last - first, 0)
    lower = np.repeat(np.arange(len(starts)), numbers)
    offsets = np.arange(numbers.sum()) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    upper = first[lower] + offsets
    same = values[upper] == values[lower]
    return upper[same], lower[same]


def _joined(
    number: int, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(number,) the lowest member of each member's set, where pairs are of one set."""
    roots = np.arange(number)
    while one.size:
        low, high = np.minimum(roots[one], roots[other]), np.maximum(roots[one], roots[other])
        apart = low != high
        one, other, low, high = one[apart], other[apart], low[apart], high[apart]
        np.minimum.at(roots, high, low)
        while True:  # every member to its set's lowest, by jumps
            jumped = roots[roots]
            if np.array_equal(jumped, roots):
                break
            roots = jumped
    return roots
