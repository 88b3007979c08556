"""A title that changes is all that is sent."""

from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from altui.widgets.titled import Titled


class Panel(Titled, Vertical):
    DEFAULT_CSS = "Panel { border: round; height: 4; }"


class Demo(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.sent: set[int] = set()  # lines

    def compose(self) -> ComposeResult:
        with Panel():
            yield Static("within")

    def _display(self, screen: Any, renderable: Any) -> None:
        self.sent |= {line for line, _, _ in getattr(renderable, "spans", ())}
        super()._display(screen, renderable)


async def test_a_new_title_leaves_what_is_within_as_it_is() -> None:
    app = Demo()
    async with app.run_test(size=(30, 6)) as pilot:
        panel = app.query_one(Panel)
        panel.entitle("screw01:7", "z 7")
        await pilot.pause(0.1)
        app.sent.clear()
        panel.entitle("screw[b]02:8", "z 8")
        await pilot.pause(0.1)
        assert app.sent == {0, 3}
        strips = app.screen._compositor.render_strips()
        assert "screw[b]02:8" in strips[0].text
        assert "z 8" in strips[3].text
        panel.border_title = "another way"  # as Textual does it
        await pilot.pause(0.1)
        assert app.sent == {0, 1, 2, 3}
