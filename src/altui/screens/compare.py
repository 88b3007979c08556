"""Screen 6: two rounds side by side, and the strategies of simulations."""

from textual.app import ComposeResult
from textual.containers import Horizontal, ScrollableContainer, Vertical
from textual.content import Content

from altui.actions import bindings
from altui.compare import series_of, simulation_text
from altui.jobs.state import JobView
from altui.poller import Snapshot
from altui.rounds.simulate import Simulation
from altui.rounds.status import Status
from altui.rounds.versus import Versus
from altui.screens.base import AltuiScreen
from altui.screens.compare_words import by_class, by_sample, gain, slices, title
from altui.text import count, plain
from altui.widgets.chart import LineChart, Reference, Series
from altui.widgets.told import Told

NO_SIMULATION = (
    "no simulation has been started yet: altui simulate PROJECT --rounds 10 "
    "--strategies random,entropy --seeds 2"
)


FEWEST = 2  # rounds to compare


class CompareScreen(AltuiScreen):
    """What is compared is asked for in a worker; what comes late is passed over."""

    AUTO_FOCUS = "#by-class"
    SCREEN_NAME = "compare"
    CSS_PATH = "compare.tcss"
    BINDINGS = bindings("compare")

    def __init__(self) -> None:
        super().__init__()
        self._simulations: bool | None = None  # rather than rounds; None: whichever there are
        self._pair: tuple[int, int] | None = None  # chosen; the newest two until then
        self._job: str | None = None  # chosen; the newest until then

    def body(self) -> ComposeResult:
        with Vertical(id="two"):
            yield Told(id="title")
            yield panel("by-class", "IoU by class")
            with Horizontal():
                yield panel("by-sample", "mIoU by sample")
                yield panel("slices", "Slices")
        with Vertical(id="simulation"):
            chart = LineChart(empty="No round of a simulation is finished yet.")
            chart.add_class("panel")
            yield chart
            yield panel("strategies", "Strategies")

    def shown_of(self, snapshot: Snapshot) -> object:
        return snapshot.status.rounds, simulations(snapshot.status)

    def show(self, snapshot: Snapshot) -> None:
        if self._simulations is None and len(measured(snapshot.status)) < FEWEST:
            self._simulations = bool(simulations(snapshot.status)) or None
        self.set_class(bool(self._simulations), "-simulations")
        if self._simulations:
            self._ask_simulation(snapshot.status)
        else:
            self._ask_rounds(snapshot.status)

    # Two rounds

    def _chosen(self, status: Status) -> tuple[int, int] | None:
        known = measured(status)
        if self._pair and set(self._pair) <= set(known):
            return self._pair
        return (known[-2], known[-1]) if len(known) >= FEWEST else None

    def _ask_rounds(self, status: Status) -> None:
        pair = self._chosen(status)
        if pair is None:
            there = count(len(measured(status)), "round")
            self._tell("title", f"two rounds with results are needed; {there} so far")
            return

        one, two = (result for number in pair for result in status.rounds if result.round == number)
        self._tell("title", title(one, two, status.watched))
        # The key is answered first, and is not held up by the comparing.
        self.call_after_refresh(self._compare, pair)

    def _compare(self, pair: tuple[int, int]) -> None:
        def is_wanted() -> bool:
            return self._snapshot is not None and pair == self._chosen(self._snapshot.status)

        def done(found: Versus) -> None:
            if is_wanted() and self.is_ready:
                self._show_rounds(found)

        if is_wanted():
            compare = self.altui.project.compare_rounds
            self.altui.perform(lambda: compare(*pair), done, slow=True, waits="none")

    def _show_rounds(self, found: Versus) -> None:
        self._tell("title", title(found.first, found.second, found.split, gain(found)))
        self._tell("by-class", by_class(found))
        self._tell("slices", slices(found))
        self._tell("by-sample", by_sample(found))
        called = Content(f"{found.split} IoU by class")
        if self.query_one("#by-class").border_title != called.plain:
            self.query_one("#by-class").border_title = called

    def _move(self, place: int, step: int) -> None:
        """The first (0) or the second round of the pair, `step` rounds on."""
        if self._snapshot is None:
            return
        known, pair = measured(self._snapshot.status), self._chosen(self._snapshot.status)
        if pair is not None:
            at = min(max(known.index(pair[place]) + step, 0), len(known) - 1)
            moved = (known[at], pair[1]) if place == 0 else (pair[0], known[at])
            if moved[0] != moved[1]:
                self._pair = moved
                self.show(self._snapshot)

    # Simulations

    def _ask_simulation(self, status: Status) -> None:
        known = [job.id for job in simulations(status)]
        if not known:
            self.query_one(LineChart).show(())
            self._tell("strategies", self.altui.hint(NO_SIMULATION))
            return
        job = self._job if self._job in known else known[-1]
        self._job = job

        def done(found: Simulation) -> None:
            if self._simulations and job == self._job and self.is_ready:
                self._show_simulation(found)

        self.altui.perform(
            lambda: self.altui.project.simulation(job), done, slow=True, waits="none"
        )

    def _show_simulation(self, found: Simulation) -> None:
        summary = found.summary
        chart = self.query_one(LineChart)
        chart.border_title = Content(f"{summary.split} mIoU over labelled slices, {found.job.id}")
        full = summary.full
        chart.show(
            [Series(plain(one.strategy), series_of(one)) for one in summary.strategies],
            [Reference("all slices", full.mean)] if full else (),
        )
        self._tell("strategies", simulation_text(found))

    def _next_simulation(self, step: int) -> None:
        if self._snapshot is None:
            return
        known = [job.id for job in simulations(self._snapshot.status)]
        if self._job in known:
            at = min(max(known.index(self._job) + step, 0), len(known) - 1)
            self._job = known[at]
            self.show(self._snapshot)

    # Keys

    def action_compare_what(self) -> None:
        self._simulations = not self._simulations
        if self._snapshot is not None:
            self.show(self._snapshot)
        self.query_one("#strategies" if self._simulations else "#by-class").focus()

    def action_first_before(self) -> None:
        self._step(0, -1)

    def action_first_after(self) -> None:
        self._step(0, 1)

    def action_second_before(self) -> None:
        self._step(1, -1)

    def action_second_after(self) -> None:
        self._step(1, 1)

    def _step(self, place: int, step: int) -> None:
        if self._simulations:
            self._next_simulation(step)
        else:
            self._move(place, step)

    def _tell(self, name: str, text: str) -> None:
        found = self.query_one(f"#{name}")
        (found if isinstance(found, Told) else found.query_one(Told)).tell(text)


def panel(name: str, called: str) -> ScrollableContainer:
    """A text that is scrolled both ways where it is larger than its space."""
    found = ScrollableContainer(Told(), classes="panel", id=name)
    found.border_title = called
    return found


def measured(status: Status) -> list[int]:
    """The rounds with results."""
    return [one.round for one in status.rounds if one.finished_at is not None]


def simulations(status: Status) -> list[JobView]:
    return [job for job in status.jobs if job.kind == "simulate"]
