"""The app on a project at the published scale, beside an empty Textual app, in one run.

    python benchmarks/app.py [--project FOLDER] [PART...]

Parts: paint keys bytes idle memory hour status look (default: all). Both apps run on terminals of
80 x 24; every byte they write is counted. Each figure stands beside what it should not exceed.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from published import JOBS, SIMULATION, make_project
from startup import paint_time, pair, run_time
from terminal import QUIET, Brought, Terminal, running

from altui.poller import Poller
from altui.project import Project

EMPTY_APP = """
from textual.app import App
from textual.widgets import Label
class Empty(App):
    count = 0
    def compose(self):
        yield Label("painted")
    def on_key(self):
        self.count += 1
        self.query_one(Label).update(f"painted {self.count}")
Empty().run()
"""
RUNS_JOB = """
import fcntl, sys, time
from pathlib import Path
from altui.jobs.folder import HEARTBEAT, LOCK, PROCESS, JobFolder, Progress, now
from altui.jobs.identity import this_process
folder = JobFolder(Path(sys.argv[1]))
lock = (folder.path / LOCK).open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
folder.write(PROCESS, this_process())
print("runs", flush=True)
for step in range(100000):
    (folder.path / HEARTBEAT).touch()
    folder.append_progress(Progress(at=now(), stage="simulate", step=step, steps=100000,
        progress=step / 100000, seconds_left=100000.0 - step, loss=0.5))
    time.sleep(1)
"""
DOWN, UP = "\x1b[B", "\x1b[A"
ALTUI = str(Path(sys.executable).with_name("altui"))
EMPTY = (sys.executable, "-c", EMPTY_APP)
# What a person does in a round, over and over; the last keys put everything back.
HOUR = (
    *("1", DOWN, UP, UP, DOWN, "2", DOWN, ".", ".", ",", "p", "p", DOWN, "a", "u", UP, UP),
    *(
        "z",
        "3",
        "l",
        DOWN,
        "d",
        "d",
        UP,
        "l",
        "4",
        DOWN,
        DOWN,
        UP,
        UP,
        "5",
        DOWN,
        ".",
        ",",
        UP,
        "6",
    ),
    *("?", "\x1b", ":", "\x1b"),
)
HOUR_SECONDS = 3600
REST = 1.0  # seconds of quiet that end a key's bytes: on a busy machine a picture is late


def told(name: str, value: float, most: float, form: str) -> None:
    """One figure, and whether it keeps what was promised."""
    held = "held" if value <= most else "MISSED"
    print(f"{name}: {form.format(value)}, at most {form.format(most)}: {held}", flush=True)


@contextmanager
def app(project: Path) -> Iterator[Terminal]:
    """The app, with the project shown and nothing more to come."""
    with running((ALTUI, "open", str(project))) as terminal:
        terminal.wait_for(b"Stop?", 300)
        terminal.settle(1.5)
        yield terminal


@contextmanager
def job_running(project: Path) -> Iterator[None]:
    """A process that does as a simulation does, once a second."""
    folder = str(project / ".altui/jobs" / SIMULATION)
    command = (sys.executable, "-c", RUNS_JOB, folder)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as job:
        assert job.stdout
        job.stdout.readline()
        try:
            yield
        finally:
            job.kill()


def paint(project: Path) -> None:
    command = [ALTUI, "open", str(project)]
    beside = [sys.executable, "-c", EMPTY_APP]
    for name, word, runs in (("first frame", b"Proposals", 9), ("project shown", b"Stop?", 3)):
        pair(
            name,
            runs,
            lambda word=word: paint_time(command, word),  # type: ignore[misc]
            lambda: paint_time(beside, b"painted"),
            "an empty Textual app",
        )
    print("  the first frame's ratio at most 1.5", flush=True)


def percentile(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def pressed(
    terminal: Terminal, keys: Sequence[str], times: int, quiet: float = QUIET
) -> list[Brought]:
    """The keys in turn, one at a time, so many times over."""
    return [terminal.press(key, quiet=quiet) for _ in range(times) for key in keys]


def opened(terminal: Terminal, keys: str) -> None:
    for key in keys:
        terminal.press(key)
    terminal.settle(1)


PLACES: tuple[tuple[str, str, tuple[str, ...], int], ...] = (
    ("rounds, in the list", "1", (UP, UP, DOWN, DOWN), 4096),
    ("jobs, in the list", "4", (DOWN, DOWN, UP, UP), 4096),
    ("labels, in the list", "3l", (DOWN, DOWN, UP, UP), 16384),
    ("samples, along z", "5", (".", ".", ",", ","), 16384),
    ("samples, in the list", "5", (DOWN, DOWN, UP, UP), 16384),
    ("compare, other rounds", "6", (",", ",", ".", "."), 16384),
    ("proposals, along z", "2", (".", ".", ",", ","), 16384),
    ("proposals, in the list", "2", (DOWN, DOWN, UP, UP), 16384),
    ("proposals, prediction", "2", ("p", "p"), 16384),
)


def keys(project: Path) -> None:
    """Both apps at once, key by key in turn, so that a slower machine slows both."""
    with app(project) as ours, running(EMPTY) as empty:
        empty.wait_for(b"painted")
        empty.settle(1)
        for name, screen, which, _ in PLACES:
            opened(ours, screen)
            pairs = [(ours.press(key), empty.press("x")) for _ in range(10) for key in which]
            first, beside = (
                percentile([one.first for one in each]) for each in zip(*pairs, strict=True)
            )
            whole = statistics.median(one.last for one, _ in pairs)
            print(
                f"{name}: repainted after {1e3 * first:.0f} ms, the empty app after "
                f"{1e3 * beside:.0f} ms (95th percentiles); all there after {1e3 * whole:.0f} ms"
            )
            told("  ratio", first / beside, 3, "{:.2f}")


def written(project: Path) -> None:
    with app(project) as terminal:
        for name, screen, which, most in PLACES:
            opened(terminal, screen)
            counts = sorted(one.size for one in pressed(terminal, which, 4, REST))
            print(f"{name}: bytes a key, median {statistics.median(counts):.0f}")
            told("  most", counts[-1], most, "{:.0f}")


def idle(project: Path, seconds: int = 40) -> None:
    with job_running(project), app(project) as terminal:
        for name, screen in (("rounds", "1"), ("proposals", "2")):
            terminal.press(screen)
            terminal.settle(3)
            before, end, count = terminal.cpu, time.monotonic() + seconds, 0
            while time.monotonic() < end:
                count += len(terminal.read(end - time.monotonic()))
            told(f"idle on {name}, a job running, bytes in {seconds} s", count, 0, "{:.0f}")
            share = (terminal.cpu - before) / seconds
            told(f"idle on {name}, share of a core", 100 * share, 1, "{:.2f} %")


def memory(project: Path) -> None:
    with app(project) as terminal:
        for _ in range(3):
            pressed(terminal, HOUR, 1)
        told("resident memory, every screen seen", terminal.memory / 2**20, 150, "{:.0f} MB")


def hour(project: Path) -> None:
    """An hour of steady use: a key each second."""
    with app(project) as terminal:
        marks, begin = [], time.monotonic()
        for number in range(HOUR_SECONDS):
            terminal.press(HOUR[number % len(HOUR)], patience=0.5, quiet=0.08)
            terminal.settle_until(begin + number + 1)
            if number % (HOUR_SECONDS // 10) == 0 or number == HOUR_SECONDS - 1:
                marks.append(terminal.memory / 2**20)
                print(
                    f"{number} keys, {time.monotonic() - begin:.0f} s: {marks[-1]:.1f} MB",
                    flush=True,
                )
        # The first tenth fills the caches: of pictures above all.
        told("growth in the hour's last eight tenths", marks[-1] - marks[2], 5, "{:.1f} MB")
        told("resident memory at its end", marks[-1], 150, "{:.0f} MB")


def status(project: Path) -> None:
    pair(
        "altui status",
        5,
        lambda: run_time([ALTUI, "status", str(project)]),
        lambda: run_time([sys.executable, "-c", "import altui.project"]),
        "import altui.project",
    )


def look(project: Path) -> None:
    """The poller's looks in this process, at the project and at one with ten times its jobs."""
    many = make_project(project.with_name("many-jobs"), 10 * JOBS)
    seconds = [look_time(one) for one in (project, many, project, many)]
    for place, what in enumerate(("where nothing is new", "after a write")):
        few, ten_times = (min(seconds[one][place], seconds[one + 2][place]) for one in (0, 1))
        print(
            f"a look {what}: {1e3 * few:.0f} ms with {JOBS} jobs, {1e3 * ten_times:.0f} ms with "
            f"{10 * JOBS}"
        )
        told("  ratio", ten_times / few, 1.5, "{:.2f}")


def look_time(project: Path, times: int = 15) -> tuple[float, float]:
    """Median seconds of a look where nothing is new, and of one after a write."""
    opened = Project.open(project)
    poller = Poller(opened, lambda _: None, lambda _: None, lambda _: None, 1.0)
    poller._look()
    quiet, busy = [], []
    for _ in range(times):
        begin = time.perf_counter()
        poller._look()
        quiet.append(time.perf_counter() - begin)
        with opened.workspace.store.write() as transaction:
            transaction.event("release", 1)
        begin = time.perf_counter()
        poller._look()
        busy.append(time.perf_counter() - begin)
    return statistics.median(quiet), statistics.median(busy)


PARTS: dict[str, Callable[[Path], None]] = {
    "paint": paint,
    "keys": keys,
    "bytes": written,
    "idle": idle,
    "memory": memory,
    "hour": hour,
    "status": status,
    "look": look,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, help="made by published.py; made anew if not given")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = given.project
        if project is None:
            begin = time.perf_counter()
            project = make_project(Path(scratch) / "project")
            print(f"the project was made in {time.perf_counter() - begin:.1f} s", flush=True)
        else:
            project = shutil.copytree(project, Path(scratch) / "project")
        for part in given.parts or PARTS:
            PARTS[part](project)


if __name__ == "__main__":
    main()
