"""Dialog: a text that has too little room where it stands."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from altui.screens.base import Dialog


class Reading(Dialog[None]):
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("enter", "close", show=False),
        Binding("q", "close", id="quit"),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "↑ ↓ scroll   Esc close"
            with VerticalScroll(classes="text"):
                yield Static(self._text, markup=False)
