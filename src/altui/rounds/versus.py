"""Two rounds side by side: what the later one's labels brought. Writes nothing."""

from dataclasses import dataclass
from typing import Any

from altui import metrics
from altui.errors import AltuiError
from altui.rounds.classes import by_name, same_ids
from altui.rounds.gain import Change, Interval, compare
from altui.rounds.results import RoundResult, confusions_of, round_results
from altui.rounds.state import results_job
from altui.slices import SliceId
from altui.store.history import History
from altui.text import listing
from altui.workspace import Workspace


@dataclass(frozen=True)
class SampleVersus:
    """mIoU of one sample in both rounds, 0..1; None where it was not measured."""

    split: str
    sample: str
    first: float | None
    second: float | None

    @property
    def gain(self) -> float | None:
        return None if self.first is None or self.second is None else self.second - self.first


@dataclass(frozen=True)
class Versus:
    """`miou` and `classes`: gains from the first to the second on the watched split, with 95 %
    intervals; `samples`: of validation and test; `added`: slices that only the second's network
    was trained with; `dropped`: only the first's; `changed`: of both, with another mask.
    """

    split: str
    first: RoundResult
    second: RoundResult
    miou: Change
    classes: tuple[tuple[str, Change], ...]
    samples: tuple[SampleVersus, ...]
    added: tuple[SliceId, ...]
    dropped: tuple[SliceId, ...]
    changed: tuple[SliceId, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "first": self.first.to_json(),
            "second": self.second.to_json(),
            "gain": self.miou.gain,
            "gain_interval": _pair(self.miou.interval),
            "class_gain": {name: change.gain for name, change in self.classes},
            "class_gain_interval": {n: _pair(change.interval) for n, change in self.classes},
            "samples": [vars(one) for one in self.samples],
            "added": [str(one) for one in self.added],
            "dropped": [str(one) for one in self.dropped],
            "changed": [str(one) for one in self.changed],
        }


def rounds_with_results(history: History, workspace: Workspace) -> tuple[int, ...]:
    return tuple(one.round for one in round_results(history, workspace) if one.finished_at)


def versus(history: History, workspace: Workspace, first: int, second: int) -> Versus:
    """Raises AltuiError for a round without results."""
    names, split = workspace.config.classes.names, workspace.config.stopping.split
    one, two = _job(history, workspace, first), _job(history, workspace, second)
    before, after = confusions_of(history, one), confusions_of(history, two)
    found = compare(before.get(split, ()), after.get(split, ()))
    alike = found and same_ids(history, one, two, names)
    gains = by_name(history, two, names, found.classes) if found and alike else {}
    mious = [
        {(part, name): metrics.mean_iou(m) for part, rows in each.items() for name, m in rows}
        for each in (before, after)
    ]
    labels = [_labels(history, job) for job in (one, two)]
    results = {result.round: result for result in round_results(history, workspace)}
    return Versus(
        split=split,
        first=results[first],
        second=results[second],
        miou=found.miou if found else Change(),
        classes=tuple((name, gain or Change()) for name, gain in gains.items()),
        samples=tuple(
            SampleVersus(*key, mious[0].get(key), mious[1].get(key))
            for key in dict.fromkeys((*mious[0], *mious[1]))
        ),
        added=tuple(sorted(labels[1].keys() - labels[0].keys())),
        dropped=tuple(sorted(labels[0].keys() - labels[1].keys())),
        changed=tuple(
            sorted(s for s in labels[0].keys() & labels[1].keys() if labels[0][s] != labels[1][s])
        ),
    )


def _job(history: History, workspace: Workspace, number: int) -> str:
    job = results_job(history, number)
    if job is None:
        known = rounds_with_results(history, workspace)
        raise AltuiError(
            f"round {number} has no results",
            f"compare rounds that have: {listing(known)}" if known else "run a round first",
        )
    return job


def _labels(history: History, job: str) -> dict[SliceId, str]:
    """The masks that a job's network was trained with."""
    rows = (history.labels_by_id[label] for label in history.labels_of[job])
    return {row.slice: row.sha256 for row in rows}


def _pair(interval: Interval | None) -> list[float] | None:
    return list(interval) if interval else None
