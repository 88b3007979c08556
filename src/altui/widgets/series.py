"""What a chart shows: named lines, what lies about them, and named levels."""

import math
from dataclasses import dataclass
from typing import Final

_LARGEST: Final = 1e12
"""Greater numbers are no measurements, and their differences need not be finite."""


Range = tuple[float, float, float]
"""(x, low, high)."""


@dataclass(frozen=True)
class Series:
    """A named line; a point is (x, y), and one whose y is None or NaN is left out.

    `ranges`: (x, low, high) drawn as upright lines through the points; `marked`: each point has
    a mark, rather than the last one only; `class_id`: the class whose colour it has.
    """

    name: str
    points: tuple[tuple[float, float | None], ...]
    ranges: tuple[Range, ...] = ()
    marked: bool = True
    class_id: int | None = None

    def measured(self) -> tuple[tuple[float, float], ...]:
        """The points that can be drawn, by x."""
        return tuple(
            sorted((float(x), float(y)) for x, y in self.points if y is not None and usable(x, y))
        )


@dataclass(frozen=True)
class Guide:
    """A dashed line that stands back, without marks; `band`: (x, low, high) along it.

    Long dashes tell it from others.
    """

    points: tuple[tuple[float, float], ...]
    band: tuple[Range, ...] = ()
    long: bool = False

    @property
    def is_usable(self) -> bool:
        return all(usable(*each) for each in (*self.points, *self.band))


@dataclass(frozen=True)
class Reference:
    """A named horizontal line, such as the mIoU with every slice labelled."""

    name: str
    value: float


def usable(*numbers: float) -> bool:
    """Whether all `numbers` can be drawn."""
    return all(math.isfinite(number) and abs(number) < _LARGEST for number in numbers)
