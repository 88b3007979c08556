"""Proposals: ask a strategy for slices and put them on the round's slate."""

import json
from dataclasses import dataclass, replace
from typing import Any

from altui.errors import AltuiError
from altui.jobs.state import views
from altui.query.pool import Pick
from altui.query.strategies import strategy_named
from altui.rounds.plan import plan, pool_size, without
from altui.rounds.state import Slate, current_round, latest_job, results_job, slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import Decision, History
from altui.workspace import Workspace


@dataclass(frozen=True)
class Proposals:
    """A round's slate; `shortfall` says why it holds fewer slices than asked for."""

    slate: Slate
    strategy: str
    shortfall: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract's `altui propose --json`."""
        return {
            "round": self.slate.round,
            "strategy": self.strategy,
            "shortfall": self.shortfall,
            "proposals": [
                {
                    "slice": str(decision.slice),
                    "rank": decision.rank,
                    "score": decision.score,
                    "state": decision.state,
                    "reasons": list(decision.reasons),
                    "strategy": decision.strategy,
                }
                for decision in self.slate.decisions
            ],
        }


def propose(workspace: Workspace, strategy: str | None = None) -> Proposals:
    """Propose for the current round, or for the next one where this one has its results.

    The same strategy again keeps what is there and fills up what is missing; another one
    withdraws the undecided proposals and makes its own. Decisions stay. Raises AltuiError.
    """
    if strategy is not None:
        strategy_named(strategy)
    with workspace.write() as transaction:
        history = transaction.history()
        number = proposable_round(workspace, history)
        return fill_round(workspace, transaction, number, strategy)


def proposable_round(workspace: Workspace, history: History) -> int:
    """The round that proposals would be for. Raises AltuiError while a job is running."""
    number = current_round(history)
    if number == 0:
        return 1
    job = latest_job(views(workspace.jobs, history), number)
    if job is not None and job.active:
        raise AltuiError(
            f"round {number} is running ({job.id}): the next proposals need its scores",
            f"wait for it, or cancel it: altui jobs PROJECT cancel {job.id}",
        )
    if results_job(history, number) is not None:
        return number + 1
    return number


def fill_round(
    workspace: Workspace, transaction: Transaction, number: int, name: str | None
) -> Proposals:
    """Bring the slate of round `number` up to its budget. Raises AltuiError."""
    history = transaction.history()
    if not slate(history, number).decisions and not pool_size(history, workspace)[1]:
        raise AltuiError(
            "every training slice is labelled: there is none left to propose",
            "give altui.toml more training samples, or stop here",
        )
    made = plan(workspace, history, number, name)
    picks = made.batch.picks
    nothing_new = made.switches and made.batch.shortfall  # what it would replace is better kept
    if not picks and (nothing_new or not made.slate.decisions):
        raise AltuiError(
            f"{made.strategy} found no slice to propose: {made.batch.shortfall}",
            "lower [query] min_gap, or stop here",
        )
    if made.switches:  # one event, so that undo takes all of it back
        event = transaction.event("switch", number, note=made.strategy)
        record_withdrawn(transaction, event, made.leaving)
    elif made.leaving:
        event = transaction.event("withdraw", number, note="altui.toml has changed")
        record_withdrawn(transaction, event, made.leaving)
    if picks:
        if not made.switches:
            event = transaction.event("propose", number, note=made.strategy)
        left = without(history, made.leaving)
        put_forward(transaction, event, left, number, made.strategy, picks)
    return Proposals(slate(transaction.history(), number), made.strategy, made.batch.shortfall)


def put_forward(
    transaction: Transaction,
    event: int,
    history: History,
    number: int,
    strategy: str,
    picks: tuple[Pick, ...],
) -> None:
    """Append picks to the slate; ranks go on from the highest so far."""
    highest = max((d.rank for d in slate(history, number).decisions), default=0)
    for rank, pick in enumerate(picks, start=highest + 1):
        record(
            transaction,
            Decision(
                id=0,
                event=event,
                round=number,
                sample=pick.slice.sample,
                slice_index=pick.slice.index,
                state="proposed",
                strategy=strategy,
                rank=rank,
                score=pick.score,
                reasons=pick.reasons,
            ),
        )


def record_withdrawn(transaction: Transaction, event: int, leaving: tuple[Decision, ...]) -> None:
    """Take proposals off the slate."""
    for decision in leaving:
        record(transaction, replace(decision, event=event, state="withdrawn"))


def record(transaction: Transaction, decision: Decision) -> None:
    """Append a decision as it stands; its id is given by the store."""
    transaction.insert(
        "decisions",
        event=decision.event,
        round=decision.round,
        sample=decision.sample,
        slice_index=decision.slice_index,
        state=decision.state,
        strategy=decision.strategy,
        rank=decision.rank,
        score=decision.score,
        reasons=json.dumps(decision.reasons, ensure_ascii=False),
    )


def as_slices(names: tuple[str | SliceId, ...]) -> tuple[SliceId, ...]:
    """Slice names as people type them. Raises AltuiError."""
    return tuple(n if isinstance(n, SliceId) else SliceId.parse(n) for n in names)
