"""A question with two answers, each a key."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from altui.screens.base import Dialog


class Confirm(Dialog[bool]):
    """True for yes; no and Esc leave things as they are."""

    BINDINGS = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape", "answer(False)", "no"),
    ]

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Sure?"
            box.border_subtitle = f"y {self._yes}   n {self._no}"
            yield Static(self._question, markup=False)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
