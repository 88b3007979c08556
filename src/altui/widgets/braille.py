"""Lines drawn with the dots of braille characters, 2 × 4 to a cell."""

from collections.abc import Iterator, Sequence
from typing import Final

from altui.widgets.terminal import LineStyle

_BLANK = 0x2800
# Unicode's dot order: bit of (row, column) within a cell.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
Dash = tuple[int, int]
"""So many dots of a line, then so many without."""

SOLID: Final[Dash] = (1, 0)
_LEVEL = 0x100  # an ASCII cell that a level crosses


class Canvas:
    """Dots over `columns` × `rows` cells; dot (0, 0) is at the upper left.

    In style "ascii" a cell is one dot.
    """

    def __init__(self, columns: int, rows: int, style: LineStyle) -> None:
        self._style = style
        across, down = (2, 4) if style == "braille" else (1, 1)
        self._per_cell = (down, across)
        self.width, self.height = columns * across, rows * down
        self._cells: dict[tuple[int, int], int] = {}

    def line(self, points: Sequence[tuple[int, int]], dash: Dash = SOLID) -> None:
        """Join `points` (x, y), in dots, by straight lines."""
        on, off = dash
        drawn = 0
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for step in range(steps + 1):
                if drawn % (on + off) < on:
                    self._dot(
                        round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
                    )
                drawn += 1

    def level(self, y: int) -> None:
        """A dotted line right across."""
        for x in range(0, self.width, self._per_cell[1]):
            self._dot(x, y, _LEVEL)

    def cell_of(self, x: int, y: int) -> tuple[int, int]:
        """The (row, column) of the cell that holds a dot."""
        down, across = self._per_cell
        return y // down, x // across

    def cells(self) -> Iterator[tuple[int, int, str]]:
        """(row, column, character) of every cell with a dot in it."""
        for (row, column), bits in self._cells.items():
            if self._style == "braille":
                yield row, column, chr(_BLANK + bits)
            else:
                yield row, column, "-" if bits == _LEVEL else "."

    def _dot(self, x: int, y: int, ascii_bit: int = 1) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            cell = self.cell_of(x, y)
            bit = _BITS[y % 4][x % 2] if self._style == "braille" else ascii_bit
            self._cells[cell] = self._cells.get(cell, 0) | bit
