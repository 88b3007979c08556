"""How a job stands, derived from its folder and its end in the store, never from a flag."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from altui.errors import AltuiError
from altui.jobs.folder import HEARTBEAT, JobFolder, Process, now
from altui.jobs.identity import is_alive
from altui.store.history import History, JobEnd, JobRow

JobState = Literal["queued", "running", "finished", "failed", "lost", "cancelled"]

WAITS = "it has ended; its results come in when someone who may write opens the project"
START_SECONDS = 60.0  # a job that has not begun by then never will


@dataclass(frozen=True)
class JobView:
    """A job as people see it; `progress` 0..1 of the whole job, times in seconds, memory in
    bytes.
    """

    id: str
    kind: str
    round: int
    state: JobState
    who: str
    created_at: str
    ended_at: str | None = None
    stage: str | None = None
    step: int = 0
    steps: int = 0
    progress: float = 0.0
    seconds_left: float | None = None
    loss: float | None = None
    memory: int | None = None
    gpu_memory: int | None = None
    gpu_total: int | None = None
    message: str = ""
    hint: str = ""
    collected: bool = True  # False: it has ended, and its results are not in the store yet

    @property
    def active(self) -> bool:
        """Whether its results are still to come."""
        return self.state in ("queued", "running") or not self.collected


def views(jobs: Path, history: History) -> tuple[JobView, ...]:
    """Every job of a project, oldest first."""
    ended = _ended_views(jobs, history)
    return tuple(
        ended.get(row.id) or _open_view(JobFolder(jobs / row.id), row, history)
        for row in history.jobs
    )


def _ended_views(jobs: Path, history: History) -> dict[str, JobView]:
    """The jobs whose end is recorded: nothing about them changes any more, so that only those
    which have ended since are looked at.
    """
    count: int
    known: dict[str, JobView]
    count, known = history.settled.get((_ended_views, jobs), (0, {}))
    new = {end.job: end for end in history.job_ends[count:]}
    if new:
        views = {
            row.id: _ended_view(JobFolder(jobs / row.id), row, new[row.id], history)
            for row in history.jobs
            if row.id in new
        }
        known = known | views
        history.settled[_ended_views, jobs] = len(history.job_ends), known
    return known


def _ended_view(folder: JobFolder, row: JobRow, end: JobEnd, history: History) -> JobView:
    created = history.event_of(row)
    return JobView(
        row.id,
        row.kind,
        row.round,
        end.state,
        created.who,
        created.at,
        ended_at=end.ended_at or history.event_of(end).at,
        progress=1.0 if end.state == "finished" else _reached(folder),
        message=end.message,
        hint=end.hint,
    )


def _open_view(folder: JobFolder, row: JobRow, history: History) -> JobView:
    created = history.event_of(row)
    last = folder.last_progress()
    state, message = live_state(folder, datetime.fromisoformat(created.at))
    return JobView(
        row.id,
        row.kind,
        row.round,
        state,
        created.who,
        created.at,
        stage=last.stage if last else None,
        step=last.step if last else 0,
        steps=last.steps if last else 0,
        progress=last.progress if last else 0.0,
        seconds_left=last.seconds_left if last and state == "running" else None,
        loss=last.loss if last else None,
        memory=last.memory if last else None,
        gpu_memory=last.gpu_memory if last else None,
        gpu_total=last.gpu_total if last else None,
        message=message,
        hint=f"see its log; start it again: altui jobs PROJECT retry {row.id}"
        if state in ("lost", "failed")
        else "",
        collected=state != "finished",
    )


def live_state(folder: JobFolder, created: datetime) -> tuple[JobState, str]:
    """State of a job that is not collected yet, and why where it is not well.

    "finished" here means that it has ended, well or not, and waits to be collected. A
    damaged result is a failure as long as it stays so.
    """
    try:
        if folder.result() is not None:
            return "finished", WAITS
        process = folder.process()
    except AltuiError as error:
        return "failed", error.message
    if process is None:
        waited = (now() - created).total_seconds()
        if waited < START_SECONDS:
            return "queued", ""
        return "lost", "the process never started"
    if is_alive(folder, process):
        return "running", ""
    try:
        if folder.result() is not None:  # it ended between the two looks
            return "finished", WAITS
    except AltuiError as error:
        return "failed", error.message
    return "lost", _loss(folder, process)


def _reached(folder: JobFolder) -> float:
    last = folder.last_progress()
    return last.progress if last else 0.0


def _loss(folder: JobFolder, process: Process) -> str:
    if not (folder.path / HEARTBEAT).exists():  # every job has one that was begun where it lies
        return (
            f"it ran (pid {process.pid} on {process.host}) when the backup was made that this "
            "project comes from; what it had reached is not in it"
        )
    last = folder.last_progress()
    where = f" in stage {last.stage}, step {last.step} of {last.steps}" if last else ""
    return (
        f"the process (pid {process.pid} on {process.host}) is gone{where} and left no result: "
        "killed, out of memory, or the machine was restarted"
    )
