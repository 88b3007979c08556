"""Everything that happened in a project, as frozen rows read in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from altui.slices import SliceId

DecisionState = Literal["proposed", "approved", "rejected", "withdrawn"]
_Found = TypeVar("_Found")
_Rest = ParamSpec("_Rest")
_Row = TypeVar("_Row")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
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

    @cached_property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class Label:
    """A revision of a slice's mask; `path` and `original` are relative to the project.

    `original`: `source` as it came, empty where it was no file or an older altui took it in.
    `minutes`: of work by the tool's own clock, or from claim to return, as `minutes_by` says
    ("tool", "claim"). `restores`: the revision whose mask this one made current again.
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
    minutes_by: str = ""

    @cached_property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class ClaimRow:
    """Who is to label a slice; `annotator` is empty where it was released."""

    id: int
    event: int
    round: int
    sample: str
    slice_index: int
    annotator: str
    bundle: str

    @cached_property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class ExportRow:
    """A slice that went out in a bundle, whoever was to have it."""

    id: int
    event: int
    round: int
    sample: str
    slice_index: int
    bundle: str

    @cached_property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class Repeat:
    """A labelled slice that went out once more; `label` is the revision to compare with."""

    id: int
    event: int
    label: int
    annotator: str
    bundle: str


@dataclass(frozen=True)
class Reading:
    """The mask of a repeat; `matrix` is its label's classes against its own, in pixels."""

    id: int
    event: int
    repeat: int
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
    matrix: tuple[tuple[int, ...], ...]

    @cached_property
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
    minutes_by: str
    original: str
    remarks: str
    figures: str

    @cached_property
    def slice(self) -> SliceId:
        return SliceId(self.sample, self.slice_index)


@dataclass(frozen=True)
class QuarantineDecision:
    """How a person decided on a quarantined mask; `label`: the revision that it became."""

    id: int
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

    @property
    def split_sample(self) -> tuple[str, str]:
        return self.split, self.sample


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
class ClassesRow:
    """The classes' names by id, in masks that came in with this event or later."""

    id: int
    event: int
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)  # one is the same as another where it is the same object
class History:
    """All rows, oldest first. Holds no rules: `rounds/` derives states from it.

    `lengths`: how far each table was read, for reading on from there. `settled`: what was found
    that no later row changes, for the history that is read on from this one.
    """

    events: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    labels: tuple[Label, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    readings: tuple[Reading, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    quarantine_decisions: tuple[QuarantineDecision, ...] = ()
    jobs: tuple[JobRow, ...] = ()
    job_ends: tuple[JobEnd, ...] = ()
    job_labels: tuple[tuple[str, int], ...] = ()
    confusions: tuple[ConfusionRow, ...] = ()
    stability: tuple[StabilityRow, ...] = ()
    job_settings: tuple[SettingsRow, ...] = ()
    exports: tuple[ExportRow, ...] = ()
    label_classes: tuple[ClassesRow, ...] = ()
    lengths: tuple[int, ...] = ()
    settled: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What `derived` functions found, by function and arguments."""
        return {}

    @cached_property
    def current_labels(self) -> dict[SliceId, Label]:
        """The latest revision of each labelled slice."""
        return {label.slice: label for label in self.labels}

    @cached_property
    def ends(self) -> dict[str, JobEnd]:
        return {end.job: end for end in self.job_ends}

    @cached_property
    def decisions_of(self) -> Mapping[int, tuple[Decision, ...]]:
        """The decisions of each round."""
        return _grouped((one.round, one) for one in self.decisions)

    @cached_property
    def events_of(self) -> Mapping[int | None, tuple[Event, ...]]:
        """The events of each round."""
        return _grouped((event.round, event) for event in self.events)

    @cached_property
    def undone(self) -> frozenset[int]:
        """The events that were undone."""
        return frozenset(event.undoes for event in self.events if event.undoes is not None)

    @cached_property
    def labels_by_id(self) -> dict[int, Label]:
        return {label.id: label for label in self.labels}

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Each label's revision, as people count them: from 1 within its slice."""
        counted: dict[SliceId, int] = {}
        numbers: dict[int, int] = {}
        for label in self.labels:
            numbers[label.id] = counted[label.slice] = counted.get(label.slice, 0) + 1
        return numbers

    def revision(self, slice_id: SliceId, number: int) -> Label | None:
        """A slice's label by that number."""
        own = (label for label in self.labels if label.slice == slice_id)
        return next((label for label in own if self.numbers[label.id] == number), None)

    @cached_property
    def labels_of(self) -> Mapping[str, tuple[int, ...]]:
        """The revisions that each job's network saw."""
        return self._grown("labels_of", self.job_labels, lambda rows: rows)

    @cached_property
    def confusions_of(self) -> Mapping[str, tuple[ConfusionRow, ...]]:
        """The confusions of each job, in the order of splits and samples."""
        return self._grown(
            "confusions_of",
            self.confusions,
            lambda rows: ((one.job, one) for one in sorted(rows, key=lambda one: one.split_sample)),
        )

    @cached_property
    def open_jobs(self) -> tuple[JobRow, ...]:
        """Those whose end is not recorded."""
        return tuple(job for job in self.jobs if job.id not in self.ends)

    @cached_property
    def results_of(self) -> dict[int, str]:
        """The newest finished training of each round: the one whose figures count."""
        return {
            job.round: job.id
            for job in self.jobs
            if job.kind == "train" and job.id in self.ends and self.ends[job.id].state == "finished"
        }

    @cached_property
    def events_by_id(self) -> dict[int, Event]:
        return {event.id: event for event in self.events}

    def event_of(self, row: "WithEvent") -> Event:
        return self.events_by_id[row.event]

    def _grown(
        self,
        name: str,
        rows: tuple[_Row, ...],
        pairs: Callable[[tuple[_Row, ...]], Iterable[tuple[_Key, _Value]]],
    ) -> Mapping[_Key, tuple[_Value, ...]]:
        """The rows by key; only those added since were not grouped before."""
        count, known = self.settled.get(name, (0, _Groups()))
        new = _grouped(pairs(rows[count:]))
        grown = _Groups(known | {key: known[key] + values for key, values in new.items()})
        self.settled[name] = len(rows), grown
        return grown


_OfSlices = (
    Decision | Label | ClaimRow | ExportRow | Repeat | Reading | Quarantined | QuarantineDecision
)
WithEvent = _OfSlices | JobRow | JobEnd


def derived(
    function: Callable[Concatenate[History, _Rest], _Found],
) -> Callable[Concatenate[History, _Rest], _Found]:
    """A pure function of a history, worked out once for each: an import asks for every mask."""

    @wraps(function)
    def once(history: History, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> _Found:
        key = function, args, *kwargs.items()
        if key not in history.derived:
            history.derived[key] = function(history, *args, **kwargs)
        found: _Found = history.derived[key]
        return found

    return once


def settled(
    function: Callable[Concatenate[History, _Rest], _Found],
) -> Callable[Concatenate[History, _Rest], _Found]:
    """Like `derived`, for what rests on rows that are there by now and on no later one: worked
    out once, however the history goes on.
    """

    @wraps(function)
    def once(history: History, /, *args: _Rest.args, **kwargs: _Rest.kwargs) -> _Found:
        key = function, args, *kwargs.items()
        if key not in history.settled:
            history.settled[key] = function(history, *args, **kwargs)
        found: _Found = history.settled[key]
        return found

    return once


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> Mapping[_Key, tuple[_Value, ...]]:
    """The values of each key, in their order; none for keys that do not occur."""
    found: defaultdict[_Key, list[_Value]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return _Groups({key: tuple(values) for key, values in found.items()})


class _Groups(dict[_Key, tuple[_Value, ...]]):
    def __missing__(self, key: _Key) -> tuple[_Value, ...]:
        return ()
