"""Samples from their first slice to their last, with marks where something was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from altui.text import plain
from altui.widgets.terminal import speaks_unicode

PROPOSED, APPROVED, LABELLED, REJECTED = "○", "✓", "●", "✗"
ORDER: Final = (PROPOSED, APPROVED, LABELLED, REJECTED)
"""Of several slices in one cell, the first of these is seen."""

TRACK, HERE = "─", "┃"
_ASCII = str.maketrans({"○": "o", "✓": "+", "●": "*", "✗": "x", "─": "-", "┃": "|"})


@dataclass(frozen=True)
class Marked:
    """A sample of so many slices; `marks`: (index, one of ORDER)."""

    name: str
    slices: int
    marks: tuple[tuple[int, str], ...] = ()


class AlongZ(Widget):
    """A line for each sample; the slice looked at is a cell in reverse."""

    DEFAULT_CSS = "AlongZ { height: auto; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._samples: tuple[Marked, ...] = ()
        self._here: tuple[str, int] | None = None
        self._unicode = speaks_unicode()

    def show(self, samples: Sequence[Marked], here: tuple[str, int] | None) -> None:
        """`here`: the sample and index of the slice looked at."""
        if (tuple(samples), here) != (self._samples, self._here):
            taller = len(samples) != len(self._samples)
            self._samples, self._here = tuple(samples), here
            self.refresh(layout=taller)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._samples)

    def render_line(self, y: int) -> Strip:
        width, ground = self.content_size.width, self.visual_style.rich_style
        if y >= len(self._samples):
            return Strip.blank(width, ground)
        one = self._samples[y]
        names = max(len(plain(each.name)) for each in self._samples)
        names = min(names, max(width // 3, 1))
        name = f"{plain(one.name)[:names]:<{names}} "
        cells = track(one, max(width - len(name), 1))
        here = None
        if self._here is not None and self._here[0] == one.name:
            here = cell_of(self._here[1], one.slices, len(cells))
            if cells[here] == TRACK:
                cells[here] = HERE
        if not self._unicode:
            cells = [cell.translate(_ASCII) for cell in cells]
        bold = ground + Style(bold=True)
        segments = [Segment(name, bold if here is not None else ground)]
        if here is None:
            segments.append(Segment("".join(cells), ground))
        else:
            segments += [
                Segment("".join(cells[:here]), ground),
                Segment(cells[here], bold + Style(reverse=True)),
                Segment("".join(cells[here + 1 :]), ground),
            ]
        return Strip(segments).adjust_cell_length(width, ground)


def track(one: Marked, width: int) -> list[str]:
    """A sample in `width` cells."""
    cells = [TRACK] * width
    for mark in reversed(ORDER):
        for index, its in one.marks:
            if its == mark:
                cells[cell_of(index, one.slices, width)] = mark
    return cells


def cell_of(index: int, slices: int, width: int) -> int:
    return min(max(index, 0) * width // max(slices, 1), width - 1)
