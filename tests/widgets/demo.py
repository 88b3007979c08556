"""A small app with the widgets as a screen would have them; also run by hand:

cd tests && python -m widgets.demo
"""

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from altui.widgets.chart import LineChart, Reference, Series
from altui.widgets.layers import Layers, Look
from altui.widgets.palette import legend
from altui.widgets.slice_view import SliceView
from altui.widgets.theme import own_variables

from .phantom import NAMES, phantom

TEST = Series(
    "test", ((8, 0.612), (16, 0.701), (24, 0.744), (32, 0.77), (40, 0.783), (48, 0.79), (56, 0.798))
)
VALIDATION = Series(
    "validation",
    ((8, 0.63), (16, 0.69), (24, 0.73), (32, None), (40, 0.765), (48, 0.78), (56, 0.782)),
)
REFERENCE = Reference("all slices .829", 0.829)


class Demo(App[None]):
    CSS = """
    Horizontal { height: 1fr; }
    SliceView, LineChart { border: round $primary; }
    #names { height: 1; }
    """
    BINDINGS = [
        Binding("o", "overlay", "overlay"),
        Binding("m", "message", "message"),
        Binding("s", "slice", "next slice"),
        Binding("t", "theme", "light or dark"),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, size: int = 300) -> None:
        super().__init__()
        self.slices = [phantom(size, seed=seed) for seed in range(2)]

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        variables.update(own_variables(self.current_theme))
        return variables

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical():
                yield SliceView()
                yield Static(id="names")
            yield LineChart()

    def on_mount(self) -> None:
        view, chart = self.query_one(SliceView), self.query_one(LineChart)
        view.border_title, chart.border_title = "screw03:412", "mIoU"
        names = legend(NAMES, view.cell_style)
        self.query_one("#names", Static).update(Content("  ").join(names))
        view.show(Layers(*self.slices[0]))
        chart.show([TEST, VALIDATION], [REFERENCE])

    def action_overlay(self) -> None:
        view = self.query_one(SliceView)
        view.look = Look(overlay="off" if view.look.overlay == "fill" else "fill")

    def action_message(self) -> None:
        self.query_one(SliceView).message("reading [b]screw03:412[/b] …")

    def action_slice(self) -> None:
        self.slices.reverse()
        self.query_one(SliceView).show(Layers(*self.slices[0]))

    def action_theme(self) -> None:
        dark = self.current_theme.dark
        self.theme = "textual-light" if dark else "textual-dark"


if __name__ == "__main__":
    Demo(1200).run()
