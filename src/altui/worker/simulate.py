"""A simulate job: it only schedules; each training is a train job in a process of its own."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import JobFolder, JobSpec, Progress, now
from altui.simulation.nodes import NODES, recipe_of, slim
from altui.simulation.picture import draw
from altui.simulation.records import PICTURE, row_lines
from altui.simulation.walk import Walk
from altui.text import count, listing
from altui.volumes.stack import open_stack
from altui.worker.crew import Crew
from altui.worker.log import say
from altui.worker.slots import devices
from altui.worker.use import memory

POLL_SECONDS = 0.2
TELL_SECONDS = 5.0
MOST_FAILURES = 3  # so many have one cause


def simulate(
    folder: JobFolder, spec: JobSpec, when_terminated: Callable[[Callable[[], None]], None]
) -> None:
    """Run all experiments; rows appear in `experiments.json` as trainings finish.

    `when_terminated` is handed what there is to do should the process be asked to end. A
    training or a strategy that fails ends its own experiments; the others go on. Raises
    AltuiError.
    """
    assert spec.simulation is not None
    project, config, wish = Path(spec.project), spec.config, spec.simulation
    say(f"{count(wish.rounds, 'round')} of {listing(wish.strategies)}, {count(wish.seeds, 'seed')}")
    walk = Walk(project, config, wish, pool_sizes(project, config), recipe_of(project, config))
    crew = Crew(project, config, devices(config.training.device), wish.parallel)
    when_terminated(crew.stop)
    say(f"training on {listing(crew.devices)}")
    try:
        _Course(folder, walk, crew).run()
    except BaseException:
        crew.stop()
        raise
    finally:
        (folder.path / PICTURE).write_bytes(draw(walk.rows()))
    failures = [*crew.failures.values(), *walk.failures]
    if failures:
        raise AltuiError(
            f"{_failed(len(crew.failures), len(walk.failures))} failed: {failures[0].message}",
            failures[0].hint or "mend the cause, then run the same altui simulate again",
        )


def _failed(trainings: int, choices: int) -> str:
    """'2 trainings and 1 choice of slices'."""
    parts = [count(trainings, "training")] if trainings else []
    parts += [count(choices, "choice of slices", "choices of slices")] if choices else []
    return " and ".join(parts)


def pool_sizes(project: Path, config: Config) -> dict[str, int]:
    """Slices of each training sample. Raises AltuiError."""
    sizes = {}
    for sample in config.split("train"):
        with open_stack(project, sample.images) as stack:
            sizes[sample.name] = stack.slices
    return sizes


class _Course:
    """The loop: take in what has finished, start what is next, tell how far it is."""

    def __init__(self, folder: JobFolder, walk: Walk, crew: Crew) -> None:
        self.folder, self.walk, self.crew = folder, walk, crew
        self._said: set[str] = set()
        self._slim: set[str] = set()
        self._began, self._written = time.monotonic(), 0.0
        self._first: float | None = None  # trainings done when this process began

    def run(self) -> None:
        self._take_in()
        while True:
            if len(self.crew.failures) < MOST_FAILURES:
                self.crew.start(self.walk.wanted())
            if not self.crew.hands:
                return
            time.sleep(POLL_SECONDS)
            if self.crew.tend():
                self._take_in()
            elif time.monotonic() - self._written >= TELL_SECONDS:
                self._tell_progress()

    def _take_in(self) -> None:
        self.walk.advance()
        rows = self.walk.rows()
        rows.save(self.folder.path)
        for line in row_lines(rows):
            if line not in self._said:
                self._said.add(line)
                say(line)
        self._make_room()
        self._tell_progress()

    def _make_room(self) -> None:
        """Let go of the networks and predictions that no training to come begins from."""
        over = (
            self.walk.finished().keys() - self.walk.needed() - self._slim - self.crew.hands.keys()
        )
        for key in over:
            slim(JobFolder(self.walk.project / NODES / key), self.walk.config.training.start)
        self._slim |= over

    def _tell_progress(self) -> None:
        self._written = time.monotonic()
        finished = len(self.walk.finished())
        total = max(finished + self.walk.left(), 1)
        done = finished + self.crew.progress()
        self._first = done if self._first is None else self._first
        passed = done - self._first
        seconds = self._written - self._began
        line = Progress(
            at=now(),
            stage="simulate",
            step=finished,
            steps=total,
            progress=min(done / total, 1.0),
            # Until a training's worth has been seen, there is no telling.
            seconds_left=round((total - done) * seconds / passed, 1) if passed >= 1 else None,
            memory=memory(),
        )
        with contextlib.suppress(OSError):
            self.folder.append_progress(line)
