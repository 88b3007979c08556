"""Half cells to strips of equal cells, within what a picture may cost on the line."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

BYTES_PER_CELL: Final = 10
BYTES_ALWAYS: Final = 12_000
"""What a picture may cost on the line, 13 KB at 60 × 22; a noisier one is drawn smoother."""

# In grey levels. Within a span of 1, a run is as exact as rounding each cell would be.
_SPANS: Final = (1.0, 1.5, 2.0, 2.5, 3.0)

Values = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int16]


def within_budget(cells: Values) -> Codes:
    """The most faithful rounding of `cells` (2, rows, columns) that its budget allows."""
    budget = max(BYTES_PER_CELL * cells[0].size, BYTES_ALWAYS)
    for span in _SPANS:
        rounded = _rounded(cells, span)
        if _cost(rounded) <= budget:
            break
    return rounded


def _rounded(cells: Values, span: float) -> Codes:
    """`cells` (2, rows, columns) in runs along the rows, each run at the middle of its values.

    A run goes on while its values span at most `span` in the upper and in the lower
    half. Equal neighbours are sent as one, so these bins, laid anew for each run, cost
    a quarter less than the fixed ones of plain rounding, and draw no contours.
    """
    lowest, highest = cells.copy(), cells.copy()
    starts = np.ones(cells.shape[1:], bool)
    for column in range(1, cells.shape[2]):
        here = cells[..., column]
        low = np.minimum(lowest[..., column - 1], here)
        high = np.maximum(highest[..., column - 1], here)
        goes_on = (high - low <= span).all(axis=0)
        starts[:, column] = ~goes_on
        lowest[..., column] = np.where(goes_on, low, here)
        highest[..., column] = np.where(goes_on, high, here)
    first = np.append(np.flatnonzero(starts), starts.size)
    # The last cell of a run has the extremes of all of it.
    middles = np.rint((lowest + highest).reshape(2, -1)[:, first[1:] - 1] / 2)
    return np.repeat(middles, np.diff(first), axis=1).reshape(cells.shape).astype(np.int16)


def _cost(cells: Codes) -> int:
    """About how many bytes `cells` (2, rows, columns) take on the line."""
    starts = np.ones(cells.shape[1:], bool)
    starts[:, 1:] = (cells[..., 1:] != cells[..., :-1]).any(axis=0)
    two_colours = cells[0] != cells[1]
    # ESC[48;5;240m, a reset and one more colour; a space is 1 byte and a half block 3.
    return int(15 * starts.sum() + 9 * (starts & two_colours).sum() + (1 + 2 * two_colours).sum())


def strips_of(codes: Codes, ground: Style) -> list[Strip]:
    """Strips of (2, rows, columns) 256-colour codes, equal cells merged into one segment.

    -1 leaves a half cell clear, in the style of `ground`.
    """
    upper, lower = codes
    pairs = upper.astype(np.int32) * 512 + lower
    return [_strip(*row, ground) for row in zip(pairs, upper, lower, strict=True)]


def _strip(pairs: npt.NDArray[np.int32], upper: Codes, lower: Codes, ground: Style) -> Strip:
    columns = len(pairs)
    starts = np.flatnonzero(np.diff(pairs, prepend=pairs[0] - 1)).tolist()
    stops = [*starts[1:], columns]
    tops, bottoms = upper[starts].tolist(), lower[starts].tolist()
    return Strip(
        [
            Segment((" " if top == bottom else "▀") * (stop - start), _style(top, bottom, ground))
            for start, stop, top, bottom in zip(starts, stops, tops, bottoms, strict=True)
        ],
        columns,
    )


@lru_cache(65536)
def _style(top: int, bottom: int, ground: Style) -> Style:
    """The style of a cell; a cell of one colour is a space, which needs no foreground."""
    foreground = Color.from_ansi(top) if top != bottom else None
    if bottom < 0:
        return ground + Style(color=foreground)
    return Style(color=foreground, bgcolor=Color.from_ansi(bottom))
