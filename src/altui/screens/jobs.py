"""Screen 4: background jobs, how far they are, and what they write to their logs."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import DataTable, Static

from altui.actions import Context, bindings
from altui.jobs.logs import Place
from altui.jobs.losses import Points
from altui.jobs.state import JobView
from altui.poller import JobDetail, Snapshot
from altui.report.jobs import memory_text
from altui.rounds.results import RoundResult
from altui.screens import words
from altui.screens.ask import Ask
from altui.screens.base import AltuiScreen
from altui.screens.confirm import Confirm
from altui.screens.table import RecordTable, Row, cell
from altui.text import duration, plain
from altui.widgets.chart import LineChart, Series
from altui.widgets.titled import Titled
from altui.widgets.told import Told
from altui.widgets.wrapped_log import WrappedLog

COLUMNS = (
    cell("job"),
    cell("state"),
    cell("kind"),
    cell("round", right=True),
    cell("done", right=True),
    cell("started"),
    cell("took", right=True),
    cell("by"),
)


REST = 0.12  # seconds that a cursor stays before its job is read: a held key goes by


class Meter(Widget):
    """A bar as wide as its space, and its percentage."""

    fraction: float = 0.0

    def show(self, fraction: float) -> None:
        if fraction != self.fraction:
            self.fraction = fraction
            self.refresh()

    def render(self) -> Content:
        drawn = words.bar(self.fraction, max(self.size.width - 5, 0))
        done = drawn.rstrip(words.UNDONE)
        return Content.assemble(
            (done, "$text-primary"), (drawn[len(done) :], "$text-muted"), f"{self.fraction:>5.0%}"
        )


class Detail(Titled, Vertical):
    """What a job is about."""


class JobsScreen(AltuiScreen):
    SCREEN_NAME = "jobs"
    CSS_PATH = "jobs.tcss"
    BINDINGS = bindings("jobs")

    _logged: tuple[str, ...] = ()
    _logged_of: str | None = None
    _rest: Timer | None = None
    _sought = ""  # words that are in the log
    _place: Place | None = None  # of them, that is shown in place of the log's end

    def body(self) -> ComposeResult:
        with Vertical(classes="panel", id="list") as jobs:
            jobs.border_title = "Jobs"
            yield RecordTable(COLUMNS, follow="first")
            yield Static("no job has been started yet", id="none", markup=False)
        with Detail(classes="panel", id="detail"):
            with VerticalScroll(id="progress"):
                yield Told()
            yield Meter()
        with Horizontal(id="below"):
            log = WrappedLog()
            log.add_class("panel")
            log.border_title = "Log"
            yield log
            chart = LineChart(x_name="steps")
            chart.add_class("panel")
            chart.border_title = "Loss"
            yield chart

    def show(self, snapshot: Snapshot) -> None:
        jobs = snapshot.status.jobs
        self.query_one(RecordTable).show([row(job) for job in reversed(jobs)])
        # A class, since `display` would also show them where the terminal is too small.
        self.set_class(not jobs, "-no-jobs")
        self._show_job()

    def context(self, snapshot: Snapshot) -> Context:
        return Context(snapshot, job=self._job, is_searching=bool(self._sought))

    @property
    def _job(self) -> JobView | None:
        """The job under the cursor."""
        key = self.query_one(RecordTable).selected
        jobs = self._snapshot.status.jobs if self._snapshot else ()
        return next((job for job in jobs if job.id == key), None)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if self._logged_of is None:
            self._show_job()
        else:  # all of the job at once, when its log has been read
            self._watch()
        self.keys_changed()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._watch_now()

    def on_screen_suspend(self) -> None:
        self.altui.poller.watch(None)

    def _watch(self) -> None:
        """Have the poller read the job's log, too: once the cursor has come to rest."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self._watch_now)

    def _watch_now(self) -> None:
        job = self._job
        if self.is_current:
            self.altui.poller.watch(job.id if job else None)

    def _show_job(self) -> None:
        job = self._job
        detail = self._snapshot.detail if self._snapshot else None
        if job is None or (detail is not None and detail.id != job.id):
            detail = None
        if detail is None and job is not None and self._logged_of not in (None, job.id):
            self._watch()
            return
        if job is not None:
            self.query_one(Detail).entitle(f"{job.id}: {job.state}")
            told = describe(job, detail, self.altui.hint)
            results = self._snapshot.status.rounds if self._snapshot else ()
            told = Content("\n").join(filter(None, (found(job, results), told)))
            self.query_one("#progress Told", Told).tell(told)
            self.query_one(Meter).show(job.progress)
            for part in (self.query_one(Meter), self.query_one("#progress")):
                part.set_class(not job.active, "-off")
        if detail is not None or job is None:
            self._show_log(job.id if job else None, detail.log if detail else ())
            self._show_losses(detail.losses if detail else ())
        self._watch()

    def _show_losses(self, losses: Points) -> None:
        self.set_class(len(losses) > 1, "-losses")
        self.query_one(LineChart).show([Series("loss", losses, marked=False)])

    def _show_log(self, job: str | None, lines: tuple[str, ...]) -> None:
        if (job, lines) == (self._logged_of, self._logged):
            return
        log = self.query_one(WrappedLog)
        if job != self._logged_of and self._place:
            self._place = None
            self._say_found("")
        if self._place is None:
            kept = overlap(self._logged, lines) if job == self._logged_of else 0
            if kept:
                log.tell(lines[kept:])
            else:
                log.tell_anew(lines)
        self._logged_of, self._logged = job, lines

    def action_search_log(self) -> None:
        def answered(words: str | None) -> None:
            if words:
                self._seek(words)

        self.app.push_screen(
            Ask("Search the log", "Words, whatever their case", "search"), answered
        )

    def action_found_before(self) -> None:
        self._seek(self._sought)

    def action_found_after(self) -> None:
        self._seek(self._sought, 1)

    def _seek(self, words: str, step: Literal[-1, 1] = -1) -> None:
        """In all of the log, from the place that is shown or else its end."""
        job = self._job
        if job is None:
            return
        project, at = self.altui.project, self._place.at if self._place else None

        def found(place: Place | None) -> None:
            if self._job is None or self._job.id != job.id:
                return
            self._sought, self._place = words if place else "", place or self._place
            if place is None:
                self._say_found(f'"{plain(words)}" is not in the log')
            else:
                self.query_one(WrappedLog).point_at(place.lines, place.line)
                self._say_found(f'"{plain(words)}": {place.number} of {place.total}')
            self.keys_changed()

        self.altui.glance(lambda: project.find_in_log(job.id, words, step, at), found)

    def action_follow_log(self) -> None:
        self._place = None
        self.query_one(WrappedLog).tell_anew(self._logged)
        self._say_found("")

    def _say_found(self, text: str) -> None:
        self.query_one(WrappedLog).border_subtitle = Content(text)

    def action_cancel(self) -> None:
        job = self._job
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.altui.perform(
                    lambda: self.altui.project.cancel(job.id),
                    lambda name: self.altui.say(f"{name} was cancelled"),
                    slow=True,
                )

        question = f"Cancel {job.id}? Tried again, it goes on from what it saved last."
        self.app.push_screen(Confirm(question, "cancel the job", "let it run"), answered)

    def action_retry(self) -> None:
        job = self._job
        if job is not None:
            self.altui.perform(
                lambda: self.altui.project.retry(job.id),
                lambda name: self.altui.say(f"{name} was started"),
            )


@lru_cache(maxsize=2000)
def row(job: JobView) -> Row:
    took = words.seconds_between(job.created_at, job.ended_at) if job.ended_at else None
    return job.id, (
        cell(job.id),
        cell(f"{words.JOB_MARKS[job.state]} {job.state}"),
        cell(job.kind),
        cell(str(job.round or "–"), right=True),
        cell(f"{job.progress:.0%}", right=True),
        cell(words.local_time(job.created_at)),
        cell(duration(took), right=True),
        cell(plain(job.who)),
    )


def describe(job: JobView, detail: JobDetail | None, hint: Callable[[str], str]) -> Content:
    """Stage, step, loss, time left and memory; or how the job ended and what to do about it:
    `hint` tells its commands as keys.
    """
    last = detail.last if detail else None
    stage = job.stage or (last.stage if last else None)
    steps = (job.step, job.steps) if job.stage else (last.step, last.steps) if last else (0, 0)
    loss = job.loss if job.loss is not None else last.loss if last else None
    parts = [
        f"{stage}: step {steps[0]} of {steps[1]}" if stage and steps[1] else stage or "",
        f"loss {loss:.4f}" if loss is not None else "",
        f"{duration(job.seconds_left)} left" if job.seconds_left is not None else "",
        memory_text(job),
    ]
    # First what there is to mend, so that it is seen where there is little room.
    told = (
        job.message,
        hint(job.hint),
        ", ".join(filter(None, parts)) or waiting(job),
    )
    return Content("\n").join(Content(plain(text)) for text in told if text)


def found(job: JobView, results: Sequence[RoundResult]) -> Content | None:
    """'mIoU 0.812 test, 0.806 validation', of the job that a round's figures are from."""
    if job.kind != "train" or job.state != "finished":
        return None
    own = (one for one in results if one.round == job.round and one.finished_at == job.ended_at)
    for result in own:
        figures = [(result.miou.get(split), split) for split in ("test", "validation")]
        told = [f"{figure:.3f} {split}" for figure, split in figures if figure is not None]
        return Content(f"mIoU {', '.join(told)}") if told else None
    return None


def waiting(job: JobView) -> str:
    if not job.active:
        return "it ended before its first step"
    if job.state == "queued":
        return "waiting for its process to start"
    return "getting ready: loading PyTorch, the labels and the network"


def overlap(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of `new`'s first lines are `old`'s last ones."""
    for length in range(min(len(old), len(new)), 0, -1):
        if old[-length:] == new[:length]:
            return length
    return 0
