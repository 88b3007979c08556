"""Words in a job's log, however long it is."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from altui.text import plain

AROUND: Final = 16 * 1024  # bytes that are shown before and after a place
LONGEST: Final = 1 << 20  # bytes of a line: more are taken for lines of their own


@dataclass(frozen=True)
class Place:
    """A line that holds the words: `lines` around it, of which it is the one at `line`; the byte
    of the log `at` which it begins; its `number` among the `total` such lines.
    """

    lines: tuple[str, ...]
    line: int
    at: int
    number: int
    total: int


def find_in_log(path: Path, words: str, step: int = -1, at: int | None = None) -> Place | None:
    """The line with `words`, whatever their case, next after byte `at` (`step` 1) or before it
    (-1), round and round; from the end that lies that way without `at`. None where there is none.

    Raises OSError.
    """
    places = [start for start, line in _lines(path) if words.lower() in line.lower()]
    if not places:
        return None
    if step > 0:
        found = bisect_right(places, at) if at is not None else 0
    else:
        found = bisect_left(places, at) - 1 if at is not None else -1
    found %= len(places)
    lines, line = _around(path, places[found])
    return Place(tuple(lines), line, places[found], found + 1, len(places))


def log_lines(text: str) -> list[str]:
    """Without empty ones; carriage returns of progress bars end a line too."""
    return [plain(line) for line in text.replace("\r", "\n").split("\n") if line.strip()]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each with the byte at which it begins."""
    with path.open("rb") as log:
        start = 0
        while piece := log.readline(LONGEST):
            for line in piece.split(b"\r"):
                text = line.decode("utf-8", errors="replace").rstrip("\n")
                yield start, text if text.isprintable() else plain(text)
                start += len(line) + 1
            start -= 1  # no carriage return follows the last part


def _around(path: Path, at: int) -> tuple[list[str], int]:
    """Whole lines around the one that begins at a byte, and which of them it is."""
    with path.open("rb") as log:
        first = max(0, at - AROUND)
        log.seek(first)
        before, after = (log.read(size).decode("utf-8", "replace") for size in (at - first, AROUND))
    if first:
        before = before.partition("\n")[2]
    above = log_lines(before)
    return [*above, *log_lines(after)], len(above)
