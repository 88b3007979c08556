"""A page of character cells to draw on, given out as lines of styled text."""

import unicodedata
from itertools import groupby

from rich.cells import cell_len
from textual.content import Content


class Grid:
    """`rows` × `columns` cells, all blank; what falls outside is dropped."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        # A character two cells wide has its second cell empty ("").
        self._cells = [[(" ", "")] * columns for _ in range(rows)]

    def put(self, row: int, column: int, text: str, style: str = "") -> None:
        """Write `text` from (row, column) on; `style` may name theme variables."""
        for char, width in _cells_of(text):
            if 0 <= row < self.rows and 0 <= column <= self.columns - width:
                self._blank_halves(row, column, width)
                self._cells[row][column : column + width] = [(char, style), ("", style)][:width]
            column += width

    def lines(self) -> list[Content]:
        """`rows` lines, each `columns` cells wide."""
        return [
            Content.assemble(
                *(
                    ("".join(char for char, _ in run), style)
                    for style, run in groupby(line, key=lambda cell: cell[1])
                )
            )
            for line in self._cells
        ]

    def _blank_halves(self, row: int, column: int, width: int) -> None:
        """Clear what would be left of wide characters that are about to be overwritten."""
        line = self._cells[row]
        if line[column][0] == "" and column > 0:
            line[column - 1] = (" ", "")
        after = column + width
        if after < self.columns and line[after][0] == "":
            line[after] = (" ", "")


def shortened(text: str, columns: int, ellipsis: str = "…") -> str:
    """`text` in at most `columns` cells, its end cut off where it does not fit."""
    pieces = _cells_of(text)
    if sum(width for _, width in pieces) <= columns:
        return "".join(char for char, _ in pieces)
    kept, used = "", len(ellipsis)
    for char, width in pieces:
        used += width
        if used > columns:
            break
        kept += char
    return (kept + ellipsis)[:columns] if columns > 0 else ""


def _cells_of(text: str) -> list[tuple[str, int]]:
    """The characters that take one or two cells, each with its width.

    Joiners and marks that combine with nothing are left out: terminals disagree on them.
    """
    composed = unicodedata.normalize("NFC", text)
    return [(char, width) for char in composed if (width := cell_len(char)) in (1, 2)]
