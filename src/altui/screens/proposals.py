"""Screen 2: the round's slices, each with its picture and reasons, to decide on."""

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static

from altui.actions import Context, bindings
from altui.poller import Snapshot
from altui.rounds.decide import Decided
from altui.rounds.state import Slate
from altui.screens import words
from altui.screens.base import AltuiScreen
from altui.screens.pictures import Wish
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable, Row, cell
from altui.slices import SliceId
from altui.store.history import Decision
from altui.text import count, listing, plain

# A space before each, since the list has no room for padding on both sides.
COLUMNS = (cell("    #"), cell(" slice"), cell(" score", right=True), cell(" strategy"))
LABELLED = "●"


class ProposalsScreen(AltuiScreen):
    SCREEN_NAME = "proposals"
    CSS_PATH = "proposals.tcss"
    BINDINGS = bindings("proposals")

    def __init__(self) -> None:
        super().__init__()
        self._proposal: SliceId | None = None  # the one under the cursor
        self._offset = 0  # slices along z from the proposal
        self._go_to: str | None = None
        self._sent: set[SliceId] = set()  # approved here, and not yet in a snapshot

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="left"):
                with Vertical(classes="panel", id="list"):
                    yield RecordTable(COLUMNS, cell_padding=0)
                with VerticalScroll(classes="panel", id="why") as why:
                    why.border_title = "Why this slice"
                    yield Static(markup=False)
            yield SlicePane(self.altui.project)

    def shown_of(self, snapshot: Snapshot) -> object:
        jobs = tuple(job for job in snapshot.status.jobs if job.state == "finished")
        return replace(snapshot, status=replace(snapshot.status, jobs=jobs), detail=None)

    def show(self, snapshot: Snapshot) -> None:
        slate = snapshot.status.slate
        missing = set(snapshot.status.missing)
        self._sent &= {d.slice for d in slate.in_state("proposed")}
        panel = self.query_one("#list")
        strategy = slate.strategy or "no proposals"
        panel.border_title = Content(f"Round {max(slate.round, 1)}, {strategy}")
        panel.border_subtitle = Content(counts(slate, missing))
        rows = [row(decision, missing) for decision in slate.decisions]
        table = self.query_one(RecordTable)
        arrived = self._go_to if any(key == self._go_to for key, _ in rows) else None
        table.show(rows, select=arrived)
        if arrived:
            self._go_to = None
        self._look()

    def context(self, snapshot: Snapshot) -> Context:
        decision = self._decision
        return Context(
            snapshot,
            decision=decision,
            has_prediction=self.query_one(SlicePane).has_prediction,
            can_step=decision is not None,
        )

    @property
    def _decision(self) -> Decision | None:
        """The proposal under the cursor."""
        key = self.query_one(RecordTable).selected
        if key is None or self._snapshot is None:
            return None
        return self._snapshot.status.slate.get(SliceId.parse(key))

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        decision = self._decision
        if decision is not None and self._proposal != decision.slice:
            self._look()
            self.keys_changed()

    def on_slice_pane_shown(self, message: SlicePane.Shown) -> None:
        self.keys_changed()  # it may have a prediction

    # Looking

    def _look(self) -> None:
        """Show the slice under the cursor, `_offset` slices along z from it."""
        decision, snapshot = self._decision, self._snapshot
        why = self.query_one("#why").query_one(Static)
        if decision is None or snapshot is None:
            self._proposal = None
            why.update("")
            self.query_one(SlicePane).show_nothing("no slice is proposed yet")
            return
        if self._proposal != decision.slice:
            self._proposal, self._offset = decision.slice, 0
        why.update(reasons(decision, set(snapshot.status.missing)))
        last = max(snapshot.slices_of(decision.sample) - 1, 0)
        index = min(max(decision.slice_index + self._offset, 0), last)
        self._offset = index - decision.slice_index
        self._show_slice(SliceId(decision.sample, index), last, snapshot)

    def _show_slice(self, viewed: SliceId, last: int, snapshot: Snapshot) -> None:
        where = f"{self._offset:+d} from the proposal" if self._offset else "the proposal"
        done = [job.id for job in snapshot.status.jobs if job.state == "finished"]
        self.query_one(SlicePane).show(
            Wish(viewed, done[-1] if done else None),
            f"{viewed}, {where}",
            f"z {viewed.index} of 0 to {last}",
        )

    def action_overlay(self) -> None:
        self.query_one(SlicePane).toggle_overlay()

    def action_slice_before(self) -> None:
        self._step_to(self._offset - 1)

    def action_slice_after(self) -> None:
        self._step_to(self._offset + 1)

    def action_slice_proposed(self) -> None:
        self._step_to(0)

    def _step_to(self, offset: int) -> None:
        self._offset = offset
        self._look()

    # Deciding

    def action_approve(self) -> None:
        decision = self._decision
        if decision is None:
            return
        slice_id = decision.slice
        self._sent.add(slice_id)
        self._go_on()
        self.altui.perform(lambda: self.altui.project.approve(slice_id), self._approved)

    def action_approve_all(self) -> None:
        self.altui.perform(
            self.altui.project.approve_all,
            lambda decided: self.altui.say(f"{count(len(decided.changed), 'slice')} approved"),
        )

    def action_reject(self) -> None:
        decision = self._decision
        if decision is not None:
            slice_id = decision.slice
            self.altui.perform(lambda: self.altui.project.reject(slice_id), self._rejected)

    def action_undo(self) -> None:
        self.altui.perform(self.altui.project.undo, self._undone)

    def _approved(self, decided: Decided) -> None:
        if decided.already:
            self.altui.say(f"{listing(decided.already)} was approved already")

    def _rejected(self, decided: Decided) -> None:
        if decided.replacements:
            self._go_to = str(decided.replacements[0])
        else:
            self._go_on()
        if decided.already:
            self.altui.say(f"{listing(decided.already)} was rejected already")
        elif decided.shortfall:
            self.altui.say(f"nothing takes its place: {decided.shortfall}", "warning")

    def _undone(self, decided: Decided) -> None:
        self._go_to = str(decided.changed[0]) if decided.changed else None
        self.altui.say(f"taken back: {decided.what} {listing(decided.changed, shown=3)}")

    def _go_on(self) -> None:
        """The cursor to the next undecided slice, round and round."""
        if self._snapshot is None:
            return
        every = self._snapshot.status.slate.decisions
        here = next((n for n, d in enumerate(every) if d.slice == self._proposal), 0)
        for decision in (*every[here + 1 :], *every[:here]):
            if decision.state == "proposed" and decision.slice not in self._sent:
                self.query_one(RecordTable).select(str(decision.slice))
                return


def row(decision: Decision, missing: set[SliceId]) -> Row:
    """One line of the list; rejected ones stand back."""
    style = "dim" if decision.state == "rejected" else ""
    score = words.NONE if decision.score is None else f"{decision.score:.3f}"
    return str(decision.slice), (
        cell(f" {mark(decision, missing)} {decision.rank:>2}", style=style),
        cell(f" {decision.slice}", style=style),
        cell(f" {score}", right=True, style=style),
        cell(f" {decision.strategy}", style=style),
    )


def mark(decision: Decision, missing: set[SliceId]) -> str:
    if decision.state == "approved" and decision.slice not in missing:
        return LABELLED
    return words.DECISION_MARKS[decision.state]


def counts(slate: Slate, missing: set[SliceId]) -> str:
    """'· 5 open ✓ 2 approved ✗ 1 out': the marks of the list, with their words."""
    labelled = [s for s in slate.approved if s not in missing]
    found = (
        ("·", len(slate.in_state("proposed")), "open"),
        ("✓", len(slate.approved) - len(labelled), "approved"),
        (LABELLED, len(labelled), "in"),
        ("✗", len(slate.in_state("rejected")), "out"),
    )
    return " ".join(f"{mark} {number} {word}" for mark, number, word in found if number)


def reasons(decision: Decision, missing: set[SliceId]) -> Content:
    """State, place and score of a proposal, and what its strategy has to say for it."""
    states = {"proposed": "to decide", "approved": "approved", "rejected": "rejected"}
    state = states.get(decision.state, decision.state)
    if decision.state == "approved":
        state += ", mask awaited" if decision.slice in missing else ", mask in"
    score = "" if decision.score is None else f", score {decision.score:.4g}"
    return Content("\n").join(
        [
            Content.assemble((f"{decision.slice} ", "bold"), state),
            Content(f"rank {decision.rank}, by {plain(decision.strategy)}{score}"),
            *(Content(f"• {plain(reason)}") for reason in decision.reasons),
        ]
    )
