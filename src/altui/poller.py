"""Looks at the project now and then, and hands the app one frozen picture of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import JobFolder, Progress
from altui.jobs.losses import Losses, Points
from altui.jobs.state import JobView
from altui.labels.overview import SliceLabels, label_overview
from altui.project import Project
from altui.rounds.samples import SampleFigures, sample_figures
from altui.rounds.status import Status
from altui.rounds.status import status as derive_status

LOG_LINES = 500


@dataclass(frozen=True)
class JobDetail:
    """What the Jobs screen shows of one job beyond its line in the list; `losses`: by step."""

    id: str
    log: tuple[str, ...] = ()
    last: Progress | None = None
    losses: Points = ()


@dataclass(frozen=True)
class Snapshot:
    """The project at one moment.

    `slices`: how many each training sample has; `oracle`: whether masks are missing, and the
    samples of all of them have masks of their own; `samples`: of every split; `labels`: what came
    back and what is missing; `config`: what altui.toml says.
    """

    status: Status
    writable: bool
    slices: tuple[tuple[str, int], ...] = ()
    detail: JobDetail | None = None
    oracle: bool = False
    samples: tuple[SampleFigures, ...] = ()
    labels: tuple[SliceLabels, ...] = ()
    config: Config | None = None

    def slices_of(self, sample: str) -> int:
        return dict(self.slices).get(sample, 0)


class Poller:
    """A thread that posts a snapshot whenever the project has changed.

    A daemon thread rather than a worker: quitting never waits for a slow file system.
    """

    def __init__(
        self,
        project: Project,
        changed: Callable[[Snapshot], None],
        failed: Callable[[Exception], None],
        looked: Callable[[int], None],
        interval: float,
    ) -> None:
        """`failed` is told once of a fault that stays, not at each look; `looked`, of those that
        were asked for, the number of each that is over.
        """
        self._project = project
        self._changed, self._failed, self._looked = changed, failed, looked
        self._looks = self._wanted = 0  # begun so far, and the last that was asked for
        self._interval = interval
        self._wake, self._stopped = threading.Event(), False
        self._counting = threading.Lock()
        self._watched: str | None = None
        self._latest: Snapshot | None = None
        self._fault = ""
        self._config_fault, self._config_told = "", ""
        self._ended_detail: tuple[JobView, JobDetail] | None = None
        self._losses: Losses | None = None  # of the watched job

    def start(self) -> None:
        threading.Thread(target=self._run, name="altui-poller", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def kick(self) -> int:
        """Look now; returns the number of the first look that sees what was done before."""
        with self._counting:
            self._wanted = self._looks + 1
            self._wake.set()
            return self._wanted

    def watch(self, job: str | None) -> None:
        """Read this job's log too, from now on."""
        if job != self._watched:
            self._watched = job
            self._wake.set()

    def _run(self) -> None:
        while not self._stopped:
            # Cleared before looking: a kick in the middle of a look asks for another.
            with self._counting:
                self._wake.clear()
                self._looks += 1
                is_wanted = self._wanted == self._looks
            self._reload()
            self._look()
            if is_wanted and not self._stopped:
                self._looked(self._looks)
            self._wake.wait(self._interval)

    def _reload(self) -> None:
        """Follow altui.toml. Its fault is told once, and only where it is there at two looks in a
        row, as that of a file which an editor has written half is not.
        """
        before = self._config_fault
        try:
            self._project.reload()
        except AltuiError as error:
            self._config_fault = repr(error)
            if self._config_fault == before and before != self._config_told:
                self._config_told = before
                self._failed(error)
        else:
            self._config_fault = self._config_told = ""

    def _look(self) -> None:
        try:
            snapshot = self._snapshot()
        except Exception as error:
            if not self._stopped and self._fault != repr(error):
                self._fault = repr(error)
                self._failed(error)
            return
        # After a fault the picture is told again, so that its notice can go.
        if not self._stopped and (self._fault or snapshot != self._latest):
            self._fault, self._latest = "", snapshot
            self._changed(snapshot)

    def _snapshot(self) -> Snapshot:
        self._project.refresh()
        workspace = self._project.workspace
        history = workspace.store.history()  # asked for once: each time, the database is looked at
        status = derive_status(workspace, history)
        return Snapshot(
            status,
            workspace.store.writable,
            tuple((header.name, header.slices) for header in workspace.train),
            self._detail(status, self._watched),
            self._has_oracle(status),
            sample_figures(history, workspace),
            label_overview(history),
            workspace.config,
        )

    def _has_oracle(self, status: Status) -> bool:
        with_masks = {sample.name for sample in self._project.config.samples if sample.masks}
        return bool(status.missing) and with_masks.issuperset(one.sample for one in status.missing)

    def _detail(self, status: Status, name: str | None) -> JobDetail | None:
        job = next((job for job in status.jobs if job.id == name), None)
        if job is None:
            return None
        if self._ended_detail and self._ended_detail[0] == job:
            return self._ended_detail[1]
        try:
            log = tuple(self._project.job_log(job.id, LOG_LINES))
            folder = JobFolder(self._project.workspace.jobs / job.id)
            last = None if job.active else folder.last_progress()
            if self._losses is None or self._losses.folder != folder:
                self._losses = Losses(folder)
            losses = self._losses.points()
        except (AltuiError, OSError) as error:
            return JobDetail(job.id, (f"the log cannot be read: {error}",))
        detail = JobDetail(job.id, log, last, losses)
        if not job.active:  # it will not change any more
            self._ended_detail = (job, detail)
        return detail
