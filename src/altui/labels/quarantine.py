"""Masks in doubt: who sent what, why it is doubted, and a person's decision on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.accept import read_label
from altui.labels.checks.record import parsed
from altui.labels.checks.remark import Remark, from_text
from altui.labels.commit import append_label, columns_again
from altui.labels.kept import digest_of
from altui.rounds.quarantine import QuarantineState, decision_on, quarantine_state, waiting_masks
from altui.rounds.state import current_round
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import Event, History, Quarantined, QuarantineDecision
from altui.text import plain
from altui.workspace import Workspace


@dataclass(frozen=True)
class QuarantinedMask:
    """One mask in quarantine, or that was; `decision` and `decided` say by whom and how, and
    `revision` which of its slice's it became.
    """

    row: Quarantined
    event: Event
    state: QuarantineState
    decision: QuarantineDecision | None = None
    decided: Event | None = None
    revision: int | None = None

    @property
    def number(self) -> int:
        return self.row.id

    @property
    def slice(self) -> SliceId:
        return self.row.slice

    @property
    def annotator(self) -> str:
        """Who drew it, as far as that is known: unless told, whoever imported it."""
        return self.row.annotator or self.event.who

    @cached_property
    def remarks(self) -> tuple[Remark, ...]:
        """What the checks said, those that led to quarantine first."""
        return from_text(self.row.remarks)

    @property
    def doubts(self) -> tuple[Remark, ...]:
        """The remarks that led to quarantine."""
        return tuple(one for one in self.remarks if one.level == "quarantine")

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.doubts)

    @property
    def message(self) -> str:
        return "; ".join(one.message for one in self.doubts)

    def to_json(self) -> dict[str, Any]:
        """One entry of `altui quarantine --json`."""
        decided = self.decided and {
            "who": self.decided.who,
            "at": self.decided.at,
            "revision": self.revision,
            "reason": self.decision.reason if self.decision else "",
        }
        return {
            "number": self.number,
            "slice": str(self.slice),
            "state": self.state,
            "codes": list(self.codes),
            "message": plain(self.message),
            "checks": [one.to_json() for one in self.remarks],
            "figures": parsed(self.row.figures),
            "file": self.row.source,
            "file_sha256": self.row.source_sha256,
            "original": self.row.original or None,
            "annotator": self.annotator,
            "who": self.event.who,
            "at": self.event.at,
            "path": self.row.path,
            "sha256": self.row.sha256,
            "decided": decided,
        }


Which = SliceId | QuarantinedMask


def quarantined_masks(history: History, *, every: bool = False) -> tuple[QuarantinedMask, ...]:
    """Those that wait for a decision, oldest first; `every`: also those that were decided on
    or have a newer mask in their place.
    """
    rows = history.quarantine if every else waiting_masks(history).values()
    return tuple(_shown(history, row) for row in rows)


def read_quarantined(workspace: Workspace, which: Which) -> npt.NDArray[np.integer]:
    """(height, width) class ids of a waiting mask. Raises AltuiError."""
    row = which.row if isinstance(which, QuarantinedMask) else None
    row = row or _waiting(workspace.store.history(), which)
    return read_label(workspace, row)


def accept_quarantined(workspace: Workspace, which: Sequence[Which]) -> tuple[QuarantinedMask, ...]:
    """Have waiting masks become their slices' labels, all of them or none.

    A `QuarantinedMask` says which mask is meant, should another have come since. Raises
    AltuiError where one waits no more, is damaged, or its slice is gone.
    """
    with workspace.store.write() as transaction:
        for one in which:
            row = _waiting(transaction.history(), one)
            workspace.check_slice(row.slice)
            if digest_of(workspace.root / row.path) != row.sha256:
                raise AltuiError(
                    f"the file of the quarantined mask of {row.slice} is gone or damaged",
                    f"bring {plain(row.path)} back from a backup, or import the mask again",
                )
            _accept(transaction, row)
        return _decided(transaction, which)


def refuse_quarantined(
    workspace: Workspace, which: Sequence[Which], reason: str = ""
) -> tuple[QuarantinedMask, ...]:
    """Have waiting masks become no labels, all of them or none; they are kept, and refused
    again when they are sent again. Raises AltuiError where one waits no more.
    """
    with workspace.store.write() as transaction:
        for one in which:
            row = _waiting(transaction.history(), one)
            event = transaction.event(
                "refuse-mask", current_round(transaction.history()), note=str(row.slice)
            )
            transaction.insert(
                "quarantine_decisions",
                quarantined=row.id,
                event=event,
                state="refused",
                reason=plain(reason.strip()),
            )
        return _decided(transaction, which)


def _accept(transaction: Transaction, row: Quarantined) -> None:
    history = transaction.history()
    event = transaction.event("accept-mask", current_round(history), note=str(row.slice))
    columns = columns_again(row, history.event_of(row).who)
    remarks, figures = from_text(row.remarks), parsed(row.figures)
    label = append_label(transaction, transaction.history(), event, columns, remarks, figures)
    transaction.insert(
        "quarantine_decisions", quarantined=row.id, event=event, state="accepted", label=label
    )


def _decided(transaction: Transaction, which: Sequence[Which]) -> tuple[QuarantinedMask, ...]:
    history = transaction.history()
    newest = {row.slice: row for row in history.quarantine}
    return tuple(_shown(history, newest[_slice(one)]) for one in which)


def _shown(history: History, row: Quarantined) -> QuarantinedMask:
    decision = decision_on(history, row)
    decided = history.event_of(decision) if decision else None
    state = quarantine_state(history, row)
    became = decision.label if decision else None
    revision = history.numbers.get(became) if became else None
    return QuarantinedMask(row, history.event_of(row), state, decision, decided, revision)


def _slice(which: Which) -> SliceId:
    return which.slice if isinstance(which, QuarantinedMask) else which


def _waiting(history: History, which: Which) -> Quarantined:
    """The mask that waits; says what became of it where none does. Raises AltuiError."""
    slice_id = _slice(which)
    waiting = waiting_masks(history).get(slice_id)
    number = which.number if isinstance(which, QuarantinedMask) else None
    if waiting is not None and number in (None, waiting.id):
        return waiting
    hint = "see which masks wait: altui quarantine PROJECT"
    rows = [row for row in history.quarantine if row.slice == slice_id]
    if not rows:
        raise AltuiError(f"no mask of {plain(slice_id)} is in quarantine", hint)
    own = next((row for row in rows if row.id == number), rows[-1])
    raise AltuiError(f"the mask of {slice_id} {_fate(history, own)}", hint)


def _fate(history: History, row: Quarantined) -> str:
    """What became of a mask that waits no more."""
    shown = _shown(history, row)
    if shown.decided and shown.decision:
        reason = f": {plain(shown.decision.reason)}" if shown.decision.reason else ""
        return f"was already {shown.state} by {shown.decided.who}{reason}"
    later = [one for one in history.quarantine if one.slice == row.slice and one.id > row.id]
    if later:
        return f"is not the newest: {history.event_of(later[-1]).who} has sent another since"
    label = history.current_labels[row.slice]
    return f"waits no more: {history.event_of(label).who} has taken in a later one since"
