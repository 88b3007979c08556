"""What each round brought: figures from the rows that its job left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from altui import metrics
from altui.rounds.changes import changes
from altui.rounds.classes import by_name, same_ids
from altui.rounds.gain import Change, Confusions, Interval, compare, miou_interval
from altui.rounds.state import current_round, results_job, slate
from altui.store.history import History, JobEnd, settled
from altui.workspace import Workspace

MEASURED = ("validation", "test")


@dataclass(frozen=True)
class Stability:
    """How alike a round's network and the one before it predict the frozen part of the pool.

    `kappa`: Cohen's, at most 1; `miou`: of one prediction on the other, 0..1; `agreement`:
    share of the pixels, 0..1.
    """

    kappa: float
    miou: float
    agreement: float


@dataclass(frozen=True)
class RoundResult:
    """One round; mIoU and IoU 0..1, None where not measured (yet).

    `seconds`: how long its job took; `finished_at`: when its results came in; `changed`: what
    else is new since the round before, so that the gain is no gain of this round's labels;
    `samples`: how many the intervals rest on; `miou_interval`: 95 %, of the watched split's.
    """

    round: int
    labelled: int
    strategy: str
    miou: Mapping[str, float | None]
    class_iou: Mapping[str, float | None]
    gain: float | None = None
    gain_interval: Interval | None = None
    seconds: float | None = None
    finished_at: str | None = None
    class_gain: Mapping[str, Change] = field(default_factory=dict)
    stability: Stability | None = None
    changed: tuple[str, ...] = ()
    samples: int = 0
    miou_interval: Interval | None = None

    def to_json(self) -> dict[str, Any]:
        """One entry of the contract's `rounds`."""
        changes = {name: self.class_gain.get(name, Change()) for name in self.class_iou}
        return {
            "round": self.round,
            "labelled": self.labelled,
            "strategy": self.strategy,
            "miou": dict(self.miou),
            "miou_interval": _pair(self.miou_interval),
            "class_iou": dict(self.class_iou),
            "gain": self.gain,
            "gain_interval": _pair(self.gain_interval),
            "class_gain": {name: change.gain for name, change in changes.items()},
            "class_gain_interval": {n: _pair(change.interval) for n, change in changes.items()},
            "changed": list(self.changed),
            "stability": vars(self.stability) if self.stability else None,
            "seconds": self.seconds,
            "finished_at": self.finished_at,
        }


@lru_cache(maxsize=2)  # as long as nothing is written, the history is the same object
def round_results(history: History, workspace: Workspace) -> tuple[RoundResult, ...]:
    """Every round so far, those without figures that have no finished job."""
    results: list[RoundResult] = []
    before: str | None = None
    for number in range(1, current_round(history) + 1):
        job = results_job(history, number)
        if job is None:
            labelled = results[-1].labelled if results else 0
            results.append(unmeasured(history, workspace, number, labelled))
        else:
            results.append(measured(history, workspace, number, job, before))
            before = job
    return tuple(results)


def unmeasured(
    history: History, workspace: Workspace, number: int, labelled_before: int
) -> RoundResult:
    own = slate(history, number)
    done = sum(
        decision.slice in history.current_labels and workspace.holds(decision.slice)
        for decision in own.decisions
    )
    names = workspace.config.classes.names
    return RoundResult(
        number,
        labelled_before + done,
        own.strategy,
        dict.fromkeys(MEASURED),
        dict.fromkeys(names),
        class_gain=dict.fromkeys(names, Change()),
    )


@settled
def measured(
    history: History, workspace: Workspace, number: int, job: str, before: str | None
) -> RoundResult:
    """`before`: the job of the last round with results."""
    names, split = workspace.config.classes.names, workspace.config.stopping.split
    found = confusions_of(history, job)
    first = confusions_of(history, before).get(split, ()) if before else ()
    watched = found.get(split, ())
    compared = compare(first, watched)
    alike = compared and before and same_ids(history, before, job, names)
    gains = by_name(history, job, names, compared.classes if compared and alike else ())
    end = history.ends[job]
    return RoundResult(
        round=number,
        labelled=len(history.labels_of[job]),
        strategy=slate(history, number).strategy,
        miou={split: _mean_iou(found.get(split, ())) for split in MEASURED},
        class_iou=by_name(history, job, names, _class_iou(watched)),
        gain=compared.miou.gain if compared else None,
        gain_interval=compared.miou.interval if compared else None,
        seconds=_seconds(end),
        finished_at=end.ended_at or history.event_of(end).at,
        class_gain={name: gain or Change() for name, gain in gains.items()},
        stability=stability_of(history, job),
        changed=changes(history, before, job, split, first, watched) if before else (),
        samples=compared.samples if compared else 0,
        miou_interval=miou_interval(watched),
    )


def confusions_of(history: History, job: str) -> dict[str, Confusions]:
    """`[split]`: the samples' confusions of one job, by name."""
    return {
        split: tuple((row.sample, row.matrix) for row in group)
        for split, group in groupby(history.confusions_of[job], key=lambda row: row.split)
    }


def stability_of(history: History, job: str) -> Stability | None:
    """None where nothing was compared."""
    matrix = next((row.matrix for row in history.stability if row.job == job), ())
    kappa, miou = metrics.cohen_kappa(matrix), metrics.mean_iou(matrix) if matrix else None
    agreement = metrics.agreement(matrix)
    if kappa is None or miou is None or agreement is None:
        return None
    return Stability(kappa, miou, agreement)


# By content: a look at the project computes new rounds only.
@lru_cache(maxsize=1024)
def _class_iou(confusions: Confusions) -> tuple[float | None, ...]:
    iou = metrics.class_iou(metrics.total(dict(confusions))) if confusions else ()
    return tuple(None if value != value else float(value) for value in iou)


@lru_cache(maxsize=1024)
def _mean_iou(confusions: Confusions) -> float | None:
    return metrics.mean_iou(metrics.total(dict(confusions))) if confusions else None


def _pair(interval: Interval | None) -> list[float] | None:
    return list(interval) if interval else None


def _seconds(end: JobEnd) -> float | None:
    """How long a job took."""
    if not (end.started_at and end.ended_at):
        return None
    started, ended = map(datetime.fromisoformat, (end.started_at, end.ended_at))
    return (ended - started).total_seconds()
