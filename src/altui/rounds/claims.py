"""Who labels what: claims of approved slices, by annotators' names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from altui.errors import AltuiError
from altui.rounds.people import is_same, person
from altui.rounds.repeats import open_repeats
from altui.rounds.state import Slate, current_round, missing_masks, slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import ClaimRow, History, derived
from altui.text import listing
from altui.workspace import Workspace


@dataclass(frozen=True)
class Claim:
    """A slice that waits for one person's mask, since `at` (ISO 8601, UTC); `who` gave it."""

    slice: SliceId
    annotator: str
    at: str
    who: str
    bundle: str = ""

    def to_json(self) -> dict[str, Any]:
        """One entry of `claims` in `altui status --json`."""
        return {
            "slice": str(self.slice),
            "annotator": self.annotator,
            "at": self.at,
            "who": self.who,
            "bundle": self.bundle or None,
        }


@derived
def open_claims(history: History) -> Mapping[SliceId, Claim]:
    """The claims that hold: of the current round's approved slices that have no label yet."""
    number = current_round(history)
    latest = {row.slice: row for row in history.claims if row.round == number}
    found = {}
    for slice_id in missing_masks(history, slate(history, number)):
        row = latest.get(slice_id)
        if row is not None and row.annotator:
            event = history.event_of(row)
            found[slice_id] = Claim(slice_id, row.annotator, event.at, event.who, row.bundle)
    return found


@derived
def open_exports(history: History) -> Mapping[SliceId, str]:
    """Who last wrote a bundle with them: of the current round's slices that wait for a mask."""
    number = current_round(history)
    latest = {row.slice: row for row in history.exports if row.round == number}
    for claim in history.claims:  # released since, a slice is to go out again
        if (
            claim.slice in latest
            and not claim.annotator
            and claim.event > latest[claim.slice].event
        ):
            del latest[claim.slice]
    waiting = missing_masks(history, slate(history, number))
    return {one: history.event_of(latest[one]).who for one in waiting if one in latest}


def assign(
    workspace: Workspace,
    slices: tuple[SliceId, ...],
    annotator: str,
    instead_of: str | None = None,
) -> tuple[Claim, ...]:
    """Have an annotator label slices, whoever had claimed them; returns their claims.

    Raises AltuiError, and assigns nothing, for a name that is none, for slices that are not
    approved in the current round or have their label, and where those are someone else's than
    `instead_of`.
    """
    name = person(annotator)
    with workspace.store.write() as transaction:
        history = transaction.history()
        check_assignable(workspace, history, slices)
        # Assigning again what is assigned must not set the clock back.
        claims = open_claims(history)
        for claim in (claims[one] for one in slices if one in claims):
            if instead_of is not None and claim.annotator not in (instead_of, name):
                raise AltuiError(
                    f"{claim.slice} was given to {claim.annotator} by {claim.who} in the meantime",
                    f"if it is to be {name}'s all the same: altui assign PROJECT",
                )
        fresh = [s for s in slices if s not in claims or not is_same(claims[s].annotator, name)]
        if fresh:
            record_claims(transaction, current_round(history), fresh, name)
        claims = open_claims(transaction.history())
    return tuple(claims[one] for one in slices)


def release(workspace: Workspace, slices: tuple[SliceId, ...]) -> tuple[SliceId, ...]:
    """Let go of claims, so that anyone may label the slices; of a slice that was repeated, so
    that its masks count as corrections again.

    Raises AltuiError, and releases nothing, where one is neither claimed nor repeated.
    """
    with workspace.store.write() as transaction:
        history = transaction.history()
        claims = open_claims(history)
        repeated = {history.labels_by_id[one.label].slice for one in open_repeats(history)}
        for one in slices:
            if one not in claims and one not in repeated:
                workspace.check_slice(one)
                held = listing(claims) if claims else "none"
                raise AltuiError(f"{one} is not claimed", f"claimed are: {held}")
        record_claims(transaction, current_round(history), slices, "")
    return slices


def check_assignable(workspace: Workspace, history: History, slices: tuple[SliceId, ...]) -> None:
    """Raises AltuiError for a slice that waits for nobody's mask."""
    own = slate(history, current_round(history))
    for one in slices:
        if one in own.approved and one not in history.current_labels:
            continue
        workspace.check_slice(one)
        if one in history.current_labels:
            raise AltuiError(f"{one} has its label already", "another mask of it corrects it")
        raise not_approved(own, one)


def not_approved(own: Slate, one: SliceId) -> AltuiError:
    """What to say of a slice that the round does not ask for."""
    decision = own.get(one)
    how = "approve" if decision is not None and decision.state == "proposed" else "pick"
    return AltuiError(
        f"{one} is not approved in round {own.round}", f"{how} it first: altui {how} PROJECT {one}"
    )


def record_claims(
    transaction: Transaction,
    number: int,
    slices: Sequence[SliceId],
    annotator: str,
    bundle: str = "",
) -> None:
    """Append the claims under one event; no `annotator` releases the slices."""
    event = transaction.event(
        "claim" if annotator else "release", number, note=annotator or listing(slices)
    )
    for one in slices:
        transaction.insert(
            "claims",
            event=event,
            round=number,
            sample=one.sample,
            slice_index=one.index,
            annotator=annotator,
            bundle=bundle,
        )


def record_exports(
    transaction: Transaction, number: int, slices: Sequence[SliceId], bundle: str, folder: str
) -> None:
    """Append under one event that the slices went out, in this folder."""
    event = transaction.event("export", number, note=folder)
    for one in slices:
        transaction.insert(
            "exports",
            event=event,
            round=number,
            sample=one.sample,
            slice_index=one.index,
            bundle=bundle,
        )


def annotator_of(history: History, slice_id: SliceId, bundle: str) -> str:
    """Who most likely drew a mask that came back without a name: who has the bundle that it
    lies in, else who has claimed the slice; empty where nothing tells.
    """
    of_bundle = (row.annotator for row in history.claims if bundle and row.bundle == bundle)
    claim = open_claims(history).get(slice_id)
    return next(of_bundle, "") or (claim.annotator if claim else "")


def minutes_since_claim(history: History, slice_id: SliceId, annotator: str) -> float | None:
    """From a person's claim of a slice without a label until now; None without a claim.

    Of the clock on the wall, nights and week-ends included: an upper bound of the work.
    """
    row = _claim_by(history, slice_id, annotator)
    if row is None or slice_id in history.current_labels:
        return None
    since = datetime.fromisoformat(history.event_of(row).at)
    return max(0.0, round((datetime.now(UTC) - since).total_seconds() / 60, 1))


def _claim_by(history: History, slice_id: SliceId, annotator: str) -> ClaimRow | None:
    """The person's latest claim, though someone else may have been asked since."""
    found = None
    for row in history.claims:
        if row.slice != slice_id:
            continue
        if not row.annotator:
            found = None
        elif is_same(row.annotator, annotator):
            found = row
    return found
