"""Plain lines of a log, long ones on as many rows as they take, at any width."""

from collections.abc import Sequence

from rich.cells import chop_cells
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from altui.text import folded

MAX_LINES = 2000


class WrappedLog(ScrollView, can_focus=True):
    """Follows its end, until someone scrolls up to read. Only the rows in sight are drawn."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    WrappedLog { overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self._rows: list[str] = []
        self._lines_of: list[int] = []  # the line that each row is of
        self._following = True
        self._found: int | None = None  # the line that is marked

    def tell(self, lines: Sequence[str]) -> None:
        """Append lines."""
        self._show([*self.told, *lines])

    def tell_anew(self, lines: Sequence[str]) -> None:
        """Lines in place of those before, from the end on."""
        self._following, self._found = True, None
        self._show(lines)

    def point_at(self, lines: Sequence[str], line: int) -> None:
        """Lines in place of those before, with one of them in the middle and marked."""
        first = max(line - MAX_LINES // 2, 0)
        self._following, self._found = False, line - first
        self._show(lines[first : first + MAX_LINES])
        middle = max(self._lines_of.index(self._found) - self.size.height // 2, 0)
        self.scroll_to(y=middle, animate=False, force=True)

    def _show(self, lines: Sequence[str]) -> None:
        self.told = list(lines)[-MAX_LINES:]
        self._wrap()

    def _wrap(self) -> None:
        """Lay the lines out at the present width; at the end, if it follows."""
        width = self.scrollable_content_region.width
        following = self._following  # laying out moves what is in sight
        pieces = [wrapped(line, width) for line in self.told]
        self._rows = [row for rows in pieces for row in rows]
        self._lines_of = [number for number, rows in enumerate(pieces) for _ in rows]
        self.virtual_size = Size(width, len(self._rows))
        if following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        self._following = following
        # The frame around it stays as it is, and the scrollbar.
        self.refresh(self.scrollable_content_region.size.region)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._following = new_value >= self.max_scroll_y

    def watch_show_vertical_scrollbar(self) -> None:
        """It takes a column."""
        self._wrap()

    def on_resize(self, event: events.Resize) -> None:
        self._wrap()

    def render_line(self, y: int) -> Strip:
        style, width = self.rich_style, self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        text = self._rows[row] if row < len(self._rows) else ""
        if text and self._found is not None and self._lines_of[row] == self._found:
            style += Style(reverse=True)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)


def wrapped(line: str, width: int) -> list[str]:
    """The line in pieces of at most `width` cells; an empty one is a row, too."""
    if width <= 0 or not line:
        return [line]
    if line.isascii():
        return folded(line, width, hang=2)
    return chop_cells(line, width)
