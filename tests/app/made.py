"""A tiny real project, and the rows that rounds would leave in it."""

import asyncio
import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np
import tifffile
from textual.pilot import Pilot

from altui.app import AltuiApp
from altui.config import Split
from altui.jobs.folder import LOCK, PREDICTIONS, PROCESS, UNCERTAINTY, JobFolder, Progress
from altui.jobs.identity import this_process
from altui.project import Project
from altui.screens.base import AltuiScreen
from altui.screens.looking import LookingScreen
from altui.screens.table import RecordTable
from altui.slices import SliceId

CLASSES = ("background", "bone", "degradation layer", "implant")
SAMPLES: dict[str, Split] = {
    "screw01": "train",
    "screw02": "train",
    "screw03": "train",
    "screw04": "validation",
    "screw05": "test",
}
SLICES, HEIGHT, WIDTH = 12, 40, 48
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUALITY = (0.72, 0.80, 0.86)  # share of pixels that a round's network gets right


class FixedClock:
    """Stands for `datetime` in the store: each event a minute after the one before."""

    def __init__(self) -> None:
        self._next = START

    def now(self, zone: tzinfo | None = None) -> datetime:
        self._next += timedelta(minutes=1)
        return self._next


def state_of(project: Project) -> dict[str, str]:
    """How each proposal of the current round stands."""
    return {str(d.slice): d.state for d in project.proposals().slate.decisions}


def make_project(
    folder: Path,
    *,
    name: str = "Mg screws in sheep tibia",
    samples: Mapping[str, Split] = SAMPLES,
) -> Path:
    """Write the stacks, masks and `altui.toml` of a project; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(7)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2)
    mask = np.zeros((SLICES, HEIGHT, WIDTH), np.uint8)
    for index in range(SLICES):
        mask[index][distance < 18] = 1
        mask[index][distance < 8 + index % 3] = 2
        mask[index][distance < 7] = 3
    tables = []
    for number, (sample, split) in enumerate(samples.items()):
        noise = generator.normal(0, 300, mask.shape)
        grey = 4000 + 9000 * mask.astype(float) + 500 * number + noise
        tifffile.imwrite(folder / f"{sample}.tif", grey.astype(np.uint16))
        tifffile.imwrite(folder / f"{sample}_mask.tif", mask)
        tables.append(
            f'[[samples]]\nname = "{sample}"\nsplit = "{split}"\n'
            f'images = "{sample}.tif"\nmasks = "{sample}_mask.tif"\n'
        )
    (folder / "altui.toml").write_text(
        f"[project]\nname = {json.dumps(name)}\n\n[classes]\nnames = {json.dumps(CLASSES)}\n\n"
        + "\n".join(tables)
        + '\n[query]\nstrategy = "random"\nbudget = 3\nmin_gap = 1\n'
    )
    return folder


def finish_round(project: Project, quality: float, names: Mapping[str, str] | None = None) -> str:
    """Approve and label the round, and leave what a finished job leaves; returns the job.

    `names`: the measured samples, in place of three of no project in each split, which bear
    an interval.
    """
    measured = names or {f"{kind}{n}": kind for kind in ("validation", "test") for n in range(3)}
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    with project.workspace.store.write() as transaction:
        number = transaction.history().jobs[-1].round
        event = transaction.event("finished", number, note=job)
        transaction.insert("job_ends", job=job, event=event, state="finished")
        for place, (sample, split) in enumerate(measured.items()):
            better = 0.01 * (place % 3) + 0.01 * (split == "validation")
            transaction.insert(
                "confusions",
                job=job,
                split=split,
                sample=sample,
                matrix=json.dumps(confusion(quality + better)),
            )
        if number > 1:
            alike = json.dumps(confusion(quality + 0.1))
            transaction.insert("stability", job=job, matrix=alike)
    return job


def predict(project: Project, job: str) -> None:
    """The predictions and uncertainty maps that a finished job leaves: its classes a bit too
    large, and unsure around them.
    """
    for header in project.workspace.train:
        masks = tifffile.imread(project.root / f"{header.name}_mask.tif")
        larger = np.maximum(masks, np.roll(masks, 2, axis=2))
        unsure = np.where(larger != masks, 230, 20).astype(np.uint8)[:, ::2, ::2]
        for kind, pages in ((PREDICTIONS, larger), (UNCERTAINTY, unsure)):
            (project.workspace.jobs / job / kind).mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(project.workspace.jobs / job / kind / f"{header.name}.tif", pages)


def send_masks(project: Project) -> tuple[SliceId, SliceId]:
    """Approve the round, and send an empty mask of its first slice and a good one of its
    second; the third is still missing.
    """
    project.approve_all()
    doubted, good, _ = project.status().missing
    folder = project.root / "returned"
    folder.mkdir(exist_ok=True)
    masks = {s: tifffile.imread(project.root / f"{s.sample}_mask.tif") for s in (doubted, good)}
    masks[doubted][:] = 0
    for slice_id, stack in masks.items():
        tifffile.imwrite(folder / f"{slice_id.file_stem(SLICES)}.tif", stack[slice_id.index])
    project.import_labels(folder)
    return doubted, good


def start_job(project: Project) -> str:
    """The rows of a job on all labels so far, without a process."""
    with project.workspace.store.write() as transaction:
        history = transaction.history()
        number = max(decision.round for decision in history.decisions)
        job = f"train-{len(history.jobs) + 1:03d}"
        event = transaction.event("run", number, note=job)
        transaction.insert("jobs", id=job, event=event, kind="train", round=number)
        for label in history.current_labels.values():
            transaction.insert("job_labels", job=job, label=label.id)
    (project.workspace.jobs / job).mkdir(parents=True, exist_ok=True)
    return job


def end_job(project: Project, job: str, state: str, message: str = "", hint: str = "") -> None:
    with project.workspace.store.write() as transaction:
        row = next(row for row in transaction.history().jobs if row.id == job)
        event = transaction.event(state, row.round, note=job)
        transaction.insert(
            "job_ends", job=job, event=event, state=state, message=message, hint=hint
        )


def write_progress(project: Project, job: str, step: int, log: str, loss: float = 0.4312) -> None:
    """What a job that trains has written so far."""
    folder = JobFolder(project.workspace.jobs / job)
    folder.append_progress(
        Progress(
            at=START,
            stage="train",
            step=step,
            steps=400,
            progress=step / 500,
            seconds_left=95.0,
            loss=loss,
            memory=2_345_000_000,
            gpu_memory=12_300_000_000,
            gpu_total=80_000_000_000,
        )
    )
    (folder.path / "log.txt").write_text(log)


def confusion(quality: float) -> list[list[int]]:
    """Pixels of a network that takes each class for the next one now and then."""
    matrix = np.zeros((len(CLASSES), len(CLASSES)), int)
    for true, pixels in enumerate((5000, 3000, 400, 1500)):
        right = int(pixels * (quality - 0.1 * (true == 2)))
        matrix[true, true] = right
        matrix[true, (true + 1) % len(CLASSES)] = pixels - right
    return [[int(number) for number in row] for row in matrix]


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Let the app work until something holds, on a screen that has its widgets."""
    deadline = time.monotonic() + seconds
    while not (true() and all(one.is_mounted for one in pilot.app.screen_stack[-1:])):
        assert time.monotonic() < deadline, "it never came to hold"
        await pilot.pause(0.01)
        await asyncio.sleep(0.01)


def is_settled(app: AltuiApp) -> bool:
    """Whether the screen shows the project as it is, picture included."""
    here = app.screen_stack[0]
    if app.snapshot is None or app.is_doing or not isinstance(here, AltuiScreen):
        return False
    if (
        app._under_way or app._waiting or app._put_off or app._held
    ):  # keys wait for what those before them bring
        return False
    if here._snapshot is not app.snapshot:
        return False
    # A table finds out how far it can be scrolled when it is idle: late, on a busy machine.
    if any(table._require_update_dimensions for table in here.query(RecordTable)):
        return False
    if isinstance(here, LookingScreen):
        panes = here.panes
        return all(pane.is_settled for pane in panes if pane.display)
    return True


async def settle(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, AltuiApp)
    await pilot.pause()
    await until(pilot, lambda: is_settled(app))
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


@contextmanager
def running(project: Project, job: str) -> Iterator[None]:
    """The job is run by this very process, as far as anyone can tell."""
    folder = JobFolder(project.workspace.jobs / job)
    with (folder.path / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.write(PROCESS, this_process())
        yield
