"""What stands around every screen: title, where the round stands, keys."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from altui.actions import Action, Context, Keys, find, next_steps
from altui.text import plain
from altui.widgets.told import Told

MIN_SIZE = Size(60, 16)
LEAST_WORDS = 8  # fewer cells of words than this are not worth showing
TABS = (
    ("rounds", "Rounds"),
    ("proposals", "Proposals"),
    ("labels", "Labels"),
    ("jobs", "Jobs"),
    ("samples", "Samples"),
    ("compare", "Compare"),
)
LEAST_NAME = 12  # cells of a project's name


class TitleBar(Widget):
    """One line: the project, the screens with their keys, who works where."""

    def __init__(self, screen_name: str, keys: Keys) -> None:
        super().__init__()
        self._screen_name, self._keys = screen_name, keys
        self._project, self._who = "", ""

    def show(self, project: str, who: str) -> None:
        if (project, who) != (self._project, self._who):
            self._project, self._who = project, who
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        brand = Content.styled("altui  ", "bold $text-primary")
        who = Content.styled(f"  {plain(self._who)}", "$text-muted") if self._who else Content()
        tabs = self._tabs(" ")
        room = width - brand.cell_length - tabs.cell_length - 2
        if room - who.cell_length < LEAST_NAME:  # the name matters more than who looks at it
            who = Content()
        if room < LEAST_NAME:  # and more than altui's own
            tabs, brand = self._tabs(""), Content()
            room = width - tabs.cell_length - 2
        name = Content(plain(self._project)).truncate(max(room - who.cell_length, 0), ellipsis=True)
        gap = max(0, room - who.cell_length - name.cell_length) + 2
        return Content.assemble(brand, name, " " * gap, tabs, who)

    def _tabs(self, padding: str) -> Content:
        if self._screen_name == "wizard":  # there are no other screens yet
            return Content()
        tabs = (self._tab(name, label, padding) for name, label in TABS)
        return Content(" ").join(tabs)

    def _tab(self, name: str, label: str, padding: str) -> Content:
        active = name == self._screen_name
        style = "bold reverse" if active else ""
        action = find(f"show_{name}")
        key = self._keys.shown(action) if action else ""
        return Content.from_markup(
            f"[@click=app.show_{name}]$text[/]", text=f"{padding}{key} {label}{padding}"
        ).stylize(style)


class StatusLine(Told):
    """Where the round stands, what to do next, and the key for it."""

    def __init__(self) -> None:
        super().__init__("reading the project…")

    def show(self, screen_name: str, context: Context, keys: Keys) -> None:
        from altui.rounds.todo import ADVICE  # not before the first frame is there

        status = context.snapshot.status
        steps = Content.styled(next_steps(screen_name, context, keys), "bold $text-accent")
        todo = status.todo
        for advice in ADVICE if steps.plain else ():
            todo = todo.replace(advice, "")
        told = Content.assemble((f"Round {status.round}, {status.state}: ", "bold"), plain(todo))
        self.tell(fitted(told, steps, self.app.size.width - 2))


def fitted(told: Content, steps: Content, width: int) -> Content:
    """What to do and the keys for it on two lines; where they are too long, the words are cut,
    never the keys.
    """
    if not steps.plain:
        return told
    if told.cell_length + 2 + steps.cell_length <= width:
        return Content("; ").join([told, steps])
    first, *more = told.wrap(width)
    first, rest = first.rstrip(), Content(" ").join(line.rstrip() for line in more)
    room = width - steps.cell_length - 2
    if rest.cell_length > room and room < LEAST_WORDS:
        first, rest = Content.assemble(first.truncate(width - 1), "…"), Content()
    if not rest.plain:
        return Content(";\n" if first.cell_length < width else "\n").join([first, steps])
    return Content.assemble(first, "\n", rest.truncate(room, ellipsis=True), "; ", steps)


class KeyBar(Widget):
    """The keys that do something now, on as many lines as they take."""

    def __init__(self) -> None:
        super().__init__()
        self._actions: tuple[Action, ...] = ()
        self._keys = Keys()

    def show(self, actions: Sequence[Action], keys: Keys) -> None:
        if (tuple(actions), keys) != (self._actions, self._keys):
            before = self._lines(self.size.width)
            self._actions, self._keys = tuple(actions), keys
            self.refresh(layout=self._lines(self.size.width) != before)

    def render(self) -> Content:
        return self._arranged(self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._lines(width)

    def _lines(self, width: int) -> int:
        return self._arranged(width).plain.count("\n") + 1

    def _arranged(self, width: int) -> Content:
        """On one line if at all possible, without what can be spared."""
        actions = list(self._actions)
        while True:
            arranged = closely(
                [_entry(action, self._keys.shown(action)) for action in actions], width
            )
            spare = max((action.spare for action in actions), default=0)
            if not spare or "\n" not in arranged.plain:
                return arranged
            actions = [action for action in actions if action.spare < spare]


def closely(entries: Sequence[Content], width: int) -> Content:
    """Entries side by side, nearer to each other where that saves a line."""
    wide, tight = filled(entries, width, 2), filled(entries, width, 1)
    return tight if tight.plain.count("\n") < wide.plain.count("\n") else wide


def filled(entries: Sequence[Content], width: int, gap: int) -> Content:
    """Entries side by side, on as many lines as they take, none torn apart."""
    lines: list[list[Content]] = [[]]
    used = 0
    for entry in entries:
        if lines[-1] and used + gap + entry.cell_length > width:
            lines.append([])
        used = entry.cell_length if not lines[-1] else used + gap + entry.cell_length
        lines[-1].append(entry)
    return Content("\n").join(Content(" " * gap).join(line) for line in lines)


def _entry(action: Action, key: str) -> Content:
    return Content.from_markup(
        f"[@click={action.target}.{action.name}][b $footer-key-foreground]$key[/] $label[/]",
        key=key,
        label=action.label,
    )


def is_too_small(size: Size) -> bool:
    return size.width < MIN_SIZE.width or size.height < MIN_SIZE.height


class TooSmall(Static):
    """In place of a broken layout."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def say(self, size: Size) -> None:
        self.update(
            f"altui needs {MIN_SIZE.width} x {MIN_SIZE.height} cells at least; "
            f"this terminal has {size.width} x {size.height}"
        )
