"""Everything that happened in a project, as frozen rows read in one transaction."""

import json
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, TypeVar

from sqlite_utils import Database

from altui.errors import AltuiError
from altui.slices import SliceId
from altui.text import plain

DecisionState = Literal["proposed", "approved", "rejected", "withdrawn"]
EndState = Literal["finished", "failed", "cancelled"]
Ruling = Literal["accepted", "refused"]


@dataclass(frozen=True)
class Event:
    id: int
    at: str
    who: str
    host: str
    what: str
    round: int | None
    note: str
    undoes: int | None


@dataclass(frozen=True)
class Decision:
    id: int
    event: int
    round: int
    sample: str
    slice_index: int
    state: DecisionState
    strategy: str
    rank: int
    score: float | None
    reasons: tuple[str, ...]

    @property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class Label:
    """A revision of a slice's mask; `path` and `original` are relative to the project.

    `original`: `source` as it came, empty where it was no file or an older altui took it in.
    `minutes`: of work. `restores`: the revision whose mask this one made current again.
    """

    id: int
    event: int
    sample: str
    slice_index: int
    sha256: str
    path: str
    source: str
    source_sha256: str
    annotator: str = ""
    tool: str = ""
    minutes: float | None = None
    original: str = ""
    restores: int | None = None

    @property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class Quarantined:
    """A mask in doubt, kept as labels are. `remarks`, `figures`: JSON, of its checks."""

    id: int
    event: int
    sample: str
    slice_index: int
    sha256: str
    path: str
    source: str
    source_sha256: str
    annotator: str
    tool: str
    minutes: float | None
    original: str
    remarks: str
    figures: str

    @property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class QuarantineDecision:
    """How a person decided on a quarantined mask; `label`: the revision that it became."""

    quarantined: int
    event: int
    state: Ruling
    label: int | None
    reason: str


@dataclass(frozen=True)
class JobRow:
    id: str
    event: int
    kind: str
    round: int


@dataclass(frozen=True)
class JobEnd:
    job: str
    event: int
    state: EndState
    started_at: str | None
    ended_at: str | None
    message: str
    hint: str


@dataclass(frozen=True)
class ConfusionRow:
    job: str
    split: str
    sample: str
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class StabilityRow:
    """Predictions of a job's network (columns) against those of the round before (rows)."""

    job: str
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class SettingsRow:
    """The tables of altui.toml that a finished job's figures depend on."""

    job: str
    settings: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class History:
    """All rows, oldest first. Holds no rules: `rounds/` derives states from it."""

    events: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    labels: tuple[Label, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    quarantine_decisions: tuple[QuarantineDecision, ...] = ()
    jobs: tuple[JobRow, ...] = ()
    job_ends: tuple[JobEnd, ...] = ()
    job_labels: tuple[tuple[str, int], ...] = ()
    confusions: tuple[ConfusionRow, ...] = ()
    stability: tuple[StabilityRow, ...] = ()
    job_settings: tuple[SettingsRow, ...] = ()

    @cached_property
    def current_labels(self) -> dict[SliceId, Label]:
        """The latest revision of each labelled slice."""
        return {label.slice: label for label in self.labels}

    @cached_property
    def ends(self) -> dict[str, JobEnd]:
        return {end.job: end for end in self.job_ends}

    @cached_property
    def events_by_id(self) -> dict[int, Event]:
        return {event.id: event for event in self.events}

    def event_of(self, row: "_WithEvent") -> Event:
        return self.events_by_id[row.event]


_WithEvent = Decision | Label | Quarantined | QuarantineDecision | JobRow | JobEnd
_Row = TypeVar("_Row", Event, Label, Quarantined, QuarantineDecision, JobRow, JobEnd)


def read_history(db: Database) -> History:
    """Read every table; call inside one transaction for a consistent picture.

    Raises AltuiError for rows that altui cannot have written.
    """
    try:
        return _read_history(db)
    except (ValueError, TypeError, RecursionError) as error:
        raise AltuiError(
            f"state.db holds a row that altui did not write: {plain(error)}",
            "bring it back from a backup, or mend the row with sqlite3",
        ) from None


def _read_history(db: Database) -> History:
    return History(
        events=_rows(db, "events", Event),
        decisions=tuple(
            Decision(**{**row, "reasons": tuple(json.loads(row["reasons"]))})
            for row in db.query("SELECT * FROM decisions ORDER BY id")
        ),
        labels=_rows(db, "labels", Label),
        quarantine=_rows(db, "quarantine", Quarantined),
        quarantine_decisions=_rows(db, "quarantine_decisions", QuarantineDecision, order="event"),
        jobs=_rows(db, "jobs", JobRow, order="event"),
        job_ends=_rows(db, "job_ends", JobEnd, order="event"),
        job_labels=tuple(db.execute("SELECT job, label FROM job_labels ORDER BY job, label")),
        confusions=tuple(
            ConfusionRow(**{**row, "matrix": tuple(map(tuple, json.loads(row["matrix"])))})
            for row in db.query("SELECT * FROM confusions ORDER BY job, split, sample")
        ),
        stability=tuple(
            StabilityRow(row["job"], tuple(map(tuple, json.loads(row["matrix"]))))
            for row in db.query("SELECT * FROM stability ORDER BY job")
        ),
        job_settings=tuple(
            SettingsRow(row["job"], _tables(row["settings"]))
            for row in db.query("SELECT * FROM job_settings ORDER BY job")
        ),
    )


def _tables(text: str) -> dict[str, dict[str, Any]]:
    """Raises ValueError for anything but tables of keys."""
    tables = json.loads(text)
    if not (isinstance(tables, dict) and all(isinstance(keys, dict) for keys in tables.values())):
        raise ValueError(f"settings that are no tables: {text[:40]}")
    return tables


def _rows(db: Database, table: str, kind: type[_Row], order: str = "id") -> tuple[_Row, ...]:
    columns = ", ".join(field.name for field in fields(kind))
    return tuple(
        kind(*row) for row in db.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")
    )
