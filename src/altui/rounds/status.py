"""One frozen picture of a project: what `altui status` prints and the screens show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from altui import metrics
from altui.errors import AltuiError
from altui.jobs.state import JobView, views
from altui.query.strategies import strategy_named
from altui.rounds.decide import undoable
from altui.rounds.propose import batch_size, default_strategy
from altui.rounds.state import (
    RoundState,
    Slate,
    current_round,
    latest_job,
    missing_masks,
    results_job,
    round_state,
    slate,
)
from altui.rounds.stopping import Gain, StoppingVerdict, verdict
from altui.slices import SliceId
from altui.store.history import History, JobEnd
from altui.text import count, listing, plain
from altui.workspace import Workspace

MEASURED = ("validation", "test")


@dataclass(frozen=True)
class RoundResult:
    """One round; mIoU and IoU 0..1, None where not measured (yet).

    `seconds`: how long its job took; `finished_at`: when its results came in.
    """

    round: int
    labelled: int
    strategy: str
    miou: Mapping[str, float | None]
    class_iou: Mapping[str, float | None]
    gain: float | None = None
    gain_interval: tuple[float, float] | None = None
    seconds: float | None = None
    finished_at: str | None = None


@dataclass(frozen=True)
class Status:
    """The project at one moment; `pool` counts training slices without a label."""

    project: str
    watched: str  # the split that the stopping rule, gains and class IoU are of
    round: int
    state: RoundState
    labelled: int
    pool: int
    rounds: tuple[RoundResult, ...]
    stopping: StoppingVerdict
    jobs: tuple[JobView, ...]
    slate: Slate
    wanted: int  # slices that a full slate holds
    missing: tuple[SliceId, ...]
    strays: tuple[SliceId, ...]  # labelled or in the slate, but not in altui.toml any more
    undoable: str  # what this person's undo would take back; empty for nothing
    todo: str

    def to_json(self) -> dict[str, Any]:
        """The contract's `altui status --json`."""
        return {
            "project": self.project,
            "round": self.round,
            "state": self.state,
            "labelled": self.labelled,
            "pool": self.pool,
            "todo": self.todo,
            "missing": [str(one) for one in self.missing],
            "strays": [str(one) for one in self.strays],
            "rounds": [
                {
                    "round": one.round,
                    "labelled": one.labelled,
                    "strategy": one.strategy,
                    "miou": dict(one.miou),
                    "class_iou": dict(one.class_iou),
                    "gain": one.gain,
                    "gain_interval": list(one.gain_interval) if one.gain_interval else None,
                    "seconds": one.seconds,
                    "finished_at": one.finished_at,
                }
                for one in self.rounds
            ],
            "stopping": {
                "verdict": self.stopping.verdict,
                "reasons": list(self.stopping.reasons),
            },
            "jobs": [job_json(job) for job in self.jobs],
        }


def job_json(job: JobView) -> dict[str, Any]:
    """One job of the contract's lists."""
    return {
        "id": job.id,
        "kind": job.kind,
        "round": job.round,
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "step": job.step,
        "steps": job.steps,
        "seconds_left": job.seconds_left,
        "loss": job.loss,
        "who": job.who,
        "created_at": job.created_at,
        "ended_at": job.ended_at,
        "message": job.message,
        "hint": job.hint,
    }


def status(workspace: Workspace, history: History) -> Status:
    """Derive the picture from what happened and from the jobs' folders."""
    jobs = views(workspace.jobs, history)
    results = round_results(history, workspace)
    stopping = stopping_verdict(history, workspace, results)
    state = round_state(history, jobs, stopping.verdict == "stop")
    number = current_round(history)
    current = slate(history, number)
    missing = missing_masks(history, current)
    labelled, pool = pool_size(history, workspace)
    return Status(
        project=workspace.config.project.name,
        watched=workspace.config.stopping.split,
        round=max(number, 1),
        state=state,
        labelled=labelled,
        pool=pool,
        rounds=results,
        stopping=stopping,
        jobs=jobs,
        slate=current,
        wanted=wanted(workspace, current, number),
        missing=missing,
        strays=strays(workspace, history, current),
        undoable=undoable(history, number, workspace.store.who),
        todo=todo(state, current, missing, latest_job(jobs, number), stopping),
    )


def wanted(workspace: Workspace, current: Slate, number: int) -> int:
    """How many slices a full slate of this round holds."""
    name = current.strategy or default_strategy(workspace, max(number, 1))
    try:
        return batch_size(workspace, strategy_named(name))
    except AltuiError:  # a strategy that this altui does not have
        return workspace.config.query.budget


def pool_size(history: History, workspace: Workspace) -> tuple[int, int]:
    """How many training slices have a label, and how many have none."""
    labelled = sum(map(workspace.holds, history.current_labels))
    return labelled, sum(header.slices for header in workspace.train) - labelled


def strays(workspace: Workspace, history: History, current: Slate) -> tuple[SliceId, ...]:
    """Slices with a label or in the slate whose sample was renamed, removed or cut short."""
    known = dict.fromkeys((*history.current_labels, *(d.slice for d in current.active)))
    return tuple(slice_id for slice_id in known if not workspace.holds(slice_id))


def round_results(history: History, workspace: Workspace) -> tuple[RoundResult, ...]:
    """Every round so far, the current one without figures until its job is in."""
    names = workspace.config.classes.names
    results: list[RoundResult] = []
    before: dict[str, Any] | None = None
    for number in range(1, current_round(history) + 1):
        job = results_job(history, number)
        own = slate(history, number)
        if job is None:
            done = sum(
                decision.slice in history.current_labels and workspace.holds(decision.slice)
                for decision in own.decisions
            )
            labelled = (results[-1].labelled if results else 0) + done
            results.append(
                RoundResult(
                    number, labelled, own.strategy, dict.fromkeys(MEASURED), dict.fromkeys(names)
                )
            )
            continue
        confusions = confusions_of(history, job)
        watched = confusions.get(workspace.config.stopping.split, {})
        gain, interval = _gain(before, watched)
        end = history.ends[job]
        results.append(
            RoundResult(
                number,
                sum(one == job for one, _ in history.job_labels),
                own.strategy,
                {split: _mean_iou(confusions.get(split)) for split in MEASURED},
                _class_iou(watched, names),
                gain,
                interval,
                _seconds(end),
                end.ended_at or history.event_of(end).at,
            )
        )
        before = watched
    return tuple(results)


def confusions_of(history: History, job: str) -> dict[str, dict[str, metrics.Matrix]]:
    """`[split][sample]`, each (classes, classes), of one job."""
    found: dict[str, dict[str, metrics.Matrix]] = {}
    for row in history.confusions:
        if row.job == job:
            found.setdefault(row.split, {})[row.sample] = np.array(row.matrix, dtype=np.int64)
    return found


def stopping_verdict(
    history: History, workspace: Workspace, results: tuple[RoundResult, ...]
) -> StoppingVerdict:
    samples = len(workspace.config.split(workspace.config.stopping.split))
    gains = [
        Gain(one.round, one.gain, one.gain_interval, samples)
        for one in results
        if one.gain is not None
    ]
    evaluated = sum(one.finished_at is not None for one in results)
    return verdict(workspace.config.stopping, evaluated, gains, pool_size(history, workspace)[1])


def todo(
    state: RoundState,
    current: Slate,
    missing: tuple[SliceId, ...],
    job: JobView | None,
    stopping: StoppingVerdict,
) -> str:
    """What a person does next, in words."""
    approved = len(current.approved)
    match state:
        case "proposed" if not current.decisions:
            return "make the first proposals"
        case "proposed" if not current.active:
            return "every proposal was rejected: propose again, or with another strategy"
        case "proposed":
            waiting = count(len(current.in_state("proposed")), "proposal")
            return f"decide on {waiting}: approve or reject each slice"
        case "annotating":
            return (
                f"{approved - len(missing)} of {count(approved, 'mask')} in; export the bundle, "
                f"and import the masks of {listing(missing, shown=4)}"
            )
        case "labelled":
            return f"all {count(approved, 'mask')} are in: run the round"
        case "running":
            if job is None or not job.collected:
                return f"{job.id}: {job.message}" if job else ""
            return f"{job.id} is running; nothing to do until it ends"
        case "failed":
            return f"{job.id} {job.state}: {plain(job.message)}; retry it" if job else ""
        case "evaluated":
            return "propose the next round"
        case "stopped":
            return f"stop: {'; '.join(stopping.reasons)}; to go on all the same, propose"


def _gain(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> tuple[float | None, tuple[float, float] | None]:
    if not before or not after or _classes(before) != _classes(after):
        return None, None  # with other classes the two figures are not of one kind
    first, second = _mean_iou(before), _mean_iou(after)
    if first is None or second is None:
        return None, None
    return second - first, metrics.gain_interval(before, after)


def _classes(confusions: dict[str, Any]) -> int:
    return len(next(iter(confusions.values())))


def _mean_iou(confusions: dict[str, Any] | None) -> float | None:
    return metrics.mean_iou(metrics.total(confusions)) if confusions else None


def _class_iou(
    confusions: Mapping[str, metrics.Matrix], names: tuple[str, ...]
) -> dict[str, float | None]:
    if not confusions:
        return dict.fromkeys(names)
    values = metrics.class_iou(metrics.total(confusions))
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(names, values, strict=False)
    }


def _seconds(end: JobEnd) -> float | None:
    """How long a job took."""
    if not (end.started_at and end.ended_at):
        return None
    started, ended = map(datetime.fromisoformat, (end.started_at, end.ended_at))
    return (ended - started).total_seconds()
