"""Screen 2: the round's slices, each with its picture and reasons, to decide on."""

from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable

from altui.actions import Context, bindings
from altui.poller import Snapshot
from altui.screens.deciding import DecidingScreen
from altui.screens.marks import marked
from altui.screens.pictures import Wish
from altui.screens.proposal_words import COLUMNS, counts, reasons, row
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable
from altui.slices import SliceId
from altui.widgets.along_z import AlongZ
from altui.widgets.told import Told

WIDE = 116  # columns, from which on two slices are shown side by side
TALL = 30  # rows, from which on every sample is shown along z
FAR = 10  # slices


class ProposalsScreen(DecidingScreen):
    SCREEN_NAME = "proposals"
    CSS_PATH = "proposals.tcss"
    BINDINGS = bindings("proposals")

    def __init__(self) -> None:
        super().__init__()
        self._offset = 0  # slices along z from the proposal
        self._nearest: tuple[SliceId, int] | None = None  # labelled slice, and its revision
        self._way = 1  # the direction of the last step
        # By whether there is room for it: whether the nearest labelled slice is shown, and all
        # samples along z.
        self._compares = {True: True, False: False}
        self._shows_all = {True: True, False: False}

    def body(self) -> ComposeResult:
        names = self.altui.project.config.classes.names
        with Horizontal():
            with Vertical(id="left"):
                with Vertical(classes="panel", id="list"):
                    yield RecordTable(COLUMNS, cell_padding=0)
                with VerticalScroll(classes="panel", id="why") as why:
                    why.border_title = "Why this slice"
                    yield Told()
            with Vertical(id="right"):
                with Horizontal(id="slices"):
                    yield SlicePane(names, id="slice")
                    yield SlicePane(names, id="labelled")
                yield AlongZ()

    def shown_of(self, snapshot: Snapshot) -> object:
        jobs = tuple(job for job in snapshot.status.jobs if job.state == "finished")
        return replace(snapshot, status=replace(snapshot.status, jobs=jobs), detail=None)

    def show(self, snapshot: Snapshot) -> None:
        slate = snapshot.status.slate
        missing = set(snapshot.status.missing)
        self.forget_sent(slate)
        panel = self.query_one("#list")
        strategy = slate.strategy or "no proposals"
        panel.border_title = Content(f"Round {max(slate.round, 1)}, {strategy}")
        panel.border_subtitle = Content(counts(slate, missing))
        rows = [row(decision, missing, slate.strategy) for decision in slate.decisions]
        self.query_one(RecordTable).show(rows, select=self.arrived(rows))
        self._look()

    def context(self, snapshot: Snapshot) -> Context:
        decision = self.decision
        return self.looking_context(
            snapshot,
            decision=decision,
            can_step=decision is not None,
            can_compare=self._nearest is not None,
        )

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        decision = self.decision
        if decision is not None and self.proposal != decision.slice:
            self._look()
            self.keys_changed()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.set_class(self._is_wide, "-wide")
        if self.is_ready:
            self._look()

    # Looking

    @property
    def viewed(self) -> SliceId | None:
        """The slice looked at; the one beside it does not count."""
        wish = self.query_one("#slice", SlicePane).wish
        return wish.slice if wish else None

    def _look(self) -> None:
        """Show the slice under the cursor, `_offset` slices along z from it."""
        decision, snapshot = self.decision, self._snapshot
        why = self.query_one("#why").query_one(Told)
        if decision is None or snapshot is None:
            self.proposal = self._nearest = None
            why.tell("")
            self.query_one("#slice", SlicePane).show_nothing("Slice", "no slice is proposed yet")
            self._arrange()
            return
        if self.proposal != decision.slice:
            if self.proposal is None or self.proposal.sample != decision.sample:
                self.viewing = self.viewing.whole()
            self.proposal, self._offset = decision.slice, 0
        self._nearest = nearest_labelled(decision.slice, snapshot)
        why.tell(reasons(decision, snapshot.status))
        last = max(snapshot.slices_of(decision.sample) - 1, 0)
        index = min(max(decision.slice_index + self._offset, 0), last)
        self._offset = index - decision.slice_index
        self._show_slice(SliceId(decision.sample, index), last, snapshot)
        self._show_labelled(last, snapshot)
        self._arrange()
        for pane in self.panes:
            pane.look(self.viewing)

    def _show_slice(self, viewed: SliceId, last: int, snapshot: Snapshot) -> None:
        where = f"{self._offset:+d} from the proposal" if self._offset else "the proposal"
        self.query_one("#slice", SlicePane).show(
            Wish(viewed, model_of(snapshot)),
            f"{viewed}, {where}",
            f"z {viewed.index} of 0–{last}",
            self._ahead(viewed, last, snapshot),
        )
        every = self._shows_all[self.app.size.height >= TALL]
        samples = marked(snapshot, None if every else viewed.sample)
        self.query_one(AlongZ).show(samples, viewed)

    def _show_labelled(self, last: int, snapshot: Snapshot) -> None:
        pane, nearest = self.query_one("#labelled", SlicePane), self._nearest
        if not self._compares[self._is_wide]:
            return
        if nearest is None:
            pane.show_nothing("Nearest labelled", "no slice of this sample is labelled yet")
        else:
            slice_id, revision = nearest
            pane.show(
                Wish(slice_id, model_of(snapshot), revision),
                f"{slice_id}, nearest labelled",
                f"z {slice_id.index} of 0–{last}",
            )

    def _arrange(self) -> None:
        """Two slices where there is room, one of them elsewhere."""
        compares = self._compares[self._is_wide] and self.proposal is not None
        compares = compares and (self._is_wide or self._nearest is not None)
        self.query_one("#labelled").display = compares
        self.query_one("#slice").display = self._is_wide or not compares

    @property
    def _is_wide(self) -> bool:
        return self.app.size.width >= WIDE

    def _ahead(self, viewed: SliceId, last: int, snapshot: Snapshot) -> list[Wish]:
        """What may be looked at next: on along z, the next proposal, back along z."""
        on, back = viewed.index + self._way, viewed.index - self._way
        following = self.next_undecided()
        wished = [
            *([SliceId(viewed.sample, on)] if 0 <= on <= last else []),
            *([following] if following else []),
            *([SliceId(viewed.sample, back)] if 0 <= back <= last else []),
        ]
        return [Wish(one, model_of(snapshot)) for one in wished]

    def action_slice_before(self) -> None:
        self._step(-1)

    def action_slice_after(self) -> None:
        self._step(1)

    def action_far_before(self) -> None:
        self._step(-FAR)

    def action_far_after(self) -> None:
        self._step(FAR)

    def action_slice_proposed(self) -> None:
        self._step(-self._offset)

    def _step(self, slices: int) -> None:
        self._way = 1 if slices > 0 else -1
        self._offset += slices
        self._look()

    def action_nearest_labelled(self) -> None:
        self._compares[self._is_wide] = not self._compares[self._is_wide]
        self._look()
        self.keys_changed()

    def action_along_z(self) -> None:
        tall = self.app.size.height >= TALL
        self._shows_all[tall] = not self._shows_all[tall]
        self._look()


def model_of(snapshot: Snapshot) -> str | None:
    """The job whose network has the newest predictions."""
    done = [j.id for j in snapshot.status.jobs if j.kind == "train" and j.state == "finished"]
    return done[-1] if done else None


def nearest_labelled(slice_id: SliceId, snapshot: Snapshot) -> tuple[SliceId, int] | None:
    """The labelled slice that lies nearest in the sample, and its revision."""
    labels = dict(snapshot.status.labels)
    nearest = slice_id.nearest(labels)
    return (nearest, labels[nearest]) if nearest else None
