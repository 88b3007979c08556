"""Tables that fit the terminal, and the figures in them."""

import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest

from altui.text import folded

LEAST = 12  # letters: a narrower column is not folded further


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "", fold: bool = False
) -> str:
    """Columns padded to their widest cell; `right` holds an `r` for right-aligned ones.

    On a terminal the widest of the others are folded until the table fits, if `fold`.
    """
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    ragged = [place for place in range(len(widths)) if right[place : place + 1] != "r"]
    if fold:
        fit(widths, ragged, columns())
    lines = []
    for row in cells:
        parts = [folded(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            padded = [
                cell.ljust(width) if place in ragged else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def fit(widths: list[int], ragged: Sequence[int], room: int | None) -> None:
    """Take from the widest of the `ragged` columns until all of them fit into `room`."""
    while room is not None and ragged and sum(widths) + 2 * (len(widths) - 1) > room:
        widest = max(ragged, key=lambda place: widths[place])
        if widths[widest] <= LEAST:
            return
        widths[widest] -= 1


def columns() -> int | None:
    """Those of the terminal written to; None for files and pipes, whose lines stay whole."""
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if on_terminal else None


def printed(header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
    """A table of a command's; the app's have their own room."""
    return table(header, rows, right, fold=True)


def figure(value: float | None) -> str:
    """An mIoU or IoU with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def gain_text(gain: float | None, interval: tuple[float, float] | None) -> str:
    """A gain and its 95 % interval."""
    if gain is None:
        return "–"
    if interval is None:
        return f"{gain:+.3f}"
    return f"{gain:+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"


def moment(at: str) -> str:
    """'2026-05-03 14:07', of an ISO 8601 time."""
    return at[:16].replace("T", " ")
