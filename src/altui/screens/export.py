"""Dialog: where to write the round's bundle, for which tool, and for whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from altui.errors import AltuiError
from altui.labels.bundle import NOTE, Bundle, ToolName
from altui.screens.ask import number
from altui.screens.base import Dialog
from altui.screens.path_field import PathField
from altui.text import count, plain
from altui.widgets.choice import Choice


@dataclass(frozen=True)
class Wanted:
    """What was asked for last, which the next bundle begins with; `repeat` in percent."""

    tool: ToolName = "tiff"
    annotator: str = ""
    most: str = ""
    repeat: str = "0"


class Export(Dialog[None]):
    """Stays until the bundle is written, so that a refusal can be mended at once."""

    AUTO_FOCUS = "#folder"
    CSS_PATH = "export.tcss"
    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("enter", "export", "export"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, folder: Callable[[], str], wanted: Wanted) -> None:
        """`folder`: one that is free."""
        super().__init__()
        self._folder, self._wanted = folder, wanted

    def body(self) -> ComposeResult:
        wanted, snapshot = self._wanted, self.altui.snapshot
        people = {claim.annotator for claim in snapshot.status.claims} if snapshot else set()
        with VerticalScroll(classes="box", can_focus=False) as box:
            box.border_title = "Export the approved slices as a bundle"
            box.border_subtitle = "↑ ↓ field   Tab path   ← → tool   Enter export   Esc close"
            with Horizontal():
                yield Static("folder", classes="label", markup=False)
                yield PathField(self._folder, folders=True, id="folder", compact=True)
            yield note("a new one; a relative one starts in the project")
            with Horizontal():
                yield Static("for", classes="label", markup=False)
                yield Choice(get_args(ToolName), wanted.tool)
            yield from line("annotator", "annotator", wanted.annotator, sorted(people))
            yield note("only their share, which is theirs from then on; empty: all")
            yield from line("at most", "most", wanted.most)
            yield note("so many slices of that share; empty: all")
            yield from line("repeats %", "repeat", wanted.repeat)
            yield note("labelled slices that go out again, unmarked, to compare")
            yield Static(id="answer", markup=False)

    def on_path_field_told(self, message: PathField.Told) -> None:
        self.query_one("#answer", Static).update(message.text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_export()

    def action_export(self) -> None:
        folder = self._given("folder")
        if not folder:
            return
        wanted = Wanted(
            cast("ToolName", self.query_one(Choice).value),
            self._given("annotator"),
            self._given("most"),
            self._given("repeat"),
        )
        try:
            most, repeat = whole(wanted.most), share(wanted.repeat)
        except AltuiError as error:
            self._refused(error)
            return
        project = self.altui.project
        target = project.root / Path(folder).expanduser()
        self.query_one("#answer", Static).update("writing…")
        self.is_busy = True
        self.altui.perform(
            lambda: project.export(
                target, tool=wanted.tool, annotator=wanted.annotator, most=most, repeat=repeat
            ),
            lambda bundle: self._written(bundle, wanted),
            self._refused,
            slow=True,
        )

    def _given(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _written(self, bundle: Bundle, wanted: Wanted) -> None:
        self.altui.exported, self.is_busy = wanted, False
        self.altui.notify(told(bundle), timeout=20, markup=False)
        if self.is_current:
            self.dismiss(None)

    def _refused(self, error: Exception) -> None:
        self.is_busy = False
        self.altui.drop_put_off()
        if self.is_attached:
            self.query_one("#answer", Static).update(self.altui.in_words(error))
        else:
            self.altui.complain(error)


def line(label: str, field: str, given: str, people: list[str] | None = None) -> ComposeResult:
    """A field with its name before it; `people`: completed with →."""
    with Horizontal():
        yield Static(label, classes="label", markup=False)
        suggester = SuggestFromList(people, case_sensitive=False) if people else None
        box = Input(given, id=field, compact=True, suggester=suggester, select_on_focus=False)
        box.cursor_blink = False
        yield box


def note(text: str) -> Static:
    return Static(text, classes="note", markup=False)


def whole(text: str) -> int | None:
    """Raises AltuiError."""
    if not text:
        return None
    found = number(text)
    if not found:
        raise AltuiError("at most: a number of slices, 1 or more", "or nothing, for all of them")
    return found


def share(percent: str) -> float:
    """Raises AltuiError."""
    try:
        found = float(percent.rstrip(" %") or 0) / 100
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise AltuiError("repeats: a percentage, 0 to 100", "5 is usual; 0 for none")
    return found


def told(bundle: Bundle) -> str:
    """What is in the bundle, and where it is."""
    return "\n".join((", ".join(_contents(bundle)), f"in {plain(bundle.folder)}; see its {NOTE}"))


def _contents(bundle: Bundle) -> Iterator[str]:
    slices = count(len(bundle.slices), "slice")
    yield slices + f", {plain(bundle.annotator)}'s" * bool(bundle.annotator)
    if bundle.premasks:
        yield f"{count(bundle.premasks, 'mask')} to start from"
    if bundle.repeats:
        yield f"{bundle.repeats} of them labelled already"
    yield f"for {bundle.tool}"
