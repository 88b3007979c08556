"""Dialog: a file as it will be, before it is written."""

from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from altui.screens.base import Dialog
from altui.text import plain


class Preview(Dialog[bool]):
    """True for Enter, which does nothing while there are faults."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("enter", "write", "write"),
    ]

    def __init__(self, path: Path, text: str, faults: Sequence[str]) -> None:
        super().__init__()
        self._path, self._text, self._faults = path, text, faults

    def body(self) -> ComposeResult:
        does = "" if self._faults else "Enter write   "
        with Vertical(classes="box") as box:
            box.border_title = Content(plain(self._path.name))
            box.border_subtitle = f"↑ ↓ scroll   {does}Esc back"
            if self._faults:
                yield Static(
                    "Not complete yet:\n" + "\n".join(f"✗ {plain(one)}" for one in self._faults),
                    markup=False,
                )
            with VerticalScroll(classes="report"):
                yield Static(self._text, markup=False)

    def action_write(self) -> None:
        if not self._faults:
            self.dismiss(True)
