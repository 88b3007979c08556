"""A slice in a terminal with graphics; run by tests: python -m tests.widgets.graphic_demo STYLE"""

import sys

from textual.app import App, ComposeResult

from altui.widgets.layers import Layers, Look
from altui.widgets.slice_view import SliceView

from .phantom import phantom


class GraphicDemo(App[None]):
    CSS = "SliceView { width: 30; height: 10; margin: 1 2; }"
    BINDINGS = [("o", "outline"), ("q", "quit")]

    def compose(self) -> ComposeResult:
        yield SliceView(cell_style="kitty" if sys.argv[1] == "kitty" else "sixel")

    def on_mount(self) -> None:
        self.query_one(SliceView).show(Layers(*phantom(200)))

    def action_outline(self) -> None:
        self.query_one(SliceView).look = Look(overlay="outline")


if __name__ == "__main__":
    GraphicDemo().run()
