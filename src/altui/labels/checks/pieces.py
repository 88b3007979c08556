"""Small islands and holes: slips of the brush, mostly."""

import numpy as np
import numpy.typing as npt

from altui.labels.checks.remark import Remark
from altui.labels.runs import Numbers, Runs
from altui.text import count

SMALL_SHARE = 2e-5  # of the slice; 29 pixels of 1,200 × 1,200
LEAST = 2  # pixels that are small in any slice


def check_pieces(runs: Runs, ignore: int) -> Remark | None:
    """How many small pieces of a class, and small holes filled with background, there are."""
    small = max(LEAST, int(SMALL_SHARE * runs.shape[0] * runs.shape[1]))
    values, _ = small_pieces(runs, small)
    holes = int(np.count_nonzero(values == 0))
    islands = int(np.count_nonzero((values != 0) & (values != ignore)))
    if not (islands or holes):
        return None
    told = [count(islands, "island")] * bool(islands) + [count(holes, "hole")] * bool(holes)
    return Remark(
        "islands",
        f"{' and '.join(told)} of {small} pixels at most",
        {"islands": islands, "holes": holes},
    )


def small_pieces(runs: Runs, small: int) -> tuple[npt.NDArray[np.integer], Numbers]:
    """(n,) class id and (n,) pixels of the pieces, connected over edges and corners, that have
    at most `small` pixels.

    All runs of such a piece are short, and touch no long one. Short runs that touch are joined,
    each set taking the lowest number of its runs.
    """
    width, lengths = runs.shape[1], runs.lengths
    short = np.flatnonzero(lengths <= small)
    places = np.empty(len(lengths), np.int64)
    places[short] = np.arange(len(short))
    lower, upper = _touching(runs, short, -width)
    linked = lengths[upper] <= small
    roots = _joined(len(short), places[upper[linked]], places[lower[linked]])
    sizes = np.bincount(roots, weights=lengths[short], minlength=len(short)).astype(np.int64)
    sizes[roots[places[lower[~linked]]]] = small + 1
    # Only of what is left does it matter that a long run may be below.
    left = np.flatnonzero(sizes[roots] <= small)
    upper, lower = _touching(runs, short[left], width)
    sizes[roots[places[upper[lengths[lower] > small]]]] = small + 1
    own = left[(roots[left] == left) & (sizes[roots[left]] <= small)]
    return runs.values[short[own]], sizes[own]


def _touching(runs: Runs, chosen: Numbers, offset: int) -> tuple[Numbers, Numbers]:
    """Pairs, one of `chosen` and a run of its value that it touches, by an edge or a corner, in
    the row above (`offset`: minus the width) or below (the width).
    """
    (height, width), starts = runs.shape, runs.starts
    begin = starts[chosen]
    one = chosen[begin >= width if offset < 0 else begin < width * (height - 1)]
    ends = starts + runs.lengths
    begin, end = starts[one], ends[one]
    other = np.searchsorted(starts, begin + offset - (begin % width > 0), side="right") - 1
    last = end + offset - (end % width == 0)
    values = runs.values[one]
    ones, others = [one[:0]], [one[:0]]
    while one.size:
        same = np.flatnonzero(runs.values[other] == values)
        ones.append(one[same])
        others.append(other[same])
        more = np.flatnonzero(ends[other] <= last)  # the next one is touched, too
        one, other, last, values = one[more], other[more] + 1, last[more], values[more]
    return np.concatenate(ones), np.concatenate(others)


def _joined(number: int, upper: Numbers, lower: Numbers) -> Numbers:
    """(number,) the lowest member of each member's set, where pairs are of one set and all of
    `lower` are above those of `upper`.
    """
    roots = np.arange(number)
    roots[lower] = upper  # by any one above, most are joined at once
    one, other = upper, lower
    while True:
        while True:  # every member to its set's lowest, by jumps
            jumped = roots[roots]
            if np.array_equal(jumped, roots):
                break
            roots = jumped
        low, high = np.minimum(roots[one], roots[other]), np.maximum(roots[one], roots[other])
        apart = low != high
        if not apart.any():
            return roots
        one, other, low, high = one[apart], other[apart], low[apart], high[apart]
        np.minimum.at(roots, high, low)
