"""Imports that are killed, that meet, and that find no space: nothing is ever half done."""

import hashlib
import multiprocessing
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from altui import AltuiError, Project
from altui.labels import pipeline
from altui.labels.accept import read_label
from altui.labels.stored import stored_files
from altui.slices import SliceId
from altui.store.history import Label
from tests.labels.conftest import SAMPLES, SLICES, Array, right_mask, save_as

TRAIN = [name for name, (split, *_) in SAMPLES.items() if split == "train"]
# Processes of their own, quick to start, that share no thread with the tests'.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["altui.project", "tifffile", "PIL.Image", __name__])
READ: set[str] = set()
KILLS = 200
MASKS = 3  # of one import
SHARES = [(sample, first) for sample in TRAIN[:2] for first in (0, MASKS)]  # imports at once
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
Mount = Callable[..., None]


@pytest.fixture
def folder(folder: Path) -> Path:
    """Some of its slices are alike, and their masks are right all the same."""
    with (folder / "altui.toml").open("a") as config:
        config.write('[import.checks]\ncopied = "note"\n')
    return folder


@pytest.fixture
def everything(project: Project, back: Path) -> Path:
    """A right mask for every slice of every training sample."""
    for sample in TRAIN:
        for index in range(SLICES):
            one = SliceId(sample, index)
            save_as(back / f"{one.file_stem(SLICES)}.tif", right_mask(project, one))
    return back


def import_all(root: Path, folders: list[Path], limit: int | None = None) -> None:
    """What the other processes do; the exit status says how it went. Several folders: for ever."""
    opened = Project.open(root)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        while True:
            for folder in folders:
                report = opened.import_labels(folder, unasked=True)
            if len(folders) == 1:
                raise SystemExit(report.exit_status)
    except AltuiError as error:
        raise SystemExit(7 if error.hint else 8) from None


def start(*given: Any) -> Any:
    process = PROCESSES.Process(target=import_all, args=given)
    process.start()
    return process


def assert_files_true(project: Project) -> tuple[Label, ...]:
    """Every label's file can be read and has its row's hash, and so has every original."""
    history = project.workspace.store.history()
    for one in stored_files(history):
        data = (project.root / one.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one.sha256
        if not one.original and one.sha256 not in READ:
            read_label(project.workspace, one.labels[0])
            READ.add(one.sha256)  # the same bytes are read in the same way again
    return history.labels


def assert_every_row_true(project: Project) -> int:
    """Each slice was taken once, and its label is its mask; returns how many."""
    labels = assert_files_true(project)
    for label in labels:
        stored = read_label(project.workspace, label)
        assert np.array_equal(stored, right_mask(project, label.slice))
    assert len({label.slice for label in labels}) == len(labels)
    return len(labels)


def test_two_imports_at_once(project: Project, everything: Path) -> None:
    both = [start(project.root, [everything]) for _ in range(2)]
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert assert_every_row_true(project) == len(TRAIN) * SLICES


@pytest.fixture
def others(everything: Path, tmp_path: Path) -> Path:
    """The same slices, other masks: there is always work."""
    folder = tmp_path / "others"
    folder.mkdir()
    for path in everything.iterdir():
        mask = tifffile.imread(path)
        mask[0, 0] = 255
        save_as(folder / path.name, mask)
    return folder


def test_imports_of_other_masks_at_once(project: Project, everything: Path, others: Path) -> None:
    both = [start(project.root, [folder]) for folder in (everything, others)]
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert len(assert_files_true(project)) == 2 * len(TRAIN) * SLICES
    for own in project.labels().values():
        masks = [read_label(project.workspace, one.label) for one in own]
        right = right_mask(project, own[0].label.slice)
        assert sorted(np.array_equal(mask, right) for mask in masks) == [False, True]


@dataclass
class Child:
    """A forked import; a byte comes out of `told` with the first file that it begins to write."""

    pid: int
    told: int
    due: float = float("inf")


def numbered(project: Project, one: SliceId, number: int) -> Array:
    """The right mask with a number in it, so that its file is new."""
    mask = right_mask(project, one)
    mask[0, :16] = np.where([number >> bit & 1 for bit in range(16)], 255, 0)
    return mask


def prepared(project: Project, work: Path, number: int, sample: str, first: int) -> Path:
    """A folder with new masks for the slices from `first` on."""
    folder = work / f"{number}-{sample}-{first}"
    folder.mkdir()
    for one in (SliceId(sample, first + index) for index in range(MASKS)):
        path = folder / f"n{number}_{one.file_stem(SLICES)}.tif"
        save_as(path, numbered(project, one, number))
    return folder


def begin(project: Project, folder: Path) -> Child:
    told, tells = os.pipe()
    pid = os.fork()
    if pid:
        os.close(tells)
        return Child(pid, told)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal tells
        if tells and event == "open" and str(given[0]).endswith(".tmp"):
            first, tells = tells, 0
            os.write(first, b".")

    sys.addaudithook(hook)
    try:
        project.import_labels(folder, unasked=True)
    finally:
        os._exit(0)


def time_to_write(child: Child) -> float:
    """Seconds from the first file to the end, of an import that is left alone."""
    assert os.read(child.told, 1)
    began = time.monotonic()
    os.waitpid(child.pid, 0)
    return time.monotonic() - began


def kill_all(children: list[Child], rng: random.Random, longest: float) -> int:
    """Each at a random moment after its first file; returns how many had not ended by then."""
    waiting = {one.told: one for one in children}
    left, killed = list(children), 0
    while left:
        due = min(one.due for one in left)
        pause = max(0.0, due - time.monotonic()) if due < float("inf") else None
        for told in select.select(list(waiting), [], [], pause)[0]:
            one = waiting.pop(told)
            late = longest * rng.random() ** 2 if os.read(told, 1) else 0.0  # 0: it has ended
            one.due = time.monotonic() + late
        for one in [one for one in left if one.due <= time.monotonic()]:
            os.kill(one.pid, signal.SIGKILL)
            killed += os.WIFSIGNALED(os.waitpid(one.pid, 0)[1])
            os.close(one.told)
            left.remove(one)
    return killed


def kill_imports(root: Path, work: Path, seed: int, results: Any) -> None:
    """In a process of its own, which has no threads: forks imports, four at a time, and kills each
    at a random moment after the first file that it writes.
    """
    rng = random.Random(seed)
    pipeline.batches.__defaults__ = 2, 60.0  # masks, seconds: several commits an import
    project = Project.open(root)
    killed = lost = number = rows = 0
    longest, files = 0.0, stored(root)
    while killed < KILLS:
        folders = [prepared(project, work, number, *one) for one in SHARES]
        if number == 0:
            project.import_labels(folders[0], unasked=True)  # imports what is imported late
            longest = time_to_write(begin(project, folders[1]))
        else:
            killed += kill_all([begin(project, folder) for folder in folders], rng, longest)
        history = project.workspace.store.history()
        rows, before = len(history.labels), rows
        assert rows >= before, "a row that was there once stays"
        for label in history.labels[before:]:
            assert_true(project, label)
        now = stored(root)
        lost += len(now - files - {one.path for one in stored_files(history)})
        files, number = now, number + 1
    results.put((killed, lost))


def stored(root: Path) -> set[str]:
    """What lies in the places for labels and originals, relative to the project."""
    places = (root / ".altui" / kind for kind in ("labels", "originals"))
    return {str(path.relative_to(root)) for one in places for path in one.rglob("*.*")}


def assert_true(project: Project, label: Label) -> None:
    """It holds the mask of the file that its row names."""
    number = int(label.source.rpartition("/")[2].split("_")[0].removeprefix("n"))
    stored = read_label(project.workspace, label)
    assert np.array_equal(stored, numbered(project, label.slice, number))


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder where nothing waits for a disk: what a kill leaves behind is the same there."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_killed_at_200_random_moments(project: Project, in_memory: Path) -> None:
    shutil.copytree(project.root, in_memory / "project")
    project = Project.open(in_memory / "project")
    results = PROCESSES.SimpleQueue()
    killer = PROCESSES.Process(target=kill_imports, args=(project.root, in_memory, 5, results))
    killer.start()
    killer.join(250)
    assert killer.exitcode == 0
    killed, lost = results.get()
    assert killed >= KILLS
    assert lost > KILLS / 2, "most kills hit between the first byte of a file and its row"
    for label in assert_files_true(project):
        assert_true(project, label)
    for folder in in_memory.glob("0-*"):
        assert project.import_labels(folder, unasked=True).exit_status == 0
    assert_files_true(project)


def test_a_killed_one_does_not_stop_another(
    project: Project, everything: Path, others: Path
) -> None:
    rng = random.Random(6)
    for _ in range(4):
        killed, whole = start(project.root, [everything, others]), start(project.root, [others])
        time.sleep(rng.uniform(0.1, 0.5))
        os.kill(killed.pid, signal.SIGKILL)
        killed.join(20)
        whole.join(60)
        assert (killed.exitcode, whole.exitcode) == (-signal.SIGKILL, 0)
        assert_files_true(project)


def test_no_file_may_grow(project: Project, everything: Path) -> None:
    process = start(project.root, [everything], 40)
    process.join(60)
    assert process.exitcode == 7
    assert assert_every_row_true(project) == 0
    assert not list(project.root.rglob("*.tmp"))
    assert project.import_labels(everything, unasked=True).exit_status == 0


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount something for one test; skips where that is not allowed."""
    mounted: list[Path] = []

    def make(place: Path, *options: str) -> None:
        done = subprocess.run(["mount", *options, str(place)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no mounts here: {done.stderr.decode(errors='replace')}")
        if place not in mounted:
            mounted.append(place)

    yield make
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", str(place)], check=False)


@needs_root
def test_disk_full(folder: Path, tmp_path: Path, mount: Mount) -> None:
    """At every fill level: one AltuiError, all rows true; with space again, all goes in."""
    (folder / ".altui").mkdir()
    mount(folder / ".altui", "-t", "tmpfs", "-o", "size=400k", "tmpfs")
    project = Project.open(folder)
    back = tmp_path / "back"
    back.mkdir()
    filler = folder / ".altui" / "filler"
    errors: list[AltuiError] = []
    slices = [SliceId(sample, index) for sample in TRAIN for index in range(0, SLICES, 2)]
    for number, one in enumerate(slices):
        path = save_as(back / f"{one.file_stem(SLICES)}.tif", right_mask(project, one))
        before = assert_every_row_true(project)
        fill(filler, free=4096 * number)
        try:
            project.import_labels(path, unasked=True)
        except AltuiError as error:
            errors.append(error)
            assert assert_every_row_true(project) == before
        filler.unlink()
        assert not list(folder.rglob("*.tmp"))
        assert project.import_labels(path, unasked=True).exit_status == 0
        assert assert_every_row_true(project) == before + 1
    assert 3 < len(errors) < len(slices)
    assert all(error.hint and "None" not in error.message for error in errors)


def fill(path: Path, free: int) -> None:
    """Leave no more than `free` bytes on the file system of `path`."""
    stat = os.statvfs(path.parent)
    path.write_bytes(bytes(max(0, stat.f_bavail * stat.f_frsize - free)))


@needs_root
@pytest.mark.parametrize("size", [4, 12, 16, 24, 32])
def test_bundle_on_a_full_disk(project: Project, tmp_path: Path, mount: Mount, size: int) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    mount(place, "-t", "tmpfs", "-o", f"size={size}k", "tmpfs")
    with pytest.raises(AltuiError, match=r"could not be written .*: \S") as caught:
        project.export(place / "bundle")
    assert "None" not in caught.value.message
    assert not list(place.iterdir())


@needs_root
def test_read_only_project(project: Project, everything: Path, mount: Mount) -> None:
    mount(project.root, "--bind", str(project.root))
    mount(project.root, "-o", "remount,ro,bind")
    reader = Project.open(project.root)
    with pytest.raises(AltuiError, match="read-only"):
        reader.import_labels(everything)
    with pytest.raises(AltuiError, match="read-only"):
        reader.import_from_oracle()
    dry = reader.import_labels(everything, dry_run=True)
    assert dry.exit_status == 3
    with pytest.raises(AltuiError, match="could not be written"):
        reader.export(project.root / "bundle")
    reader.export(everything / "bundle")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders(project: Project, everything: Path) -> None:
    closed = everything / "closed"
    closed.mkdir()
    hidden = sorted(everything.glob("*.tif"))[0]
    hidden.chmod(0)
    closed.chmod(0)
    try:
        report = project.import_labels(everything, unasked=True)
    finally:
        closed.chmod(0o755)
    assert report.exit_status == 3
    assert {Path(v.file).name for v in report.of("refused")} == {hidden.name, "closed"}
    assert {v.code for v in report.of("refused")} == {"unreadable"}
