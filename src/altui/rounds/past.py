"""What a strategy would have proposed for a round as it began: shown, never applied."""

from dataclasses import dataclass
from typing import Any

from altui.choose import batch_size
from altui.errors import AltuiError
from altui.query.pool import Batch
from altui.query.strategies import strategy_named
from altui.rounds.plan import default_strategy, next_best
from altui.rounds.state import Slate, current_round, slate
from altui.slices import SliceId
from altui.store.history import History
from altui.workspace import Workspace


@dataclass(frozen=True)
class Shown:
    """A batch for round `slate.round`, beside what was decided on its slate."""

    slate: Slate
    strategy: str
    batch: Batch
    under_way: bool  # the round is the current one

    @property
    def note(self) -> str:
        """What people should know before they take it for the round's proposals."""
        said = f"only shown: round {self.slate.round} stays as it is"
        apply = f"; to apply it: altui propose PROJECT --strategy {self.strategy}"
        return said + apply * self.under_way

    def state(self, slice_id: SliceId) -> str | None:
        """How the slice was decided in the round; None where it was not proposed."""
        decision = self.slate.get(slice_id)
        return decision.state if decision else None

    def to_json(self) -> dict[str, Any]:
        """As `altui propose --json`, with `applied` false; `state` null: not proposed then."""
        return {
            "round": self.slate.round,
            "strategy": self.strategy,
            "applied": False,
            "shortfall": self.batch.shortfall,
            "proposals": [
                {
                    "slice": str(pick.slice),
                    "rank": rank,
                    "score": pick.score,
                    "state": self.state(pick.slice),
                    "reasons": list(pick.reasons),
                    "strategy": self.strategy,
                }
                for rank, pick in enumerate(self.batch.picks, start=1)
            ],
        }


def show_round(workspace: Workspace, number: int, strategy: str | None = None) -> Shown:
    """A whole batch for round `number` from the scores and labels that it began with.

    By the strategy that the round used, unless another one is named, and by the rules and
    samples that altui.toml has now. Writes nothing. Raises AltuiError where there is no such
    round, or none of the scores that the strategy needs.
    """
    history = workspace.store.history()
    newest = current_round(history)
    if not 1 <= number <= newest:
        raise AltuiError(
            f"there is no round {number}: the newest with proposals is round {newest}",
            "to propose for the next one, leave --round out: altui propose PROJECT",
        )
    own = slate(history, number)
    chosen = strategy_named(strategy or own.strategy or default_strategy(workspace, number))
    full = batch_size(workspace.config, chosen, len(workspace.train))
    batch = next_best(workspace, at_beginning(history, number), number, chosen, full)
    return Shown(own, chosen.name, batch, under_way=number == newest)


def at_beginning(history: History, number: int) -> History:
    """What was known when round `number` was first proposed for: decisions, labels and jobs."""
    first = min(decision.event for decision in history.decisions if decision.round == number)
    return History(
        events=tuple(event for event in history.events if event.id < first),
        decisions=tuple(one for one in history.decisions if one.event < first),
        labels=tuple(one for one in history.labels if one.event < first),
        jobs=tuple(one for one in history.jobs if one.event < first),
        job_ends=tuple(one for one in history.job_ends if one.event < first),
    )
