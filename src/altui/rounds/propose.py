"""Proposals: ask a strategy for slices and put them on the round's slate."""

import json
from dataclasses import dataclass, replace
from typing import Any

from altui.choose import batch_size, choose
from altui.errors import AltuiError
from altui.jobs.folder import SCORES
from altui.jobs.state import views
from altui.query.components import Components
from altui.query.pool import Batch, Pick, Pool, Strategy
from altui.query.strategies import strategy_named
from altui.rounds.state import (
    Slate,
    current_round,
    latest_job,
    rejected_slices,
    results_job,
    slate,
)
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import Decision, History
from altui.text import plain
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
    workspace.train  # noqa: B018  # read the headers before the lock is taken
    with workspace.store.write() as transaction:
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
            f"wait for it, or cancel it: altui jobs {plain(workspace.root)} cancel {job.id}",
        )
    if results_job(history, number) is not None:
        return number + 1
    return number


def fill_round(
    workspace: Workspace, transaction: Transaction, number: int, name: str | None
) -> Proposals:
    """Bring the slate of round `number` up to its budget. Raises AltuiError."""
    history = transaction.history()
    own = slate(history, number)
    chosen = strategy_named(name or own.strategy or default_strategy(workspace, number))
    scores_job(chosen, history, number)  # refuse it before anything is withdrawn
    if own.decisions and own.strategy != chosen.name:
        withdraw(transaction, own.in_state("proposed"), f"{chosen.name} proposes instead")
        history = transaction.history()
        own = slate(history, number)
    full = batch_size(workspace.config, chosen, len(workspace.train))
    outdated = no_longer_wanted(workspace, own, full)
    if outdated:
        withdraw(transaction, outdated, "altui.toml has changed")
        history = transaction.history()
        own = slate(history, number)
    wanted = full - len(own.active)
    batch = next_best(workspace, history, number, chosen, wanted) if wanted > 0 else Batch(())
    if batch.picks:
        event = transaction.event("propose", number, note=chosen.name)
        put_forward(transaction, event, history, number, chosen.name, batch.picks)
    if not batch.picks and not own.decisions:
        raise AltuiError(
            f"{chosen.name} found no slice to propose: {batch.shortfall or 'the pool is empty'}",
            "lower [query] min_gap, or stop here",
        )
    return Proposals(slate(transaction.history(), number), chosen.name, batch.shortfall)


def no_longer_wanted(workspace: Workspace, own: Slate, full: int) -> tuple[Decision, ...]:
    """Undecided proposals that a changed config has no place for: of samples that are gone,
    or beyond a smaller budget (the last ranks first).
    """
    undecided = own.in_state("proposed")
    gone = tuple(decision for decision in undecided if not workspace.holds(decision.slice))
    kept = tuple(decision for decision in undecided if decision not in gone)
    surplus = len(own.active) - len(gone) - full
    return gone + (kept[-surplus:] if surplus > 0 else ())


def next_best(
    workspace: Workspace, history: History, number: int, strategy: Strategy, budget: int
) -> Batch:
    """Ask a strategy for `budget` more slices of round `number`. Raises AltuiError."""
    pool = pool_of(workspace, history, number, strategy)
    return choose(workspace.config, strategy, pool, number, budget)


def pool_of(workspace: Workspace, history: History, number: int, strategy: Strategy) -> Pool:
    """The pool of round `number`. Raises AltuiError where the strategy lacks scores."""
    job = scores_job(strategy, history, number)
    return Pool(
        slices={header.name: header.slices for header in workspace.train},
        labelled=frozenset(history.current_labels),
        kept=frozenset(decision.slice for decision in slate(history, number).active),
        rejected=rejected_slices(history),
        components=Components.load(workspace.jobs / job / SCORES) if job else None,
    )


def default_strategy(workspace: Workspace, number: int) -> str:
    query = workspace.config.query
    return query.initial if number == 1 else query.strategy


def scores_job(strategy: Strategy, history: History, number: int) -> str | None:
    """The job whose scores the strategy needs for round `number`; None where it needs none.

    Raises AltuiError where no job has made them.
    """
    if not strategy.needs_scores:
        return None
    job = results_job(history, number - 1)
    if job is None:
        raise AltuiError(
            f'strategy "{strategy.name}" needs the scores of a trained network, '
            f"and round {number} has none before it",
            "take initial, random or equidistant for this round",
        )
    return job


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


def withdraw(transaction: Transaction, undecided: tuple[Decision, ...], why: str) -> None:
    """Take undecided proposals off the slate."""
    if not undecided:
        return
    event = transaction.event("withdraw", undecided[0].round, note=why)
    for decision in undecided:
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
