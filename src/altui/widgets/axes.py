"""Ranges, ticks and labels of a chart's axes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

MIN_SPAN = 0.02
"""The least height of the y axis in mIoU; finer, noise would look like progress."""

_NEAR = 0.15


class Axis(NamedTuple):
    """A range with its ticks, which lie within it, ascending."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def dot(self, value: float, dots: int) -> int:
        """Where `value` lies among `dots` positions from low to high."""
        if self.high <= self.low:
            return (dots - 1) // 2
        return round((value - self.low) / (self.high - self.low) * (dots - 1))


def value_axis(values: Sequence[float], rows: int) -> Axis:
    """A y axis over `values`, `rows` cells high: round ticks at least two rows apart."""
    low, high = min(values), max(values)
    room = max(MIN_SPAN - (high - low), 0.0) / 2
    if low >= 0 and high <= 1:
        low, high = max(low - room, 0.0), min(high + room, 1.0)
    else:
        low, high = low - room, high + room
    step = _round_up(2 * (high - low) / max(rows, 2))
    # A tick just outside the data is worth the little room it takes.
    first, last = math.ceil(low / step - _NEAR), math.floor(high / step + _NEAR)
    if last <= first:
        # One tick gives no scale: reach out to the ticks around the data.
        first, last = math.floor(low / step + _NEAR), math.ceil(high / step - _NEAR)
    ticks = tuple(n * step for n in range(first, last + 1))
    return Axis(min(low, ticks[0]), max(high, ticks[-1]), ticks)


def _round_up(number: float) -> float:
    """The least of 1, 2 or 5 × 10ⁿ that is not less than `number`."""
    exponent = math.floor(math.log10(number))
    unit = float(f"1e{exponent}")  # exact where 10.0**-2 is not
    return next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= number * (1 - 1e-9))


def value_labels(axis: Axis) -> list[str]:
    """A text for each tick, such as '.65'; at least two decimals below 1."""
    step = axis.ticks[1] - axis.ticks[0] if len(axis.ticks) > 1 else 1.0
    # 1e-6: 0.05 - 0.04 is a little less than 0.01 and must not ask for a third decimal.
    decimals = max(math.ceil(-math.log10(step) - 1e-6), 2 if step < 1 else 0)
    return [value_label(tick, decimals) for tick in axis.ticks]


def value_label(value: float, decimals: int) -> str:
    """'.65' for 0.65."""
    if abs(value) >= 1e5:
        return f"{value:.2g}"
    text = f"{value + 0.0:.{decimals}f}"
    return text.replace("0.", ".", 1) if 0 < abs(float(text)) < 1 else text


def count_label(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e7 else f"{value:.3g}"


def thinned_labels(places: Sequence[tuple[int, str]], columns: int) -> list[tuple[int, str]]:
    """(start column, text) of the labels that fit side by side in `columns` cells.

    `places` has each label's middle, ascending. The last one always stays, the others
    at a regular stride before it: the least that fits, or up to twice that where the
    first one stays too.
    """
    fitting = (
        every for every in range(1, len(places) + 1) if _placed(places[::-1][::every], columns)
    )
    least = next(fitting, None)
    if least is None:
        return []
    whole = (every for every in fitting if (len(places) - 1) % every == 0 and every <= 2 * least)
    every = least if (len(places) - 1) % least == 0 else next(whole, least)
    return _placed(places[::-1][::every], columns)


def _placed(places: Sequence[tuple[int, str]], columns: int) -> list[tuple[int, str]]:
    """Labels, last first, around their middles and inside the chart; empty if they touch."""
    placed = [
        (min(max(middle - (len(text) - 1) // 2, 0), columns - len(text)), text)
        for middle, text in reversed(places)
    ]
    apart = all(
        start + len(text) < after
        for (start, text), (after, _) in zip(placed, placed[1:], strict=False)
    )
    return placed if apart and all(start >= 0 for start, _ in placed) else []
