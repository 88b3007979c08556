"""What taking masks in costs beyond decoding and hashing them: ratios within one run.

    python benchmarks/importing.py [--masks 1000] [--side 1200] [--runs 3] [--threads N]
                                   [--enlarge PROJECT]

Deflate TIFFs, one a slice, for a sample of plain 8-bit slices: of made-up trabecular bone, or, with
`--enlarge`, the outlines of a project's own training masks, smoothed and roughened, on its own
slices. Bare: each file read, hashed with SHA-256 and decoded by tifffile, in as many threads as an
import uses. Beside it a dry run and an import (every check, label and original stored and synced,
row committed), by turns; medians are told, of seconds and of the processors' time. Then anonymous
memory at its peak over that before an import, for a fifth of the masks and for all, each in a
process of its own; and how late the app's event loop comes to its turns while an import runs in
it, beside an idle app.
"""

import argparse
import asyncio
import hashlib
import io
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tifffile

from altui import Project
from altui.app import AltuiApp
from altui.labels.checks.orientation import fit_edges, gradients_of
from altui.labels.checks.pieces import check_pieces
from altui.labels.checks.shape import count_classes
from altui.labels.encoded import encode
from altui.labels.formats.base import Source
from altui.labels.formats.tiff import open_tiff
from altui.labels.runs import runs_of
from altui.labels.scratch import Scratch
from altui.labels.verdict import ImportReport

CONFIG = """\
[project]
name = "Importing"
[classes]
names = ["background", "bone", "layer", "implant"]
[[samples]]
name = "screw"
split = "train"
images = "screw.tif"
[[samples]]
name = "held"
split = "test"
images = "held.tif"
masks = "held_mask.tif"
"""
Base = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]  # a mask and its slice
GREY = np.array([40, 110, 150, 220], np.uint8)
TURN = 0.005  # seconds that the app's loop is given between two turns


def drawn(rng: np.random.Generator, side: int) -> npt.NDArray[np.uint8]:
    """(side, side) class ids: an implant in its layer, in bone full of holes."""
    down, across = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    holes = sum(
        np.sin(rng.uniform(40, 110) * (a * down + b * across) + rng.uniform(0, 6))
        for a, b in rng.normal(size=(12, 2))
    )
    distance, angle = np.hypot(down, across), np.arctan2(down, across)
    rough = sum(0.004 * np.sin(k * angle + rng.uniform(0, 6)) for k in range(5, 40, 3))
    mask: npt.NDArray[np.uint8] = ((holes > 0.8) & (distance < 0.45 + rough)).astype(np.uint8)
    mask[distance < 0.22 + rough] = 2
    mask[distance < 0.18 - rough] = 3
    return mask


def enlarged(rng: np.random.Generator, project: Path, side: int) -> Iterator[Base]:
    """Masks of a project's training samples and their slices, (side, side) each, in any order.

    Bilinear, so that outlines are no staircases, with noise on the classes' memberships, which
    moves an outline by a few pixels, as a hand does.
    """
    workspace = Project.open(project).workspace
    slices = [
        (header.name, index)
        for header in workspace.train
        for index in range(header.slices // 5, header.slices - header.slices // 5)
    ]
    for number in rng.permutation(len(slices)):
        name, index = slices[number]
        with workspace.masks(name) as masks, workspace.images(name) as images:
            mask, image = masks.read(index), images.read(index)
        members = np.stack([bilinear(mask == value, side) for value in range(len(GREY))])
        members += np.stack(
            [bilinear(rng.normal(0, 0.15, (side // 4,) * 2), side) for _ in members]
        )
        yield members.argmax(0).astype(np.uint8), bilinear(image, side).astype(np.uint8)


def bilinear(values: npt.NDArray[Any], side: int) -> npt.NDArray[np.float32]:
    """(h, w) enlarged to (side, side)."""
    down, across = (
        np.maximum(0, 1 - np.abs(np.linspace(0, length - 1, side)[:, None] - np.arange(length)))
        for length in values.shape
    )
    large: npt.NDArray[np.float64] = down @ values.astype(np.float64) @ across.T
    return large.astype(np.float32)


def made_up(rng: np.random.Generator, side: int) -> Iterator[Base]:
    while True:
        mask = drawn(rng, side)
        yield mask, GREY[mask]


def make(root: Path, masks: int, side: int, project: Path | None = None) -> None:
    """A project, and its masks in `returned/`; `project`: where they are from, if not made up."""
    rng = np.random.default_rng(0)
    (root / "returned").mkdir(parents=True)
    (root / "altui.toml").write_text(CONFIG)
    for name in ("held", "held_mask"):
        tifffile.imwrite(root / f"{name}.tif", np.zeros((1, side, side), np.uint8))
    kinds = enlarged(rng, project, side) if project else made_up(rng, side)
    bases = list(islice(kinds, min(masks, 25)))
    noise = rng.integers(0, 24, (side, side), np.uint8)
    with tifffile.TiffWriter(root / "screw.tif", bigtiff=True) as stack:
        for index in range(masks):
            shift = (3 * (index // len(bases)), 2 * index)
            mask, grey = (np.roll(one, shift, (0, 1)) for one in bases[index % len(bases)])
            grey = np.minimum(grey, 255 - 24) + np.roll(noise, 7 * index, 1)
            stack.write(grey, contiguous=True)
            tifffile.imwrite(
                root / "returned" / f"screw_z{index:04d}.tif", mask, compression="zlib"
            )


def linked(files: list[Path], where: Path, number: int) -> Path:
    """The first `number` of `files` in a folder of their own."""
    folder = where / f"first{number}"
    folder.mkdir()
    for file in files[:number]:
        os.link(file, folder / file.name)
    return folder


def bare_one(path: Path) -> None:
    data = path.read_bytes()
    hashlib.sha256(data).hexdigest()
    tifffile.imread(io.BytesIO(data))


class Times(NamedTuple):
    """Seconds."""

    wall: float
    processor: float


@contextmanager
def timed(times: list[Times]) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    times.append(Times(time.perf_counter() - wall, time.process_time() - processor))


def bare(files: list[Path], threads: int) -> Times:
    times: list[Times] = []
    with timed(times), ThreadPoolExecutor(threads) as pool:
        list(pool.map(bare_one, files))
    return times[0]


def fresh(root: Path) -> Project:
    shutil.rmtree(root / ".altui", ignore_errors=True)
    return Project.open(root)


def taken(root: Path, folder: Path, dry_run: bool) -> Times:
    """For a project without labels to take the masks of `folder` in."""
    project = fresh(root)
    os.sync()
    times: list[Times] = []
    with timed(times):
        report = project.import_labels(folder, unasked=True, dry_run=dry_run)
    check(report, len(os.listdir(folder)))
    return times[0]


def check(report: ImportReport, masks: int) -> None:
    bad = next(iter(report.of("refused") + report.of("quarantined")), None)
    assert len(report.of("accepted")) == masks, bad


def steps(root: Path, files: list[Path]) -> Iterator[tuple[str, float]]:
    """What is done with each mask, and the milliseconds of one thread that it takes."""
    project = fresh(root)
    classes, ignore = project.config.classes, project.config.classes.ignore
    scratch = Scratch(1 << 30)
    masks = [open_tiff(Source(file, ".tif", scratch)).read(0).values for file in files]
    runs = [runs_of(mask) for mask in masks]
    with project.workspace.images("screw") as stack:
        images = [stack.read(index) for index in range(len(files))]
        ways: dict[str, Callable[[int], object]] = {
            "bare decoding and hashing": lambda i: bare_one(files[i]),
            "decoding as an import does": lambda i: open_tiff(
                Source(files[i], ".tif", scratch)
            ).read(0),
            "reading the slice's image": stack.read,
            "finding runs of equal pixels": lambda i: runs_of(masks[i]),
            "counting the classes": lambda i: count_classes(runs[i], classes),
            "holding it against the image's edges": lambda i: fit_edges(
                masks[i], gradients_of(images[i]), ignore
            ),
            "counting islands and holes": lambda i: check_pieces(runs[i], ignore),
            "packing and hashing the label": lambda i: encode(runs[i]).sha256,
        }
        for name, way in ways.items():
            best = min(thread_time(way, len(files)) for _ in range(5))
            yield name, 1e3 * best / len(files)


def thread_time(way: Callable[[int], object], count: int) -> float:
    begin = time.thread_time()
    for index in range(count):
        way(index)
    return time.thread_time() - begin


def anonymous() -> int:
    """Bytes that this process holds, without the files that are mapped into it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) * 1024


def most_memory(root: Path, some: Path, folder: Path, answer: "multiprocessing.Queue[int]") -> None:
    taken(root, some, dry_run=True)  # what is loaded once, whatever there is to do
    before = most = anonymous()
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            most = max(most, anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    taken(root, folder, dry_run=False)
    done.set()
    watcher.join()
    answer.put(most - before)


def memory(root: Path, some: Path, folder: Path) -> int:
    """Bytes for the masks of `folder`, after those of `some`."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=most_memory, args=(root, some, folder, answer))
    process.start()
    most = answer.get()
    process.join()
    return most


async def lateness(root: Path, folder: Path | None) -> list[float]:
    """Seconds by which the app's loop came late to its turns while it imported the masks of
    `folder`, or for three seconds of nothing.
    """
    app = AltuiApp(fresh(root))
    late: list[float] = []
    async with app.run_test() as pilot:
        await pilot.pause(1.0)
        done = threading.Event()
        end = time.perf_counter() + 3.0

        def reported(report: ImportReport) -> None:
            check(report, len(os.listdir(folder)) if folder else 0)
            done.set()

        if folder is not None:
            app.perform(
                lambda: app.project.import_labels(folder, unasked=True), reported, slow=True
            )
        while not done.is_set() if folder is not None else time.perf_counter() < end:
            begin = time.perf_counter()
            await asyncio.sleep(TURN)
            late.append(time.perf_counter() - begin - TURN)
    return late


def told(late: list[float]) -> str:
    ordered = sorted(late)
    middle, most = statistics.median(late), ordered[-1]
    return (
        f"median {1e3 * middle:.1f} ms, 99 % within "
        f"{1e3 * ordered[int(0.99 * (len(ordered) - 1))]:.0f} ms, most {1e3 * most:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=int, default=1000)
    parser.add_argument("--side", type=int, default=1200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--enlarge", type=Path, metavar="PROJECT")
    parser.add_argument("--only-times", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="altui-bench-", dir=os.environ.get("TMPDIR")) as where:
        root = Path(where) / "project"
        make(root, given.masks, given.side, given.enlarge)
        returned = root / "returned"
        files = sorted(returned.iterdir())
        size = sum(file.stat().st_size for file in files) / len(files)
        print(
            f"{len(files)} masks of {given.side}² in {size / 1e3:.0f} kB; {given.threads} threads"
        )
        ways: dict[str, Callable[[], Times]] = {
            "bare": lambda: bare(files, given.threads),
            "dry run": lambda: taken(root, returned, dry_run=True),
            "import": lambda: taken(root, returned, dry_run=False),
        }
        bare(files, given.threads)  # the first time, the files come from the disk
        times = [{name: way() for name, way in ways.items()} for _ in range(given.runs)]
        for name in ways:
            own = np.array([run[name] for run in times])
            ratios = own / np.array([run["bare"] for run in times])
            each = 1e3 * np.median(own, 0) / len(files)
            wall, processor = np.median(ratios, 0)
            print(
                f"{name}: {each[0]:.2f} ms a mask, ratio {wall:.2f}; {each[1]:.2f} ms of "
                f"processors, ratio {processor:.2f}"
            )
        for name, milliseconds in steps(root, files[:40]):
            print(f"{name}: {milliseconds:.2f} ms of one core")
        if given.only_times:
            return
        few, fifth = (linked(files, Path(where), number) for number in (20, len(files) // 5))
        for part in (fifth, returned):
            most = memory(root, few, part) / 1e6
            print(f"memory for {len(os.listdir(part))} masks: {most:.0f} MB")
        print("the app's loop, idle: " + told(asyncio.run(lateness(root, None))))
        print("the app's loop, importing: " + told(asyncio.run(lateness(root, returned))))


if __name__ == "__main__":
    main()
