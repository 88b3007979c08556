"""Dialog: another strategy, and what it would change, before it is taken."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static

from altui.query.pool import Strategy
from altui.rounds.plan import Plan
from altui.screens.base import Dialog
from altui.screens.table import RecordTable, cell
from altui.text import count, listing, plain


class ChooseStrategy(Dialog[str]):
    """The name of the strategy that is taken; None to leave things as they are."""

    AUTO_FOCUS = "RecordTable"
    BINDINGS = [
        Binding("escape", "close", "close"),
        Binding("enter", "take", "take", priority=True),
    ]
    CSS_PATH = "strategy.tcss"

    def __init__(self, now: str) -> None:
        """`now`: the strategy of the present proposals."""
        super().__init__()
        self._now = now
        self._found: dict[str, Strategy] = {}
        self._plans: dict[str, Plan] = {}
        self._asked: set[str] = set()

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Another strategy"
            box.border_subtitle = "↑ ↓ look   Enter take   Esc leave"
            with Horizontal():
                yield RecordTable((cell("strategy"),))
                with VerticalScroll(can_focus=False):
                    yield Static("looking which can be used…", id="change", markup=False)

    def on_mount(self) -> None:
        self.altui.glance(self.altui.project.strategies, self._list, self._failed)

    def _list(self, strategies: Sequence[Strategy]) -> None:
        if not self.is_attached:
            return
        self._found = {one.name: one for one in strategies}
        rows = [
            (name, (cell(f"{'▸' if name == self._now else ' '} {name}"),)) for name in self._found
        ]
        self.query_one(RecordTable).show(rows, select=self._now)
        self._look()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        """Show what the strategy under the cursor would change; worked out when first asked."""
        name = self.query_one(RecordTable).selected
        if name not in self._found:
            return
        summary = Content.assemble((name, "bold"), f": {plain(self._found[name].summary)}")
        if name in self._plans:
            told = change(self._plans[name])
        else:
            told = Content("working out what it would change…")
            if name not in self._asked:
                self._asked.add(name)
                self._ask(name)
        self.query_one("#change", Static).update(Content("\n\n").join([summary, told]))

    def _ask(self, name: str) -> None:
        def found(plan: Plan) -> None:
            self._plans[name] = plan
            if self.is_attached:
                self._look()

        project = self.altui.project
        self.altui.perform(lambda: project.plan(name), found, self._failed, slow=True)

    def _failed(self, error: Exception) -> None:
        if self.is_attached:
            self.query_one("#change", Static).update(self.altui.in_words(error))

    def action_take(self) -> None:
        name = self.query_one(RecordTable).selected
        if name in self._plans:
            self.dismiss(name)


def change(plan: Plan) -> Content:
    """Which proposals would stay, go and come, in words and with their marks."""
    if not plan.go and not plan.come:
        return Content("nothing would change")
    approved = set(plan.slate.approved)
    kept = [one for one in plan.stay if one in approved]
    again = [one for one in plan.stay if one not in approved]
    lines = [
        (f"= {count(len(kept), 'approved slice')}", kept, "stays" if len(kept) == 1 else "stay"),
        (f"= {len(again)} put forward by both", again, "would stay"),
        (f"- {count(len(plan.go), 'proposal')}", plan.go, "would go"),
        (f"+ {count(len(plan.come), 'proposal')}", plan.come, "would come"),
    ]
    told = [
        Content.assemble((f"{what} {does}: ", "bold"), listing(which, shown=12))
        for what, which, does in lines
        if which
    ]
    if plan.batch.shortfall:
        told.append(Content(plain(plan.batch.shortfall)))
    come = set(plan.come)
    why = [
        Content(f"{pick.slice}: {plain(pick.reasons[0])}")
        for pick in plan.batch.picks
        if pick.slice in come and pick.reasons
    ]
    return Content("\n").join([*told, *([Content()] if why else []), *why])
