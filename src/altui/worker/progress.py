"""How far the job is: lines of `progress.jsonl`, at most one a second and one at each end."""

import contextlib
import time
from collections.abc import Callable, Mapping

from altui.jobs.folder import STAGES, JobFolder, Progress, Stage, now
from altui.worker.log import duration, say
from altui.worker.use import gpu_memory, memory

EVERY_SECONDS = 1.0
LOG_EVERY_SECONDS = 15.0


class Tracker:
    """Progress over all stages, weighted by work.

    `work`: units of work of each stage, in pixels passed forward through the network; a
    training step costs about three such passes (one forward, two backward). `trainings`: how
    often the train stage begins, once for each network.
    """

    def __init__(self, folder: JobFolder, work: Mapping[Stage, float], trainings: int = 1) -> None:
        self.folder = folder
        self.trainings = trainings
        self.work = {stage: max(work[stage], 0.0) for stage in STAGES}
        self.seconds: dict[Stage, float] = {}  # of the ended stages
        self._total = max(sum(self.work.values()), 1e-9)
        self._stage: Stage = STAGES[0]
        self._step = self._steps = 0
        self._began = self._written = self._logged = 0.0
        self._first: tuple[float, int] | None = None  # time and step once it runs

    def begin(self, stage: Stage, steps: int) -> None:
        """A stage starts that takes `steps` steps, or the next training."""
        if stage == "train" == self._stage and self._steps:
            self._first = None
            return
        goes = self.trainings if stage == "train" else 1
        self._stage, self._step, self._steps = stage, 0, steps * goes
        self._began = self._logged = time.monotonic()
        self._first = None
        self._write(None)

    def advance(self, steps: int = 1, loss: Callable[[], float] | None = None) -> None:
        """`steps` more steps are done; `loss` is asked only when a line is due."""
        self._step += steps
        if self._first is None:  # the first step warms up: not part of the rate
            self._first = (time.monotonic(), self._step)
        if self._step >= self._steps or time.monotonic() - self._written >= EVERY_SECONDS:
            self._write(loss() if loss else None)

    def end(self) -> None:
        """The stage is done."""
        self.seconds[self._stage] = time.monotonic() - self._began
        say(f"{self._stage}: done in {duration(self.seconds[self._stage])}")

    def _write(self, loss: float | None) -> None:
        self._written = time.monotonic()
        gpu = gpu_memory() or (None, None)
        line = Progress(
            at=now(),
            stage=self._stage,
            step=self._step,
            steps=self._steps,
            progress=min(self._done() / self._total, 1.0),
            seconds_left=self._seconds_left(),
            loss=loss,
            memory=memory(),
            gpu_memory=gpu[0],
            gpu_total=gpu[1],
        )
        # A line less is no reason to lose hours of training; a full disk shows at the end.
        with contextlib.suppress(OSError):
            self.folder.append_progress(line)
        if self._written - self._logged >= LOG_EVERY_SECONDS:
            self._logged = self._written
            say(_words(line))

    def _done(self) -> float:
        before = sum(self.work[stage] for stage in STAGES[: STAGES.index(self._stage)])
        return before + self.work[self._stage] * self._step / max(self._steps, 1)

    def _seconds_left(self) -> float | None:
        """From this stage's own rate, which stands for the later stages too."""
        if self._step >= self._steps and self._stage == STAGES[-1]:
            return 0.0
        if self._first is None or self._step <= self._first[1] or not self.work[self._stage]:
            return None
        since, first = self._first
        units = self.work[self._stage] * (self._step - first) / self._steps
        rate = (time.monotonic() - since) / units
        return round(max(self._total - self._done(), 0.0) * rate, 1)


def _words(line: Progress) -> str:
    words = [f"{line.stage}: {line.step} of {line.steps}"]
    if line.loss is not None:
        words.append(f"loss {line.loss:.3f}")
    if line.seconds_left is not None:
        words.append(f"{duration(line.seconds_left)} left")
    return ", ".join(words)
