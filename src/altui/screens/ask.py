"""A question that is answered in a line of text."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from altui.screens.base import Dialog

LONGEST = 9  # digits: Python refuses to read thousands of them


def number(text: str) -> int | None:
    """A whole number as it was typed; None for anything else."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None


class Ask(Dialog[str]):
    """The text as it was typed, without spaces around it; None for Esc."""

    BINDINGS = [Binding("escape", "close", "close")]

    def __init__(self, title: str, question: str, does: str, given: str = "") -> None:
        """`does`: what Enter does; `given`: what stands in the field to begin with."""
        super().__init__()
        self._title, self._question, self._does, self._given = title, question, does, given

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = f"Enter {self._does}   Esc close"
            yield Static(self._question, markup=False)
            field = Input(self._given)
            field.cursor_blink = False
            yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
