"""What is there at once: the frame, while the project is being opened."""

from textual.app import ComposeResult
from textual.widgets import Static

from altui.screens.base import AltuiScreen


class Opening(AltuiScreen):
    """Has the app begin once it has been painted: importing and reading take a while."""

    SCREEN_NAME = "opening"

    def body(self) -> ComposeResult:
        yield Static(classes="panel")

    def on_mount(self) -> None:
        super().on_mount()
        self.call_after_refresh(self.altui.begin)
