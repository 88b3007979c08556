"""What people decide on proposals. Each call is one transaction: all of it, or nothing."""

from dataclasses import dataclass, replace

from altui.errors import AltuiError
from altui.jobs.state import views
from altui.query.strategies import strategy_named
from altui.rounds.plan import next_best
from altui.rounds.propose import put_forward, record
from altui.rounds.state import Slate, current_round, latest_job, results_job, slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import Decision, DecisionState, Event, History
from altui.text import listing, plain
from altui.workspace import Workspace

UNDOABLE = ("approve", "reject", "pick", "switch")


@dataclass(frozen=True)
class Decided:
    """`changed` slices, those that were so `already`, and replacements put forward.

    `what` was done, such as "reject"; `notes`: what people should know of it.
    """

    changed: tuple[SliceId, ...]
    already: tuple[SliceId, ...] = ()
    replacements: tuple[SliceId, ...] = ()
    shortfall: str = ""
    what: str = ""
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """'reject s1:3'."""
        return f"{self.what} {listing(self.changed)}".rstrip()


def approve(workspace: Workspace, slices: tuple[SliceId, ...]) -> Decided:
    """Approve proposals of the current round; approving twice changes nothing.

    Raises AltuiError, and decides nothing, where one of them is not an open proposal.
    """
    with workspace.write() as transaction:
        own = open_slate(workspace, transaction.history())
        decisions = [find(own, slice_id, workspace) for slice_id in slices]
        refuse_rejected(decisions, transaction.history())
        refuse_strays(decisions, workspace)
        return _change(transaction, decisions, "approved", "approve")


def approve_all(workspace: Workspace) -> Decided:
    """Approve every proposal that is still undecided. Raises AltuiError."""
    with workspace.write() as transaction:
        own = open_slate(workspace, transaction.history())
        undecided = list(own.in_state("proposed"))
        refuse_strays(undecided, workspace)
        return _change(transaction, undecided, "approved", "approve")


def reject(
    workspace: Workspace,
    slices: tuple[SliceId, ...],
    reason: str = "",
    replace_them: bool = True,
    seen: Decision | None = None,
) -> Decided:
    """Reject proposals or approved slices; the strategy's next best take their places.

    Raises AltuiError, and decides nothing, where one is labelled already or not proposed, or where
    someone else has approved it since it was `seen`.
    """
    with workspace.write() as transaction:
        history = transaction.history()
        own = open_slate(workspace, history)
        decisions = [find(own, slice_id, workspace) for slice_id in slices]
        labelled = [d.slice for d in decisions if d.slice in history.current_labels]
        if labelled:
            raise AltuiError(
                f"{listing(labelled)} has an accepted label already",
                "a labelled slice stays; import another mask to correct it",
            )
        refuse_overtaken(own, seen, history, transaction.who)
        decided = _change(transaction, decisions, "rejected", "reject", reason)
        if not (replace_them and decided.changed):
            return decided
        return _replace(workspace, transaction, own, decided)


def undo(workspace: Workspace) -> Decided:
    """Take back the latest decision of this person in the current round.

    Raises AltuiError where there is none, or where someone has decided since on the same
    slices, or a label has come in.
    """
    with workspace.store.write() as transaction:
        history = transaction.history()
        number = current_round(history)
        open_slate(workspace, history)
        event, touched = last_decision(history, number, transaction.who)
        before = slate_before(history, number, event.id)
        undone = transaction.event("undo", number, undoes=event.id)
        for decision in touched:
            earlier = before.get(decision.slice)
            state: DecisionState = earlier.state if earlier else "withdrawn"
            record(transaction, replace(earlier or decision, event=undone, state=state))
        return Decided(decided_by_hand(touched), what=in_words(event))


def undoable(history: History, number: int, who: str) -> str:
    """What `undo` would take back for `who`, such as "reject s1:3"; empty for nothing."""
    try:
        event, touched = last_decision(history, number, who)
    except AltuiError:
        return ""
    return Decided(decided_by_hand(touched), what=in_words(event)).said


def in_words(event: Event) -> str:
    """'reject', 'switch to clasp'."""
    return f"switch to {plain(event.note)}" if event.what == "switch" else event.what


def decided_by_hand(touched: tuple[Decision, ...]) -> tuple[SliceId, ...]:
    """The slices of an event that a person decided on; others come and go with them."""
    return tuple(d.slice for d in touched if d.state in ("approved", "rejected"))


def last_decision(history: History, number: int, who: str) -> tuple[Event, tuple[Decision, ...]]:
    """The latest decision by `who` that was not undone, and what it changed, slice by slice.

    Raises AltuiError where there is none, or where others have built on it since.
    """
    for event in reversed(history.events):
        if (
            event.round == number
            and event.who == who
            and event.what in UNDOABLE
            and event.id not in history.undone
        ):
            # Another strategy may put a slice forward again that its own event withdrew.
            latest = {d.slice: d for d in history.decisions if d.event == event.id}
            touched = tuple(latest.values())
            for decision in touched:
                check_untouched(history, decision)
            return event, touched
    raise AltuiError(f"there is no decision of {who}'s in round {number} to undo")


def check_untouched(history: History, decision: Decision) -> None:
    """Refuse to undo what others have built on. Raises AltuiError."""
    if decision.slice in history.current_labels:
        raise AltuiError(
            f"{decision.slice} has an accepted label by now, so its decision stays",
            "import another mask to correct the label",
        )
    # What was undone since, and the undoing itself, no longer stand in the way.
    void = history.undone | {e.id for e in history.events if e.undoes}
    standing = [d for d in history.decisions if d.slice == decision.slice and d.event not in void]
    latest = standing[-1]
    if latest.id != decision.id:
        who = history.event_of(latest).who
        raise AltuiError(
            f"{decision.slice} has been {latest.state} by {who} since, so it cannot be undone",
            "decide on the slice anew",
        )


def slate_before(history: History, number: int, event: int) -> Slate:
    """The slate as it stood before an event."""
    earlier = tuple(d for d in history.decisions if d.event < event)
    return slate(History(decisions=earlier), number)


def open_slate(workspace: Workspace, history: History) -> Slate:
    """The slate that can still be decided on. Raises AltuiError."""
    number = current_round(history)
    if number == 0:
        raise AltuiError("nothing is proposed yet", "make proposals: altui propose PROJECT")
    if results_job(history, number) is not None:
        raise AltuiError(
            f"round {number} has its results: its decisions are closed",
            "propose the next round: altui propose PROJECT",
        )
    job = latest_job(views(workspace.jobs, history), number)
    if job is not None and job.active:
        raise AltuiError(
            f"round {number} is being trained ({job.id}): its decisions are closed",
            "wait for the job, or cancel it: altui jobs PROJECT cancel",
        )
    return slate(history, number)


def find(own: Slate, slice_id: SliceId, workspace: Workspace) -> Decision:
    """The decision on a slice of this round. Raises AltuiError."""
    found = own.get(slice_id)
    if found is None:
        workspace.check_slice(slice_id)
        raise AltuiError(
            f"{slice_id} is not proposed in round {own.round}",
            f"proposed are {listing(d.slice for d in own.active)}",
        )
    return found


def refuse_strays(decisions: list[Decision], workspace: Workspace) -> None:
    """Raises AltuiError for a slice whose sample was renamed, removed or cut short since."""
    for decision in decisions:
        try:
            workspace.check_slice(decision.slice)
        except AltuiError as error:
            raise AltuiError(
                f"{decision.slice} is proposed, but {error.message}",
                "mend altui.toml, or propose again: altui propose PROJECT",
            ) from None


def refuse_rejected(decisions: list[Decision], history: History) -> None:
    for decision in decisions:
        if decision.state == "rejected":
            who = history.event_of(decision).who
            raise AltuiError(
                f"{decision.slice} was rejected by {who}, and its place was given to another",
                "undo the rejection first: altui undo PROJECT",
            )


def refuse_overtaken(own: Slate, seen: Decision | None, history: History, who: str) -> None:
    """What someone else has approved since it was seen, a moment ago, stays. Raises AltuiError."""
    now = own.get(seen.slice) if seen else None
    if seen is None or now is None or now.id == seen.id or now.state != "approved":
        return
    other = history.event_of(now).who
    if other != who:
        raise AltuiError(
            f"{now.slice} was approved by {other} in the meantime",
            "if it is to go all the same: altui reject PROJECT SLICE",
        )


def _change(
    transaction: Transaction,
    decisions: list[Decision],
    state: DecisionState,
    what: str,
    note: str = "",
) -> Decided:
    changing = [decision for decision in decisions if decision.state != state]
    if changing:
        event = transaction.event(what, changing[0].round, note=note)
        for decision in changing:
            record(transaction, replace(decision, event=event, state=state))
    already = tuple(d.slice for d in decisions if d.state == state)
    return Decided(tuple(d.slice for d in changing), already, what=what)


def _replace(
    workspace: Workspace, transaction: Transaction, own: Slate, decided: Decided
) -> Decided:
    """Put forward the next best under the rejection's own event, so that undo takes both."""
    history = transaction.history()
    strategy = strategy_named(own.strategy)
    batch = next_best(workspace, history, own.round, strategy, len(decided.changed))
    event = history.events[-1].id
    put_forward(transaction, event, history, own.round, strategy.name, batch.picks)
    return replace(
        decided,
        replacements=tuple(pick.slice for pick in batch.picks),
        shortfall=batch.shortfall,
    )
