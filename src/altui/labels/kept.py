"""Files that the project keeps for good, each named by the SHA-256 of its content."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from altui.errors import AltuiError
from altui.files import Beside, clear_unfinished, make_folder, sha256_of, sync_folder, write_beside
from altui.labels.verdict import Refusal
from altui.store.connection import STATE
from altui.text import plain

LABELS, ORIGINALS = "labels", "originals"
PIECE = 1 << 20  # bytes
UNFINISHED = 24 * 60 * 60  # seconds after which nobody writes a file any more
AT_ONCE = 16  # files: they wait for the same disk, which does them together
# What the kept original's name ends with, so that the tool that wrote it opens it again;
# a mask within a file has "#" and which one it is behind that.
ENDING = re.compile(r"((?:\.(?:nii|ome|seg))?\.[a-z0-9]{1,8})(?:#[^/]*)?$")


def place(kind: str, sha256: str, ending: str) -> str:
    """Where content is kept, relative to the project."""
    return f"{STATE}/{kind}/{sha256[:2]}/{sha256}{ending}"


Writing = Future[Beside]


class Shelf:
    """Files on their way into the project: written while one plans on, put in their places
    together, since syncing many at a time takes hardly longer than one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writing: dict[str, Writing] = {}  # by where they are to be
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="altui-shelf")
        self._synced: set[Path] = set()  # folders that hold others

    def close(self) -> None:
        """What was not settled is gone."""
        self._pool.shutdown()
        for beside in self._written():
            beside.drop()

    def put(self, path: str, what: str, write: Callable[[BinaryIO], object]) -> Writing:
        """Have `write` make the file that is to be at `path`, relative to the project. Its result
        raises AltuiError where it cannot be written, or what `write` does.
        """
        if path not in self._writing:
            self._writing[path] = self._pool.submit(self._write, self.root / path, what, write)
        return self._writing[path]

    def put_original(self, source: Path, sha256: str, name: str) -> tuple[str, Writing | None]:
        """Have a file kept as it came, once however often it is sent. Returns where, and None for
        one that is there already; the result raises Refusal where it is no longer the file of
        that hash. `name`: what it came as.
        """
        ending = ENDING.search(name.lower())
        path = place(ORIGINALS, sha256, ending[1] if ending else "")
        for there in self._kept_as(path, sha256):
            if digest_of(self.root / there) == sha256:
                return there, None

        def copy(file: BinaryIO) -> None:
            digest = hashlib.sha256()
            for piece in _pieces(source):
                digest.update(piece)
                file.write(piece)
            if digest.hexdigest() != sha256:
                raise Refusal("changed", "was changed while it was being read; import it again")

        return path, self.put(path, "file as it came", copy)

    @staticmethod
    def _write(target: Path, what: str, write: Callable[[BinaryIO], object]) -> Beside:
        with _explained(what, target.parent):
            try:
                return write_beside(target, write)
            except FileNotFoundError:
                make_folder(target.parent)
                return write_beside(target, write)

    def _written(self) -> list[Beside]:
        """Those that could be written, once all are."""
        return [one.result() for one in self._writing.values() if one.exception() is None]

    def _kept_as(self, path: str, sha256: str) -> list[str]:
        """Where a file of that hash may lie already, whatever its ending."""
        folder = os.path.dirname(path)
        try:
            names = os.listdir(self.root / folder)
        except OSError:  # most likely not there yet
            return []
        return [f"{folder}/{name}" for name in sorted(names) if name.startswith(sha256)]

    def settle(self) -> None:
        """Put all that could be written in its place, to survive a power cut. Raises AltuiError."""
        written = self._written()
        folders = {beside.path.parent for beside in written}
        # A row must not outlive its file's folders.
        above = {parent for folder in folders for parent in folder.parents[:2]} - self._synced
        with _explained("labels", self.root / STATE):
            list(self._pool.map(Beside.sync, written))
            for beside in written:
                beside.place()
            list(self._pool.map(sync_folder, folders | above))
        if not self._synced:
            for kind in (LABELS, ORIGINALS):
                clear_unfinished(self.root / STATE / kind, UNFINISHED)
        self._synced |= above
        self._writing.clear()


@contextmanager
def _explained(what: str, where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AltuiError(
            f"the {what} could not be written to {plain(where)}: "
            f"{error.strerror or plain(error)}; the labels taken in before it are safe",
            "free some space or mend the rights, then import the same files again",
        ) from None


def digest_of(path: Path) -> str:
    """The SHA-256 of a file; empty for one that is gone or cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited on for ever
            return ""
        return sha256_of(path)
    except OSError:
        return ""


def _pieces(source: Path) -> Iterator[bytes]:
    """Raises Refusal: a fault of the file that came is none of the project's disk."""
    try:
        with source.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as error:
        raise Refusal("unreadable", f"cannot be read: {error.strerror}") from None
