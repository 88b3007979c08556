"""A table of records that keeps its place when the records change."""

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.text import Text
from textual.widgets import DataTable
from textual.widgets.data_table import RowKey

from altui.actions import bindings

Row = tuple[str, tuple[Text, ...]]
"""A record's key and its cells; Text, since a plain string would be read as markup."""

PAGE = 100  # rows that are added at a time, as the cursor comes near them


def cell(text: str, *, right: bool = False, style: str = "") -> Text:
    # A blank in place of nothing, which has no style, and Textual's filters fail on that.
    shown = text or " "
    return Text(shown, justify="right" if right else "left", style=style, no_wrap=True, end="")


class RecordTable(DataTable[Text]):
    """Rows with a cursor. `follow`: a cursor on that end stays there when records are added."""

    BINDINGS = bindings("list")

    def __init__(
        self,
        columns: Sequence[Text],
        *,
        follow: Literal["", "first", "last"] = "",
        cell_padding: int = 1,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
    ) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=cell_padding)
        self.cursor_background_priority = "renderable"
        self._labels = tuple(columns)
        self._follow = follow
        self._rows: list[Row] = []

    def on_mount(self) -> None:
        for number, label in enumerate(self._labels):
            self.add_column(label, width=label.cell_len, key=str(number))

    @property
    def selected(self) -> str | None:
        """The key of the record under the cursor."""
        at = self.cursor_row
        return self._rows[at][0] if 0 <= at < len(self._rows) else None

    def show(self, rows: Sequence[Row], select: str | None = None) -> None:
        """Show `rows`; the cursor stays on its record, or goes to `select`."""
        old = self._rows
        target = select or self._kept(rows)
        top = self.scroll_offset.y
        self._fit(rows)
        there = self.row_count
        if [key for key, _ in rows[:there]] == [key for key, _ in old[:there]]:
            self._rows = list(rows)
            self._update(old[:there], rows[:there])
        else:
            self._rows = []  # clearing scrolls up, and scrolling adds rows that are missing
            self.clear()
            self._rows = list(rows)
            self.call_after_refresh(self.scroll_to, y=top, animate=False)
        self._add_rows(max(there, PAGE))
        if target is not None:
            self.select(target)

    def select(self, key: str) -> None:
        at = next((n for n, (known, _) in enumerate(self._rows) if known == key), None)
        if at is not None and at != self.cursor_row:
            self._add_rows(at + PAGE)
            self.move_cursor(row=at)

    def _add_rows(self, until: int) -> None:
        """Those that are missing up to that many: a table of thousands takes no longer to show
        than one of a hundred.
        """
        for key, cells in self._rows[self.row_count : until]:
            self.add_row(*cells, key=key)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.row_count < len(self._rows) and new_value > self.row_count - PAGE // 2:
            self._add_rows(self.row_count + PAGE)

    def action_scroll_bottom(self) -> None:
        self._add_rows(len(self._rows))
        super().action_scroll_bottom()

    def _fit(self, rows: Sequence[Row]) -> None:
        """Make each column as wide as its longest cell, now: a table that is left to measure
        itself does so when it is idle, and keeps what it has drawn too narrow before.
        """
        for number, column in enumerate(self.ordered_columns):
            widths = (cells[number].cell_len for _, cells in rows)
            column.width = max(self._labels[number].cell_len, *widths, 0)

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        """Measuring no cells: `_fit` knows how wide columns are, and rows have one line."""
        super()._update_dimensions(())

    def _kept(self, rows: Sequence[Row]) -> str | None:
        """Where the cursor belongs among new rows."""
        if not rows:
            return None
        at_end = not self._rows or self.cursor_row == (
            0 if self._follow == "first" else len(self._rows) - 1
        )
        if self._follow and at_end:
            return rows[0 if self._follow == "first" else -1][0]
        return self.selected or rows[0][0]

    def _update(self, old: Sequence[Row], new: Sequence[Row]) -> None:
        for (key, before), (_, after) in zip(old, new, strict=False):
            for number, (was, now) in enumerate(zip(before, after, strict=True)):
                if was.plain != now.plain or was.style != now.style:
                    # Told to measure, it renews how far it can be scrolled.
                    self.update_cell(key, str(number), now, update_width=True)
