"""Plain lines of a log, long ones on as many rows as they take, at any width."""

from collections.abc import Sequence

from rich.cells import chop_cells
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

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
        self._following = True

    def tell(self, lines: Sequence[str]) -> None:
        """Append lines."""
        self._show([*self.told, *lines])

    def tell_anew(self, lines: Sequence[str]) -> None:
        """Lines in place of those before, from the end on."""
        self._following = True
        self._show(lines)

    def _show(self, lines: Sequence[str]) -> None:
        self.told = list(lines)[-MAX_LINES:]
        self._wrap()

    def _wrap(self) -> None:
        """Lay the lines out at the present width; at the end, if it follows."""
        width = self.scrollable_content_region.width
        following = self._following  # laying out moves what is in sight
        self._rows = [row for line in self.told for row in wrapped(line, width)]
        self.virtual_size = Size(width, len(self._rows))
        if following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        self._following = following
        self.refresh(self.size.region)  # the frame around it stays as it is

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
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)


def wrapped(line: str, width: int) -> list[str]:
    """The line in pieces of at most `width` cells; an empty one is a row, too."""
    if width <= 0 or not line:
        return [line]
    if line.isascii():
        return [line[start : start + width] for start in range(0, len(line), width)]
    return chop_cells(line, width)
