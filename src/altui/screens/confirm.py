"""A question with two answers, each a key."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from altui.actions import bindings
from altui.screens.base import Dialog


class Confirm(Dialog[bool]):
    """True for yes; no and Esc leave things as they are."""

    BINDINGS = [*bindings("dialog"), Binding("escape", "answer(False)", "no")]

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Sure?"
            box.border_subtitle = (
                f"{self.altui.key_of('yes')} {self._yes}   {self.altui.key_of('no')} {self._no}"
            )
            yield Static(self._question, markup=False)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
