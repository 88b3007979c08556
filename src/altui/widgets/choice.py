"""One of a few words, on a line: chosen with ← and →."""

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """The chosen word stands in brackets, so that it is not told by colour alone."""

    BINDINGS = [
        Binding("left", "choose(-1)", show=False),
        Binding("right,space", "choose(1)", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: auto; width: 1fr; }
    """

    def __init__(self, words: Sequence[str], value: str) -> None:
        super().__init__()
        self._words, self.value = tuple(words), value

    def render(self) -> Content:
        marked = "bold reverse" if self.has_focus else "bold"
        return Content("").join(
            Content.styled(f"[{word}]", marked) if word == self.value else Content(f" {word} ")
            for word in self._words
        )

    def action_choose(self, by: int) -> None:
        at = self._words.index(self.value)
        self.value = self._words[(at + by) % len(self._words)]
        self.refresh()
