"""`altui backup`: one archive of a project's state and labels, while others work in it."""

import gzip
import hashlib
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import altui
from altui.config import CONFIG_NAME
from altui.errors import AltuiError
from altui.files import sync_folder, write_atomically
from altui.jobs import folder
from altui.labels.archive import (
    DATABASE_NAME,
    LARGEST_MANIFEST,
    MANIFEST,
    PIECE,
    Entry,
    Manifest,
    Writable,
    Writer,
    is_safe,
)
from altui.labels.predictions import newest_results_job
from altui.labels.stored import stored_files
from altui.labels.verdict import shown
from altui.simulation.records import EXPERIMENTS, PICTURE
from altui.store.connection import DATABASE, STATE, Store
from altui.store.history import History
from altui.store.snapshot import snapshot
from altui.text import plain
from altui.unfinished import unfinished
from altui.workspace import check_folder

PLAIN, ZIPPED = (".tar",), (".tar.gz", ".tgz")
ALWAYS = (folder.SPEC, folder.PROCESS, folder.RESULT)  # what says how a job stands
ENDED = (folder.SCORES, folder.PROGRESS, folder.LOG, EXPERIMENTS, PICTURE)  # and what came of it
LARGE = (
    *(folder.CHECKPOINT, f"{folder.MEMBERS}/*/{folder.CHECKPOINT}"),
    *(f"{folder.PREDICTIONS}/*.tif", f"{folder.UNCERTAINTY}/*.tif"),
)
NODE = (folder.SPEC, folder.RESULT, folder.SCORES)  # of a simulation's training


@dataclass(frozen=True)
class Backup:
    """What was written: `size` in bytes, before compression. `left_out`: kept files that are
    damaged or gone, so that no backup can hold them.
    """

    file: Path
    files: int
    size: int
    labels: int
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "file": shown(self.file),
            "files": self.files,
            "bytes": self.size,
            "labels": self.labels,
            "left_out": list(self.left_out),
        }


def back_up(root: Path, target: Path, *, with_jobs: bool = False) -> Backup:
    """Write state, labels, originals and altui.toml of the project `root` into a new file.

    Of jobs: how each ended, its scores, and the newest round's network and predictions;
    `with_jobs`: every network, all predictions and simulations' trainings. Raises AltuiError,
    with nothing written, where the target is there or cannot be written.
    """
    check_folder(root)
    if not (root / CONFIG_NAME).is_file():
        raise AltuiError(f"{plain(root)} has no {CONFIG_NAME}: it is no project")
    root, target = root.absolute(), target.absolute()
    _check_target(target)
    try:
        with unfinished(target.parent) as scratch:
            store, copy = Store(root), scratch / DATABASE
            history = snapshot(store, copy)
            entries, left_out = _take_stock(_files(root, copy, history, with_jobs))
            manifest = Manifest(
                altui=altui.__version__,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                created_by=store.who,
                host=socket.gethostname(),
                files=tuple(entries),
                left_out=tuple(left_out),
            )
            made = scratch / target.name
            write_atomically(made, lambda file: _write(file, target, manifest, entries))
            _check_target(target)
            made.replace(target)
            sync_folder(target.parent)
    except OSError as error:
        raise AltuiError(
            f"the backup could not be made: {plain(error.filename or target)}: "
            f"{error.strerror or plain(error)}",
            "free some space or mend the rights, or give another place",
        ) from None
    return Backup(target, len(entries), manifest.size, len(history.labels), manifest.left_out)


def _check_target(target: Path) -> None:
    """Raises AltuiError for a name that says no format, and never writes over a backup."""
    if not target.name.endswith(PLAIN + ZIPPED):
        raise AltuiError(
            f"{plain(target.name)} does not end as a backup does",
            f"give a name that ends in {', '.join(PLAIN + ZIPPED)}",
        )
    if os.path.lexists(target):
        raise AltuiError(f"{plain(target)} is there already", "give a new name")
    if not target.parent.is_dir():
        raise AltuiError(f"{plain(target.parent)} is no folder", "make it first")


def _files(
    root: Path, database: Path, history: History, with_jobs: bool
) -> Iterator[tuple[str, Path, str | None]]:
    """What belongs into the backup: its name, where it is, its hash where a row says it."""
    yield CONFIG_NAME, root / CONFIG_NAME, None
    yield DATABASE_NAME, database, None
    for one in stored_files(history):
        yield one.path, root / one.path, one.sha256
    for path in _job_files(root / STATE, history, with_jobs):
        yield path.relative_to(root).as_posix(), path, None


def _job_files(state: Path, history: History, with_jobs: bool) -> Iterator[Path]:
    """Of a job that runs, what began it: on another machine it is a lost one."""
    newest = newest_results_job(history)
    for row in history.jobs:
        own = state / "jobs" / row.id
        patterns = list(ALWAYS)
        if row.id in history.ends or (own / folder.RESULT).exists():
            patterns += ENDED
            patterns += LARGE if with_jobs or row.id == newest else ()
        for pattern in patterns:
            yield from sorted(own.glob(pattern))
    if with_jobs:
        for result in sorted((state / "simulation").glob(f"*/{folder.RESULT}")):
            yield from (result.with_name(name) for name in NODE)


def _take_stock(
    files: Iterator[tuple[str, Path, str | None]],
) -> tuple[dict[Entry, Path], list[str]]:
    """Hash every file; also the names of kept ones that are not what their rows say."""
    entries: dict[Entry, Path] = {}
    left_out = []
    for name, path, sha256 in files:
        entry = _entry(name, path)
        if entry is not None and is_safe(name) and sha256 in (None, entry.sha256):
            entries[entry] = path
        elif sha256 is not None:
            left_out.append(name)
    return entries, left_out


def _entry(name: str, path: Path) -> Entry | None:
    """Of a file as long as it is now: a log may grow meanwhile. None for one that is gone.

    Raises OSError.
    """
    try:
        with path.open("rb") as file:
            left = size = os.fstat(file.fileno()).st_size
            digest = hashlib.sha256()
            while left and (piece := file.read(min(PIECE, left))):
                digest.update(piece)
                left -= len(piece)
    except FileNotFoundError:
        return None
    return Entry(path=name, size=size - left, sha256=digest.hexdigest())


def _write(file: BinaryIO, target: Path, manifest: Manifest, entries: dict[Entry, Path]) -> None:
    """Raises AltuiError, OSError."""
    data = manifest.model_dump_json(indent=1).encode()
    if len(data) > LARGEST_MANIFEST:
        raise AltuiError(f"the project has too many files ({len(entries):,}) for one backup")
    with _compressed(file, target) as stream:
        writer = Writer(stream)
        digest = hashlib.sha256(data).hexdigest()
        writer.add(Entry(path=MANIFEST, size=len(data), sha256=digest), io.BytesIO(data))
        for entry, path in entries.items():
            with path.open("rb") as source:
                writer.add(entry, source)
        writer.end()


@contextmanager
def _compressed(file: BinaryIO, target: Path) -> Iterator[Writable]:
    """Little is gained by trying hard: labels are compressed already."""
    if not target.name.endswith(ZIPPED):
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=1) as stream:
        yield stream
