"""Reads the rows of `state.db`, and of a database that was read before only the new ones."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from sqlite_utils import Database

from altui.errors import AltuiError
from altui.store.history import (
    ClaimRow,
    ClassesRow,
    ConfusionRow,
    Decision,
    Event,
    ExportRow,
    History,
    JobEnd,
    JobRow,
    Label,
    Quarantined,
    QuarantineDecision,
    Reading,
    Repeat,
    SettingsRow,
    StabilityRow,
)
from altui.text import plain


@dataclass(frozen=True)
class _Table:
    """`make` turns the values of `columns` into a row."""

    columns: tuple[str, ...]
    make: Callable[..., Any]


def _table(kind: type[Any], **decoders: Callable[[str], Any]) -> _Table:
    """A table with a column for each field of `kind`; `decoders` read its JSON."""
    columns = tuple(field.name for field in fields(kind))
    hints = get_type_hints(kind)
    allowed = [(str,) if name in decoders else _stored(hints[name]) for name in columns]

    def make(*values: Any) -> Any:
        for name, value, types in zip(columns, values, allowed, strict=True):
            # SQLite takes anything in any column.
            if not isinstance(value, types) or (type(value) is float and not math.isfinite(value)):
                raise ValueError(f"{kind.__name__} with {name} {value!r:.60}")
        if not decoders:
            return kind(*values)
        named = dict(zip(columns, values, strict=True))
        return kind(**named | {name: decode(named[name]) for name, decode in decoders.items()})

    return _Table(columns, make)


def _stored(hint: Any) -> tuple[type, ...]:
    """The types that a value of a field's type has in SQLite."""
    if get_origin(hint) is Literal:
        return (str,)
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return (*kinds, int) if float in kinds else kinds


def _matrix(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, json.loads(text)))


def _sentences(text: str) -> tuple[str, ...]:
    """Raises ValueError, TypeError for anything but a list of strings."""
    sentences = json.loads(text)
    "".join(sentences)
    return tuple(sentences)


def _tables(text: str) -> dict[str, dict[str, Any]]:
    """Raises ValueError for anything but tables of keys."""
    tables = json.loads(text)
    if not (isinstance(tables, dict) and all(isinstance(keys, dict) for keys in tables.values())):
        raise ValueError(f"settings that are no tables: {text[:40]}")
    return tables


# By the name of the table and of History's field.
TABLES = {
    "events": _table(Event),
    "decisions": _table(Decision, reasons=_sentences),
    "labels": _table(Label),
    "claims": _table(ClaimRow),
    "repeats": _table(Repeat),
    "readings": _table(Reading, matrix=_matrix),
    "quarantine": _table(Quarantined),
    "quarantine_decisions": _table(QuarantineDecision),
    "jobs": _table(JobRow),
    "job_ends": _table(JobEnd),
    "job_labels": _Table(("job", "label"), lambda job, label: (job, label)),
    "confusions": _table(ConfusionRow, matrix=_matrix),
    "stability": _table(StabilityRow, matrix=_matrix),
    "job_settings": _table(SettingsRow, settings=_tables),
    "exports": _table(ExportRow),
    "label_classes": _table(ClassesRow, names=_sentences),
}
LENGTHS = f"SELECT {', '.join(f'(SELECT max(rowid) FROM {name})' for name in TABLES)}"


def read_history(db: Database, known: History | None = None) -> History:
    """Every row; call inside one transaction for a consistent picture.

    `known`: what was read of this database before. It is returned as it is where nothing
    is new; else only what was added since is read, for rows are never changed or deleted.
    Raises AltuiError for rows that altui cannot have written.
    """
    try:
        return _read_history(db, known)
    except (ValueError, TypeError, RecursionError) as error:
        raise AltuiError(
            f"state.db holds a row that altui did not write: {plain(error)}",
            "bring it back from a backup, or mend the row with sqlite3",
        ) from None


def _read_history(db: Database, known: History | None) -> History:
    lengths = tuple(length or 0 for length in db.execute(LENGTHS).fetchone())
    if known is not None and not _is_past_of(db, known, lengths):
        known = None
    if known is not None and known.lengths == lengths:
        return known
    known = known or History(lengths=(0,) * len(TABLES))
    rows = {
        name: getattr(known, name) + _rows(db, name, since)
        for name, since in zip(TABLES, known.lengths, strict=True)
    }
    # A copy: a transaction that is rolled back leaves nothing behind.
    history = History(**rows, lengths=lengths, settled=dict(known.settled))
    if (last := max(history.decisions_of, default=0)) > len(history.events):
        raise ValueError(f"a decision in round {last}, though not so much has happened")
    return history


def _is_past_of(db: Database, known: History, lengths: tuple[int, ...]) -> bool:
    """Whether the database has grown out of `known`: a backup may have taken its place."""
    if not known.events or any(n < k for n, k in zip(lengths, known.lengths, strict=True)):
        return False
    last = known.events[-1]
    columns = ", ".join(TABLES["events"].columns)
    row = db.execute(f"SELECT {columns} FROM events WHERE id = ?", [last.id]).fetchone()
    return row is not None and Event(*row) == last


def _rows(db: Database, name: str, since: int) -> tuple[Any, ...]:
    """The rows after row `since`, in the order of their writing."""
    table = TABLES[name]
    found = db.execute(
        f"SELECT {', '.join(table.columns)} FROM {name} WHERE rowid > ? ORDER BY rowid", [since]
    )
    return tuple(table.make(*row) for row in found)
