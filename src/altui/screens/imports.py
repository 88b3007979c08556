"""Dialog: which masks to take in, and what became of each file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from altui.inbox.inbox import Note, Taken
from altui.labels.imports import ImportReport
from altui.labels.verdict import OUTCOMES, Outcome, Verdict
from altui.screens.base import Dialog
from altui.screens.path_field import PathField
from altui.text import count, listing, plain

MARKS: dict[Outcome, str] = {"accepted": "✓", "quarantined": "?", "refused": "✗", "unchanged": "="}
ORDER: tuple[Outcome, ...] = ("refused", "quarantined", "accepted", "unchanged")


class Import(Dialog[None]):
    """Closes by itself once all is in; stays with its report where something was refused."""

    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("enter", "edit", "edit"),
        Binding("pagedown", "scroll(1)", show=False),
        Binding("pageup", "scroll(-1)", show=False),
    ]

    def __init__(self, path: Callable[[], str]) -> None:
        """`path`: what stands there to begin with."""
        super().__init__()
        self._path = path

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Import masks"
            yield Static("A file or folder; a relative one starts in the project", markup=False)
            yield PathField(self._path)
            with VerticalScroll(classes="report"):
                yield Static(id="answer", markup=False)

    def on_path_field_told(self, message: PathField.Told) -> None:
        self.query_one("#answer", Static).update(message.text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        given = event.value.strip()
        if not given:
            return
        path = self.altui.project.root / Path(given).expanduser()
        self.query_one("#answer", Static).update("checking…")
        self.is_busy = True
        self.altui.perform(
            lambda: self.altui.project.import_labels(path),
            lambda report: self._reported(given, report),
            self._refused,
            slow=True,
        )

    def _reported(self, given: str, report: ImportReport) -> None:
        self.altui.imported_from, self.is_busy = given, False
        if not self.is_current:
            self.altui.say(summary(report))
        elif needs_a_look(report):
            self.altui.drop_put_off()
            self.query_one("#answer", Static).update(lines_of(report))
            # What is typed next is not meant for the path; and the arrows scroll.
            self.query_one(".report").focus()
        else:
            self.altui.say(summary(report))
            self.dismiss(None)

    def _refused(self, error: Exception) -> None:
        self.is_busy = False
        self.altui.drop_put_off()  # it was not meant for the path
        if self.is_attached:
            self.query_one("#answer", Static).update(self.altui.in_words(error))
        else:
            self.altui.complain(error)

    def on_descendant_focus(self) -> None:
        has_focus = self.query_one(PathField).has_focus
        does = "Tab complete   Enter import" if has_focus else "Enter edit the path"
        self.query_one(".box").border_subtitle = f"{does}   Esc close"

    def action_edit(self) -> None:
        self.query_one(PathField).focus()

    def action_scroll(self, pages: int) -> None:
        report = self.query_one(".report")
        report.scroll_relative(y=pages * report.size.height, animate=False)


def needs_a_look(report: ImportReport) -> bool:
    return not report.verdicts or bool(report.of("refused") or report.of("quarantined"))


def summary(report: ImportReport) -> str:
    """'6 accepted, 2 refused'."""
    numbers = [(len(report.of(outcome)), outcome) for outcome in OUTCOMES]
    told = ", ".join(f"{number} {outcome}" for number, outcome in numbers if number)
    return told or "no mask was found there"


def news(
    heard: Sequence[Taken | Note],
) -> Iterator[tuple[str, Literal["information", "warning"]]]:
    """What came into the inbox, and what stays there."""
    taken = [one for one in heard if isinstance(one, Taken)]
    report = ImportReport(tuple(verdict for one in taken for verdict in one.verdicts))
    if taken:
        yield f"inbox: {summary(report)}", "warning" if needs_a_look(report) else "information"
    notes = [one.text for one in heard if isinstance(one, Note)]
    if notes:
        yield f"inbox: {listing(notes, shown=3)}", "information"


def lines_of(report: ImportReport) -> Content:
    """The sum, then file by file, what went wrong first."""
    lines = [Content.styled(f"{count(len(report.verdicts), 'file')}: {summary(report)}", "bold")]
    for outcome in ORDER:
        lines += [_line(verdict) for verdict in report.of(outcome)]
    return Content("\n").join(lines)


def _line(verdict: Verdict) -> Content:
    where = f" ({verdict.slice})" if verdict.slice else ""
    file = plain(Path(verdict.file).name)
    return Content(f"{MARKS[verdict.outcome]} {file}{where}: {plain(verdict.message)}")
