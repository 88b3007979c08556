"""Screen 1: what the rounds have brought, and whether another is worth having."""

from dataclasses import replace

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from altui.actions import bindings
from altui.poller import Snapshot
from altui.rounds.results import MEASURED, RoundResult
from altui.rounds.status import Status
from altui.screens import words
from altui.screens.base import AltuiScreen
from altui.screens.table import RecordTable, Row, cell
from altui.text import plain
from altui.widgets.chart import LineChart, Series

# A space before each: in 80 columns there is no room for padding on both sides.
COLUMNS = (
    cell("  #", right=True),
    cell(" strategy"),
    cell(" labelled", right=True),
    cell(" share", right=True),
    cell(" validation", right=True),
    cell("  test", right=True),
    cell(" gain [95 %]"),
    cell(" time", right=True),
)
ROOMY = 100  # columns from which on there is


class RoundsScreen(AltuiScreen):
    SCREEN_NAME = "rounds"
    CSS_PATH = "rounds.tcss"
    BINDINGS = bindings("rounds")

    def body(self) -> ComposeResult:
        with Vertical(classes="panel", id="rounds") as rounds:
            rounds.border_title = "Rounds"
            yield RecordTable(COLUMNS, follow="last", cell_padding=0)
        with Horizontal(id="below"):
            chart = LineChart()
            chart.add_class("panel")
            chart.border_title = "mIoU over labelled slices"
            yield chart
            with Vertical(id="side"):
                with VerticalScroll(classes="panel", id="classes"):
                    yield Static(markup=False)
                with VerticalScroll(classes="panel", id="stopping"):
                    yield Static(markup=False)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.query_one(RecordTable).cell_padding = int(event.size.width >= ROOMY)

    def shown_of(self, snapshot: Snapshot) -> object:
        return replace(snapshot.status, jobs=())

    def show(self, snapshot: Snapshot) -> None:
        status = snapshot.status
        total = status.labelled + status.pool
        self.query_one(RecordTable).show([row(result, total) for result in status.rounds])
        self.query_one(LineChart).show(curves(status))
        self._show_classes(status)
        self._show_stopping(status)

    def _show_classes(self, status: Status) -> None:
        panel = self.query_one("#classes")
        measured = [result for result in status.rounds if result.finished_at is not None]
        split = self.altui.project.config.stopping.split
        newest = f", {split}, round {measured[-1].round}" if measured else ""
        panel.border_title = Content(f"IoU by class{newest}")
        panel.query_one(Static).update(
            class_lines(measured[-1]) if measured else Content("no round has results yet")
        )

    def _show_stopping(self, status: Status) -> None:
        panel = self.query_one("#stopping")
        panel.border_title = Content(f"Stop? {status.stopping.verdict}")
        told = status.stopping
        reasons = [Content(plain(reason)) for reason in told.because]
        reasons += [Content.styled(f"· {plain(reason)}", "$text-muted") for reason in told.beside]
        panel.query_one(Static).update(Content("\n").join(reasons))


def row(result: RoundResult, total: int) -> Row:
    """One line of the table; `total`: the training slices."""
    texts = (
        cell(str(result.round), right=True),
        cell(f" {result.strategy}"),
        cell(str(result.labelled), right=True),
        cell(f" {words.share(result.labelled, total)}", right=True),
        *(cell(f" {words.ratio(result.miou.get(split))}", right=True) for split in MEASURED),
        cell(
            f" {words.gain(result.gain, None if result.changed else result.gain_interval)}"
            + " (changed)" * bool(result.changed)
        ),
        cell(f" {words.short_duration(result.seconds)}", right=True),
    )
    return str(result.round), texts


def curves(status: Status) -> list[Series]:
    """mIoU over labelled slices, one line a split that was measured."""
    lines = [
        Series(split, tuple((one.labelled, one.miou.get(split)) for one in status.rounds))
        for split in reversed(MEASURED)
    ]
    return [line for line in lines if any(y is not None for _, y in line.points)]


def class_lines(result: RoundResult) -> Content:
    """Name, IoU, gain and a bar for each class."""
    longest = min(max(len(plain(name)) for name in result.class_iou), 20)
    lines = []
    for name, iou in result.class_iou.items():
        label = Text(plain(name))
        label.truncate(longest, overflow="ellipsis", pad=True)
        gain = words.gain(result.class_gain[name].gain, None)
        drawn = words.bar(iou, 5) if iou is not None else ""
        lines.append(Content(f"{label.plain} {words.ratio(iou):>5} {gain:>5} {drawn}"))
    return Content("\n").join(lines)
