"""How each quarantined mask stands, derived from the rows. Pure functions."""

from collections.abc import Mapping
from typing import Literal

from altui.slices import SliceId
from altui.store.history import History, Quarantined, QuarantineDecision, derived

QuarantineState = Literal["waiting", "accepted", "refused", "superseded"]


def decision_on(history: History, row: Quarantined) -> QuarantineDecision | None:
    return next((d for d in history.quarantine_decisions if d.quarantined == row.id), None)


def quarantine_state(history: History, row: Quarantined) -> QuarantineState:
    """`superseded`: a later mask of the slice took its place, as a label or in quarantine."""
    decided = decision_on(history, row)
    if decided is not None:
        return decided.state
    return "waiting" if waiting_masks(history).get(row.slice) == row else "superseded"


@derived
def waiting_masks(history: History) -> Mapping[SliceId, Quarantined]:
    """The quarantined masks that a person is to decide on, one a slice at most, oldest first."""
    if not history.quarantine:
        return {}
    newest = {row.slice: row for row in history.quarantine}
    decided = {decision.quarantined for decision in history.quarantine_decisions}
    labelled = {one.slice: one.event for one in history.labels if not one.restores}
    waiting = [
        row
        for row in newest.values()
        if row.id not in decided and labelled.get(row.slice, 0) < row.event
    ]
    return {row.slice: row for row in sorted(waiting, key=lambda row: row.id)}


def refusal_of(history: History, slice_id: SliceId, sha256: str) -> QuarantineDecision | None:
    """The decision by which a person last refused this very mask of a slice; None where the
    mask was never refused.
    """
    rows = {r.id for r in history.quarantine if (r.slice, r.sha256) == (slice_id, sha256)}
    decided = [d for d in history.quarantine_decisions if d.quarantined in rows]
    return decided[-1] if decided and decided[-1].state == "refused" else None
