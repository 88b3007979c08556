"""Masks of repeats: kept beside the labels that they are compared with."""

import json

from altui.labels.accept import is_same, read_label
from altui.labels.candidate import Checked
from altui.labels.commit import Columns
from altui.rounds.repeats import confusion, repeat_of
from altui.rounds.state import current_round
from altui.store.connection import Transaction
from altui.store.history import History, Repeat
from altui.workspace import Workspace


def answered(
    workspace: Workspace, history: History, checked: Checked, annotator: str
) -> Repeat | None:
    """The repeat that a mask answers; None for a label's mask."""
    candidate = checked.candidate
    repeat = repeat_of(history, candidate.slice, annotator, candidate.bundle)
    if repeat is None or candidate.bundle:
        return repeat
    # Nobody draws the same twice: it is the label's own mask, sent again.
    label = history.labels_by_id[repeat.label]
    return None if is_same(workspace, label, checked.encoded) else repeat


def is_known(history: History, repeat: Repeat, sha256: str) -> bool:
    """Whether a repeat's latest reading is this very mask."""
    before = [one for one in history.readings if one.repeat == repeat.id]
    return bool(before) and before[-1].sha256 == sha256


def compared(workspace: Workspace, history: History, repeat: Repeat, checked: Checked) -> str:
    """The reading's confusion with its label, as JSON. Raises AltuiError."""
    label = read_label(workspace, history.labels_by_id[repeat.label])
    classes = len(workspace.config.classes.names)
    return json.dumps(confusion(label, checked.encoded.mask(), classes))


def append_reading(
    transaction: Transaction, history: History, repeat: Repeat, columns: Columns, matrix: str
) -> None:
    event = transaction.event("reading", current_round(history), note=columns["source"])
    kept = {name: value for name, value in columns.items() if name != "minutes_by"}
    kept["annotator"] = columns["annotator"] or repeat.annotator or transaction.who
    transaction.insert("readings", event=event, repeat=repeat.id, **kept, matrix=matrix)
