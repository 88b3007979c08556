"""What proposing would do to a round's slate: worked out first, then shown or done."""

from dataclasses import dataclass, replace

from altui.choose import batch_size, choose
from altui.errors import AltuiError
from altui.jobs.folder import SCORES
from altui.query.components import Components
from altui.query.pool import Batch, Pool, Strategy
from altui.query.strategies import every_strategy, strategy_named
from altui.rounds.state import Slate, rejected_slices, results_job, slate
from altui.slices import SliceId
from altui.store.history import Decision, History
from altui.workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """`slate` as it is, the undecided proposals that would be `leaving` it, and what
    `strategy` would put forward; `switches`: in place of another strategy's.
    """

    slate: Slate
    strategy: str
    leaving: tuple[Decision, ...]
    batch: Batch
    switches: bool

    @property
    def stay(self) -> tuple[SliceId, ...]:
        """What is in the batch and would be."""
        leaving = {decision.slice for decision in self.leaving}
        again = {pick.slice for pick in self.batch.picks}
        active = (decision.slice for decision in self.slate.active)
        return tuple(one for one in active if one not in leaving or one in again)

    @property
    def go(self) -> tuple[SliceId, ...]:
        again = {pick.slice for pick in self.batch.picks}
        return tuple(d.slice for d in self.leaving if d.slice not in again)

    @property
    def come(self) -> tuple[SliceId, ...]:
        leaving = {decision.slice for decision in self.leaving}
        return tuple(p.slice for p in self.batch.picks if p.slice not in leaving)


def plan(workspace: Workspace, history: History, number: int, name: str | None = None) -> Plan:
    """Of strategy `name`, or the one that round `number` has. Changes nothing.

    Raises AltuiError where the strategy lacks scores.
    """
    own = slate(history, number)
    chosen = strategy_named(name or own.strategy or default_strategy(workspace, number))
    scores_job(chosen, history, number)
    full = batch_size(workspace.config, chosen, len(workspace.train))
    switches = bool(own.decisions) and own.strategy != chosen.name
    leaving = own.in_state("proposed") if switches else no_longer_wanted(workspace, own, full)
    wanted = full - len(own.active) + len(leaving)
    left = without(history, leaving)
    batch = next_best(workspace, left, number, chosen, wanted) if wanted > 0 else Batch(())
    return Plan(own, chosen.name, leaving, batch, switches)


def strategies_now(workspace: Workspace, history: History, number: int) -> tuple[Strategy, ...]:
    """Those that could propose for round `number`, with the scores that it has."""
    job = results_job(history, number - 1)
    there = {"scores"} if job else set()
    if job:
        names = Components.names(workspace.jobs / job / SCORES)
        there |= {"embedding"} if "embedding" in names else set()
        there |= {"committee"} if any(name.startswith("bald_") for name in names) else set()
    return tuple(one for one in every_strategy()[0] if there.issuperset(one.needs))


def full_size(workspace: Workspace, own: Slate) -> int:
    """How many slices a full slate of this round holds."""
    name = own.strategy or default_strategy(workspace, max(own.round, 1))
    try:
        return batch_size(workspace.config, strategy_named(name), len(workspace.train))
    except AltuiError:  # a strategy that this altui does not have
        return workspace.config.query.budget


def without(history: History, leaving: tuple[Decision, ...]) -> History:
    """The history as it will be once these proposals are withdrawn."""
    gone = tuple(replace(decision, state="withdrawn") for decision in leaving)
    return replace(history, decisions=(*history.decisions, *gone))


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


def pool_size(history: History, workspace: Workspace) -> tuple[int, int]:
    """How many training slices have a label, and how many have none."""
    labelled = sum(map(workspace.holds, history.current_labels))
    return labelled, sum(header.slices for header in workspace.train) - labelled


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
