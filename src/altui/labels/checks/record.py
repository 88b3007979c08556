"""What the checks said of accepted masks: kept beside the labels, for those that come later."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from altui.labels.checks.agreement import Apart
from altui.labels.checks.remark import Figure, Remark, from_text, to_text
from altui.store.connection import Transaction


def record_checks(
    transaction: Transaction, label: int, remarks: tuple[Remark, ...], figures: Mapping[str, Figure]
) -> None:
    """Append what was found when revision `label` was taken in."""
    if remarks or figures:
        transaction.insert(
            "label_checks", label=label, remarks=to_text(remarks), figures=json.dumps(figures)
        )


def remarks_on(db: Database, label: int) -> tuple[Remark, ...]:
    """What was remarked of a revision."""
    rows = db.execute("SELECT remarks FROM label_checks WHERE label = ?", [label]).fetchall()
    return from_text(rows[0][0]) if rows else ()


def disagreements(db: Database) -> tuple[Apart, ...]:
    """How far each slice's newest label is from the prediction of a network that had not seen the
    slice, where there was one; `share` is 0 for labels of before it was kept. Labels that do not
    differ are left out: they are the prediction.
    """
    rows = db.execute(
        "SELECT sample, slice_index, figures FROM label_checks "
        "JOIN labels ON labels.id = label_checks.label ORDER BY labels.id"
    )
    newest = {(sample, index): _apart(parsed(text)) for sample, index, text in rows}
    return tuple(apart for apart in newest.values() if apart.disagreement > 0)


def _apart(figures: Mapping[str, Any]) -> Apart:
    share, disagreement = (figures.get(name) for name in ("pixels", "disagreement"))
    if not isinstance(disagreement, float):
        return Apart(0.0, 0.0)
    return Apart(share if isinstance(share, float) else 0.0, disagreement)


def parsed(figures: str) -> dict[str, Any]:
    """Figures as the store keeps them; nothing for what altui did not write."""
    try:
        found = json.loads(figures)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
