"""Slices that a person picks by hand. What the config asks of strategies is told, not enforced."""

from altui.choose import rules_of
from altui.errors import AltuiError
from altui.query.draft import Draft
from altui.query.pool import Pool
from altui.rounds.decide import Decided, approve, find, open_slate, refuse_overtaken
from altui.rounds.plan import full_size
from altui.rounds.propose import record, record_withdrawn
from altui.rounds.state import Slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import Decision, History
from altui.text import count, plain
from altui.workspace import Workspace

BY_HAND = "by hand"
"""Stands where the strategy's name does."""


def pick(
    workspace: Workspace,
    slice_id: SliceId,
    instead_of: SliceId | None = None,
    seen: Decision | None = None,
) -> Decided:
    """Put a slice of the pool into the round's batch, approved.

    It takes the place of `instead_of`, which goes back to the pool, or, in a full batch, of
    the last undecided proposal; where none is left, the batch grows. A proposal that is picked
    is approved. Raises AltuiError, and changes nothing, for a slice that has a label or is not
    of a training sample, and where `instead_of` cannot make way: it has a label, or someone else
    has approved it since it was `seen`.
    """
    workspace.check_slice(slice_id)
    with workspace.store.write() as transaction:
        history = transaction.history()
        own = open_slate(workspace, history)
        known = own.get(slice_id)
        if known is None or known.state == "rejected":
            refuse_overtaken(own, seen, history, transaction.who)
            return _pick(workspace, transaction, history, own, slice_id, instead_of)
    return approve(workspace, (slice_id,))


def _pick(
    workspace: Workspace,
    transaction: Transaction,
    history: History,
    own: Slate,
    slice_id: SliceId,
    instead_of: SliceId | None,
) -> Decided:
    if slice_id in history.current_labels:
        raise AltuiError(
            f"{slice_id} has an accepted label already",
            "import another mask to correct it; pick a slice of the pool",
        )
    full = full_size(workspace, own)
    leaving = _making_way(workspace, history, own, full, instead_of)
    notes = _notes(workspace, history, own, slice_id, leaving, full)
    event = transaction.event("pick", own.round, note=str(slice_id))
    if leaving is not None:
        record_withdrawn(transaction, event, (leaving,))
    place = (f"in place of {leaving.slice}",) if leaving is not None else ()
    record(
        transaction,
        Decision(
            id=0,
            event=event,
            round=own.round,
            sample=slice_id.sample,
            slice_index=slice_id.index,
            state="approved",
            strategy=BY_HAND,
            rank=max((d.rank for d in own.decisions), default=0) + 1,
            score=None,
            reasons=(f"picked by {plain(transaction.who)}", *place, *notes),
        ),
    )
    return Decided((slice_id,), what="pick", notes=(*place, *notes))


def _making_way(
    workspace: Workspace, history: History, own: Slate, full: int, instead_of: SliceId | None
) -> Decision | None:
    """The proposal whose place is taken. Raises AltuiError."""
    if instead_of is None:
        undecided = own.in_state("proposed")
        return undecided[-1] if undecided and len(own.active) >= full else None
    leaving = find(own, instead_of, workspace)
    if leaving.state == "rejected":
        return None  # its place was given to another already
    if instead_of in history.current_labels:
        raise AltuiError(
            f"{instead_of} has an accepted label by now, so it keeps its place",
            "pick the slice without naming another",
        )
    return leaving


def _notes(
    workspace: Workspace,
    history: History,
    own: Slate,
    slice_id: SliceId,
    leaving: Decision | None,
    full: int,
) -> tuple[str, ...]:
    """Which rules of the config the pick goes beyond."""
    kept = tuple(d.slice for d in own.active if d is not leaving)
    pool = Pool(
        slices={header.name: header.slices for header in workspace.train},
        labelled=frozenset(history.current_labels),
        kept=frozenset(kept),
    )
    broken = Draft(pool, rules_of(workspace.config, own.round, 1)).refusal(slice_id)
    budget = max(full, workspace.config.query.budget)  # one slice a sample may be fewer
    larger = len(kept) + 1 - budget
    return (
        *([broken] if broken else []),
        *([f"{count(larger, 'slice')} beyond the budget of {budget}"] if larger > 0 else []),
    )
