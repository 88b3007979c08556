"""Dialog: every key, from the registry of actions."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from altui.actions import ACTIONS, Action
from altui.actions.keyfile import keys_path
from altui.actions.moving import LISTS
from altui.screens.base import Dialog
from altui.screens.frame import TABS
from altui.text import plain
from altui.widgets.told import Hanging

LEAST = 4  # columns of keys


class Help(Dialog[None]):
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("question_mark", "close", id="help"),
        Binding("q", "close", id="quit"),
    ]

    def __init__(self, screen_name: str, can: Callable[[Action], bool]) -> None:
        """The keys of `screen_name` come first; `can`: what can be done now."""
        super().__init__()
        self._first, self._can = screen_name, can
        self._columns = LEAST

    def body(self) -> ComposeResult:
        shown = (self.altui.keys.shown(action) for action in ACTIONS if not action.is_part)
        self._columns = max(LEAST, *map(len, shown))
        with Vertical(classes="box") as box:
            box.border_title = "Keys"
            box.border_subtitle = "↑ ↓ scroll   Esc close"
            with VerticalScroll(id="keys"):
                yield Hanging(self._lines(), self._columns + 4)

    def _lines(self) -> Sequence[Content]:
        sections = sorted(TABS, key=lambda tab: tab[0] != self._first)
        if self._first == "wizard":
            sections = [("wizard", "Setting up a project")]
        blocks = [self._section(title, name) for name, title in sections]
        everywhere = self._section("Everywhere", None)
        blocks.insert(1 if blocks[0] else 0, [*everywhere, self._moving()])
        blocks.append([Content.styled(f"Other keys: in {plain(keys_path())}", "$text-muted")])
        return [line for lines in blocks if lines for line in (*lines, Content())][:-1]

    def _section(self, title: str, name: str | None) -> list[Content]:
        keys = self.altui.keys
        every = [action for action in ACTIONS if keys.of(action)]
        if self._first == "wizard":  # where a project's actions have no meaning
            every = [action for action in every if self._can(action)]
        own = [a for a in every if (name in a.screens if name else not a.screens)]
        heading = Content.styled(title, "bold $text-primary")
        return [heading, *map(self._line, own)] if own else []

    def _line(self, action: Action) -> Content:
        line = Content.assemble(
            (f"  {self.altui.keys.shown(action):>{self._columns}}", "bold"), f"  {action.help}"
        )
        if not self._can(action):
            line = Content.assemble(line, (" (not now)", "$text-muted"))
        return line

    def _moving(self) -> Content:
        """The keys of lists, on one line."""
        up, down, *others = (self.altui.keys.shown(action) for action in LISTS)
        return Content.assemble(
            (f"  {f'{up} {down}':>{self._columns}}", "bold"),
            f"  move in a list; {', '.join(others)} too; Tab: to the next panel",
        )
