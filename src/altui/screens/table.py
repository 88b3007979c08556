"""A table of records that keeps its place when the records change."""

from collections.abc import Sequence
from typing import Literal

from rich.text import Text
from textual.widgets import DataTable

from altui.actions import bindings

Row = tuple[str, tuple[Text, ...]]
"""A record's key and its cells; Text, since a plain string would be read as markup."""


def cell(text: str, *, right: bool = False, style: str = "") -> Text:
    return Text(text, justify="right" if right else "left", style=style, no_wrap=True, end="")


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
        if [key for key, _ in rows[: len(old)]] == [key for key, _ in old]:
            self._rows = list(rows)
            self._update(old, rows)
            for key, cells in rows[len(old) :]:
                self.add_row(*cells, key=key)
        else:
            self.clear()
            self._rows = list(rows)
            for key, cells in rows:
                self.add_row(*cells, key=key)
            self.call_after_refresh(self.scroll_to, y=top, animate=False)
        keys = [key for key, _ in rows]
        if target in keys and keys.index(target) != self.cursor_row:
            self.move_cursor(row=keys.index(target))

    def select(self, key: str) -> None:
        keys = [known for known, _ in self._rows]
        if key in keys:
            self.move_cursor(row=keys.index(key))

    def _fit(self, rows: Sequence[Row]) -> None:
        """Make each column as wide as its longest cell, now: a table that is left to measure
        itself does so when it is idle, and keeps what it has drawn too narrow before.
        """
        for number, column in enumerate(self.ordered_columns):
            widths = (cells[number].cell_len for _, cells in rows)
            column.width = max(self._labels[number].cell_len, *widths, 0)

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
