"""The rows of masks that are taken in or held in quarantine; their files are there already."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from altui.labels.candidate import Checked
from altui.labels.checks.record import record_checks
from altui.labels.checks.remark import Figure, Remark, to_text
from altui.rounds.claims import minutes_since_claim
from altui.rounds.propose import record
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import History, Quarantined

Columns = Mapping[str, Any]


def columns_of(checked: Checked, original: str, annotator: str) -> Columns:
    """What labels, quarantined masks and readings have in common. `original`: where the file as
    it came is kept, relative to the project. `annotator` drew it; empty for whoever imports it.
    """
    candidate, encoded = checked.candidate, checked.encoded
    return {
        "sample": candidate.slice.sample,
        "slice_index": candidate.slice.index,
        "sha256": encoded.sha256,
        "path": encoded.path,
        "source": candidate.file,
        "source_sha256": candidate.source_sha256,
        "annotator": annotator,
        "tool": candidate.tool,
        "minutes": candidate.minutes,
        "minutes_by": "" if candidate.minutes is None else "tool",
        "original": original,
    }


def with_claim(history: History, columns: Columns, who: str) -> Columns:
    """The same with the minutes since the slice was claimed, where the tool told none. `who`
    imports it.
    """
    if columns["minutes"] is not None:
        return columns
    slice_id = SliceId(columns["sample"], columns["slice_index"])
    minutes = minutes_since_claim(history, slice_id, columns["annotator"] or who)
    return {**columns, "minutes": minutes, "minutes_by": "" if minutes is None else "claim"}


def columns_again(row: Quarantined, who: str) -> Columns:
    """The same of a mask that leaves quarantine. `who` sent it, and drew it unless told."""
    kept = ("sample", "slice_index", "sha256", "path", "source", "source_sha256", "tool")
    return {
        **{column: getattr(row, column) for column in (*kept, "minutes", "minutes_by", "original")},
        "annotator": row.annotator or who,
    }


def append_label(
    transaction: Transaction,
    history: History,
    event: int,
    columns: Columns,
    remarks: tuple[Remark, ...],
    figures: Mapping[str, Figure],
) -> int:
    """Append a revision, and approve its slice where that was still open; returns its id.

    `history`: the transaction's, at least as far as the slice goes.
    """
    slice_id = SliceId(columns["sample"], columns["slice_index"])
    decision = slate(history, current_round(history)).get(slice_id)
    if decision is not None and decision.state == "proposed":
        record(transaction, replace(decision, event=event, state="approved"))
    label = transaction.insert("labels", event=event, **columns)
    record_checks(transaction, label, remarks, figures)
    return label


def append_quarantined(
    transaction: Transaction,
    event: int,
    columns: Columns,
    remarks: tuple[Remark, ...],
    figures: Mapping[str, Figure],
) -> int:
    """Append a mask that a person is to decide on; returns its number."""
    return transaction.insert(
        "quarantine",
        event=event,
        **columns,
        remarks=to_text(remarks),
        figures=json.dumps(dict(figures)),
    )
