"""Screen 1: what the rounds have brought, and whether another is worth having."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from altui.actions import bindings
from altui.poller import Snapshot
from altui.rounds.forecast import Forecast
from altui.rounds.results import MEASURED, RoundResult
from altui.rounds.status import Status
from altui.rounds.stopping import StoppingVerdict
from altui.screens import words
from altui.screens.base import AltuiScreen
from altui.screens.reading import Reading
from altui.screens.table import RecordTable, Row, cell
from altui.text import plain
from altui.widgets.chart import Guide, LineChart, Reference, Series
from altui.widgets.told import Told

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

    _by_class = False

    def body(self) -> ComposeResult:
        with Vertical(classes="panel", id="rounds") as rounds:
            rounds.border_title = "Rounds"
            yield RecordTable(COLUMNS, follow="last", cell_padding=0)
        with Horizontal(id="below"):
            chart = LineChart()
            chart.add_class("panel")
            yield chart
            with Vertical(id="side"):
                with VerticalScroll(classes="panel", id="classes"):
                    yield Told()
                with VerticalScroll(classes="panel", id="stopping"):
                    yield Told()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        for table in self.query(RecordTable):
            table.cell_padding = int(event.size.width >= ROOMY)

    def shown_of(self, snapshot: Snapshot) -> object:
        return replace(snapshot.status, jobs=())

    def show(self, snapshot: Snapshot) -> None:
        status = snapshot.status
        total = status.labelled + status.pool
        self.query_one(RecordTable).show([row(result, total) for result in status.rounds])
        self._show_chart(status)
        self._show_classes(status)
        self._show_stopping(status)

    def action_by_class(self) -> None:
        self._by_class = not self._by_class
        if self._snapshot is not None:
            self._show_chart(self._snapshot.status)
            self._show_classes(self._snapshot.status)

    def _show_chart(self, status: Status) -> None:
        chart = self.query_one(LineChart)
        if self._by_class:
            chart.border_title = f"{status.watched} IoU over labelled slices"
            chart.border_subtitle = None
            chart.show(class_curves(status))
        else:
            ahead, random = guides(status)
            told = ["dotted: forecast"] * bool(ahead) + ["dashed: random"] * bool(random)
            chart.border_title = "mIoU over labelled slices, 95 %"
            chart.border_subtitle = ", ".join(told)
            chart.show(curves(status), levels(status), [*ahead, *random])

    def _show_classes(self, status: Status) -> None:
        panel = self.query_one("#classes")
        measured = [result for result in status.rounds if result.finished_at is not None]
        newest = f", {status.watched}, round {measured[-1].round}" if measured else ""
        panel.border_title = Content(f"IoU by class{newest}")
        if not measured:
            panel.query_one(Told).tell("no round has results yet")
            return
        marks = [self.query_one(LineChart).marker(n) for n in range(len(measured[-1].class_iou))]
        told = class_lines(measured[-1], marks if self._by_class else ())
        panel.query_one(Told).tell(told)

    def action_reasons(self) -> None:
        if self._snapshot is not None:
            told = self._snapshot.status.stopping
            self.app.push_screen(Reading(f"Stop? {told.verdict}", reasons(told)))

    def _show_stopping(self, status: Status) -> None:
        panel = self.query_one("#stopping")
        panel.border_title = Content(f"Stop? {status.stopping.verdict}")
        panel.query_one(Told).tell(reasons(status.stopping))


def reasons(told: StoppingVerdict) -> Content:
    """What the verdict rests on, the newest round first, then what else the figures say."""
    because = [Content(plain(reason)) for reason in reversed(told.because)]
    beside = [Content.styled(f"· {plain(reason)}", "$text-muted") for reason in told.beside]
    return Content("\n").join([*because, *beside])


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
    """mIoU over labelled slices, one line a split that was measured; 95 % about the watched."""
    lines = [
        Series(
            split,
            tuple((one.labelled, one.miou.get(split)) for one in status.rounds),
            tuple(
                (one.labelled, *one.miou_interval)
                for one in status.rounds
                if one.miou_interval and split == status.watched
            ),
        )
        for split in reversed(MEASURED)
    ]
    return [line for line in lines if any(y is not None for _, y in line.points)]


def class_curves(status: Status) -> list[Series]:
    """IoU of each class over labelled slices."""
    return [
        Series(
            plain(name),
            tuple((one.labelled, one.class_iou.get(name)) for one in status.rounds),
            class_id=class_id,
        )
        for class_id, name in enumerate(status.rounds[0].class_iou if status.rounds else ())
    ]


def levels(status: Status) -> list[Reference]:
    """What rounds can be held against; annotators' agreement once enough slices bear it."""
    full, between = status.references.full, status.agreement.between
    found = [Reference("all slices, simulated", full)] if full is not None else []
    if between is not None and between.miou is not None and between.interval is not None:
        found.append(Reference("two annotators agree", between.miou))
    return found


def guides(status: Status) -> tuple[list[Guide], list[Guide]]:
    """The forecast, and the simulated random choice as far as the chart goes."""
    ahead = status.forecast.levels if isinstance(status.forecast, Forecast) else ()
    furthest = max((*(one.labelled for one in status.rounds), *(x for x, *_ in ahead)), default=0)
    random = tuple(point for point in status.references.random if point[0] <= furthest)
    return (
        [Guide(tuple((x, y) for x, y, *_ in ahead), tuple((x, a, b) for x, _, a, b in ahead))]
        if ahead
        else [],
        [Guide(random, long=True)] if len(random) > 1 else [],
    )


def class_lines(result: RoundResult, marks: Sequence[str] = ()) -> Content:
    """Name, IoU, gain and a bar for each class; its mark in the chart first, where it has one."""
    longest = min(max(len(plain(name)) for name in result.class_iou), 20)
    lines = []
    for place, (name, iou) in enumerate(result.class_iou.items()):
        label = Text(plain(name))
        label.truncate(longest, overflow="ellipsis", pad=True)
        gain = words.gain(result.class_gain[name].gain, None)
        drawn = words.bar(iou, 3 if marks else 5) if iou is not None else ""
        mark = f"{marks[place]} " if marks else ""
        lines.append(Content(f"{mark}{label.plain} {words.ratio(iou):>5} {gain:>5} {drawn}"))
    return Content("\n").join(lines)
