"""`scoring/`: the finished parts of a scoring, so that a killed job goes on where it was.

A part is a run of a sample's slices: their columns, and their pages as they will lie in the
TIFF files, compressed. The files are put together from parts without decoding a page.
"""

from __future__ import annotations

import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import tifffile

from altui.files import write_atomically
from altui.jobs.folder import SCORING
from altui.text import plain
from altui.worker.evaluate import Matrix
from altui.worker.log import say

MOST_SLICES = 256  # of a part, whose pages are kept in memory
LEVEL = 1  # of zlib: the others take several times as long for little
BIGTIFF_FROM = 2**31  # bytes of pages; a classic TIFF ends at 4 GiB

Bytes = npt.NDArray[np.uint8]
Row = dict[str, npt.NDArray[np.float32]]  # the columns of some slices


@dataclass(frozen=True)
class Pages:
    """Images of one shape, compressed: `blob` holds one after the other."""

    height: int
    width: int
    sizes: npt.NDArray[np.int64]
    blob: Bytes

    def each(self) -> list[bytes]:
        ends = np.cumsum(self.sizes)
        return [
            self.blob[end - size : end].tobytes()
            for end, size in zip(ends, self.sizes, strict=True)
        ]


def compressed(images: Bytes) -> Pages:
    """(n, h, w) uint8."""
    pages = [deflated(image) for image in np.ascontiguousarray(images)]
    sizes = np.array([len(page) for page in pages], np.int64)
    return Pages(images.shape[1], images.shape[2], sizes, np.frombuffer(b"".join(pages), np.uint8))


def deflated(image: Bytes) -> bytes:
    """(h, w) in zlib's format. Runs are found and nothing else: in half of the time, for masks
    and maps are either runs or noise.
    """
    squeeze = zlib.compressobj(LEVEL, strategy=zlib.Z_RLE)
    return squeeze.compress(image.data) + squeeze.flush()


@dataclass(frozen=True)
class Part:
    """What was found out about some slices in a row; `stability` is (classes, classes)."""

    columns: Row
    stability: Matrix
    predictions: Pages
    uncertainty: Pages

    @property
    def slices(self) -> int:
        return len(self.predictions.sizes)


def joined(parts: Sequence[Part]) -> Part:
    """Parts in a row as one."""

    def pages(which: Callable[[Part], Pages]) -> Pages:
        every = [which(part) for part in parts]
        return Pages(
            every[0].height,
            every[0].width,
            np.concatenate([one.sizes for one in every]),
            np.concatenate([one.blob for one in every]),
        )

    return Part(
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
        np.sum([part.stability for part in parts], axis=0),
        pages(lambda part: part.predictions),
        pages(lambda part: part.uncertainty),
    )


@dataclass
class Parts:
    """The parts of one scoring.

    `key`: what the scoring is about; parts with another key are of another scoring.
    `seconds`: from one saving to the next, at most.
    """

    job: Path
    key: str
    seconds: float
    _gathered: list[Part] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        return self.job / SCORING

    def begin(self) -> None:
        """Raises OSError."""
        self.folder.mkdir(exist_ok=True)
        self._last = time.monotonic()

    def add(self, sample: str, start: int, part: Part) -> None:
        """Take in a sample's slices from `start` on; saved when it is time. Raises OSError."""
        self._gathered.append(part)
        gathered = sum(one.slices for one in self._gathered)
        if gathered >= MOST_SLICES or time.monotonic() - self._last >= self.seconds:
            self.save(sample, start + part.slices)

    def save(self, sample: str, end: int) -> None:
        """Write what was gathered of a sample, which ends before slice `end`. Raises OSError."""
        if not self._gathered:
            return
        part, self._gathered = joined(self._gathered), []
        arrays = {
            "key": np.array(self.key),
            "stability": part.stability,
            **_arrays("predictions", part.predictions),
            **_arrays("uncertainty", part.uncertainty),
            **{f"column:{name}": values for name, values in part.columns.items()},
        }
        write_atomically(
            self.folder / f"{sample}@{end - part.slices}-{end}.npz",
            lambda file: np.savez(file, **arrays),  # type: ignore[arg-type]  # as in Components
        )
        self._last = time.monotonic()

    def done(self, sample: str) -> int:
        """How many of a sample's first slices are there."""
        return sum(part.slices for part in self.of(sample))

    def size(self, sample: str) -> int:
        """Bytes of a sample's parts."""
        return sum(path.stat().st_size for path in self.folder.glob(f"{sample}@*.npz"))

    def of(self, sample: str) -> Iterator[Part]:
        """A sample's parts from its first slice on, up to the first gap."""
        ends: dict[int, tuple[int, Path]] = {}
        for path in sorted(self.folder.glob(f"{sample}@*.npz")):
            match = re.fullmatch(r"(\d+)-(\d+)", path.stem.removeprefix(f"{sample}@"))
            if match:
                ends[int(match[1])] = (int(match[2]), path)
        at = 0
        while at in ends:
            at, path = ends[at]
            part = self.load(path)
            if part is None:
                return
            yield part

    def load(self, path: Path) -> Part | None:
        """What `save` wrote; None, with a line in the log, for what cannot be used."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["key"]) != self.key:
                    say(f"{plain(path.name)} is of another network: its slices are scored anew")
                    return None
                return Part(
                    {
                        name.removeprefix("column:"): file[name]
                        for name in file.files
                        if name.startswith("column:")
                    },
                    file["stability"],
                    _pages("predictions", file),
                    _pages("uncertainty", file),
                )
        except Exception as error:  # a damaged archive can break the reader in any way
            say(f"{plain(path.name)} cannot be used, its slices are scored anew: {plain(error)}")
            return None

    def remove(self) -> None:
        """The scoring is done, and its files are safe."""
        shutil.rmtree(self.folder, ignore_errors=True)


def write_pages(path: Path, parts: Iterable[Pages], size: int) -> None:
    """Write a TIFF, one page an image, whole or not at all. Raises OSError.

    `size`: bytes of all pages, about.
    """

    def write(file: BinaryIO) -> None:
        # A temporary file has a number for a name, which tifffile takes for a path.
        named = tifffile.FileHandle(file, name=path.name, size=0)
        with tifffile.TiffWriter(named, bigtiff=size >= BIGTIFF_FROM) as writer:
            for some in parts:
                for page in some.each():
                    writer.write(
                        iter([page]),
                        shape=(some.height, some.width),
                        dtype=np.uint8,
                        photometric="minisblack",
                        compression="zlib",
                        rowsperstrip=some.height,
                        contiguous=False,
                        metadata=None,
                    )

    write_atomically(path, write)


def _arrays(name: str, pages: Pages) -> dict[str, npt.NDArray[Any]]:
    shape = np.array([pages.height, pages.width])
    return {f"{name}:shape": shape, f"{name}:sizes": pages.sizes, f"{name}:blob": pages.blob}


def _pages(name: str, file: Mapping[str, npt.NDArray[Any]]) -> Pages:
    height, width = file[f"{name}:shape"].tolist()
    return Pages(height, width, file[f"{name}:sizes"], file[f"{name}:blob"])
