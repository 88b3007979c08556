"""`altui restore`: a backup becomes a project's state again, complete or not at all."""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from altui.errors import AltuiError
from altui.files import make_folder, share, sync_folder
from altui.labels.archive import (
    CONFIG,
    DATABASE_NAME,
    Manifest,
    Readable,
    Reader,
    no_backup,
)
from altui.labels.stored import stored_files
from altui.labels.verdict import shown
from altui.store.connection import STATE, Store
from altui.store.history import History
from altui.store.snapshot import check_schema, check_sound
from altui.text import plain
from altui.unfinished import unfinished

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Restored:
    """What came back, and from when; `left_out`: files that were damaged at that time."""

    root: Path
    files: int
    labels: int
    created_at: str
    created_by: str
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "project": shown(self.root),
            "files": self.files,
            "labels": self.labels,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "left_out": list(self.left_out),
        }


def restore(file: Path, root: Path) -> Restored:
    """Put the backup `file` into the folder `root`, which has no state of altui's yet.

    All of it is unpacked beside its place and verified there before anything is put in place.
    Raises AltuiError, with the folder as it was, for anything but a whole backup, for a
    project that is there already, and for a full disk.
    """
    root = root.absolute()
    made = not os.path.lexists(root)
    try:
        with _opened(file) as stream:
            reader = Reader(stream)
            manifest = reader.manifest()
            root.mkdir(exist_ok=True)
            _check_free(root, manifest)
            with unfinished(root) as stage:
                _unpack(reader, manifest, stage)
                history = _verify(stage, manifest)
                _put_in_place(stage, root)
    except OSError as error:
        raise AltuiError(
            f"the backup could not be restored to {plain(root)}: {error.strerror or plain(error)}",
            "free some space or mend the rights, or give another folder",
        ) from None
    finally:
        if made:
            with suppress(OSError):
                root.rmdir()  # only where nothing came into it
    return Restored(
        root,
        len(manifest.files),
        len(history.labels),
        manifest.created_at,
        manifest.created_by,
        manifest.left_out,
    )


@contextmanager
def _opened(file: Path) -> Iterator[Readable]:
    """The tar within a backup. Raises AltuiError."""
    try:
        if not file.is_file():
            what = "is no file" if file.exists() else "is not there"
            raise AltuiError(f"{plain(file)} {what}", "give a backup that altui has made")
        raw = file.open("rb")
    except OSError as error:
        raise AltuiError(
            f"{plain(file)} cannot be read: {error.strerror}", "see that it is there, and yours"
        ) from None
    with raw:
        zipped = raw.peek(2)[:2] == GZIP
        try:
            yield gzip.GzipFile(fileobj=raw) if zipped else raw
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise no_backup(plain(error)) from None


def _check_free(root: Path, manifest: Manifest) -> None:
    """Raises AltuiError where there is a project, or no room for one."""
    _refuse_state(root)
    if manifest.size > shutil.disk_usage(root).free:
        raise AltuiError(
            f"the backup unpacks to {manifest.size / 1e9:.1f} GB, more than is free there",
            "free some space, or give a folder on a larger disk",
        )


def _refuse_state(root: Path) -> None:
    state = root / STATE
    if os.path.lexists(state) and not (state.is_dir() and not any(state.iterdir())):
        raise AltuiError(
            f"{plain(state)} is there already, and nothing is ever written over it",
            "restore into another folder, or move it aside",
        )


def _unpack(reader: Reader, manifest: Manifest, stage: Path) -> None:
    """Every file, verified and synced. Raises AltuiError, OSError."""
    folders = {stage}
    for entry in manifest.files:
        path = stage / entry.path
        make_folder(path.parent)
        folders |= {one for one in path.parents if stage in one.parents}
        with path.open("xb") as file:
            share(path)
            reader.copy(entry, file)
            file.flush()
            os.fsync(file.fileno())
    for folder in folders:
        sync_folder(folder)


def _verify(stage: Path, manifest: Manifest) -> History:
    """Whether the rows are altui's, and true of the files that came with them."""
    database = stage / DATABASE_NAME
    try:
        store = Store(stage)  # brings an older database up to date
        with store.read() as db:
            check_sound(db.conn, database)
            check_schema(db.conn, database)
        history = store.history()
    except AltuiError as error:
        raise AltuiError(error.message.replace(f"{plain(stage)}/", ""), error.hint) from None
    there = {entry.path: entry.sha256 for entry in manifest.files}
    for one in stored_files(history):
        if there.get(one.path) != one.sha256 and one.path not in manifest.left_out:
            raise no_backup(f"{one.said} is not in it")
    return history


def _put_in_place(stage: Path, root: Path) -> None:
    """The state last, by a rename: that it is there says that all of it is.

    Raises AltuiError where a project has come into being meanwhile.
    """
    config = root / CONFIG
    ours = not os.path.lexists(config)
    if ours:
        (stage / CONFIG).rename(config)
    elif config.read_bytes() != (stage / CONFIG).read_bytes():
        raise AltuiError(
            f"{plain(config)} is there already, and is another than the backup's",
            "move it aside; compare the two afterwards",
        )
    try:
        (stage / STATE).rename(root / STATE)
    except OSError:
        _refuse_state(root)  # someone else was quicker, and the config is theirs too
        if ours:
            config.unlink()
        raise
    sync_folder(root)
