"""The format of a backup: a tar of plain files, the manifest with their hashes first.

Written by hand rather than through `tarfile`, and read so: what is read may come from
anywhere, and nothing but the plain files that altui writes has a place in it, so links,
devices, long-name records and whatever else tars can hold are refused unread.
"""

import hashlib
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from altui.errors import AltuiError
from altui.store.connection import DATABASE, STATE
from altui.text import plain

MANIFEST, FORMAT = "altui-backup.json", 1
CONFIG, DATABASE_NAME = "altui.toml", f"{STATE}/{DATABASE}"
FOLDERS = ("labels", "originals", "jobs", "simulation")  # of .altui
BLOCK = 512
PIECE = 1 << 20
LARGEST_MANIFEST = 32 << 20  # bytes; some 200,000 files
LONGEST_NAME = 100  # bytes that a tar's plain header has room for
PART = re.compile(r"(?!\.{1,2}$)[\w. ()+-]{1,255}")


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Entry(BaseModel):
    """One file; `path` is relative to the project, with `/`; `size` in bytes."""

    model_config = ConfigDict(frozen=True)

    path: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a backup holds. `left_out`: files that rows speak of but that were damaged."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    altui: str
    created_at: str  # ISO 8601, UTC
    created_by: str
    host: str
    files: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Of all files together, in bytes."""
        return sum(entry.size for entry in self.files)


def is_safe(path: str) -> bool:
    """Whether a file of this name has its place in a backup, and in a project."""
    if path in (CONFIG, DATABASE_NAME):
        return True
    parts = PurePosixPath(path).parts
    return (
        "/".join(parts) == path
        and 4 <= len(parts) <= 6
        and parts[0] == STATE
        and parts[1] in FOLDERS
        and all(PART.fullmatch(part) for part in parts[2:])
    )


class Writer:
    """Appends files to a tar on `stream`."""

    def __init__(self, stream: Writable) -> None:
        self._stream = stream
        self._time = int(time.time())

    def add(self, entry: Entry, file: Readable) -> None:
        """Raises AltuiError where the file is another by now than the manifest says."""
        info = tarfile.TarInfo(_name(entry))
        info.size, info.mtime, info.mode = entry.size, self._time, 0o644
        self._stream.write(info.tobuf(tarfile.GNU_FORMAT, "utf-8"))
        digest, left = hashlib.sha256(), entry.size
        while left and (piece := file.read(min(PIECE, left))):
            digest.update(piece)
            self._stream.write(piece)
            left -= len(piece)
        if left or digest.hexdigest() != entry.sha256:
            raise AltuiError(
                f"{plain(entry.path)} was changed while it was being backed up", "try again"
            )
        self._stream.write(bytes(-entry.size % BLOCK))

    def end(self) -> None:
        self._stream.write(bytes(2 * BLOCK))


class Reader:
    """Reads a tar from `stream`, file by file. Every method raises AltuiError."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def manifest(self) -> Manifest:
        """The first file, judged before any other is looked at."""
        name, size = self._header()
        if name != MANIFEST or size > LARGEST_MANIFEST:
            raise no_backup("its first file is not altui's list of what it holds")
        data = b"".join(self._pieces(size))
        try:
            manifest = Manifest.model_validate_json(data)
        except (ValidationError, RecursionError):
            if re.search(rb'"format":\s*([2-9]|[1-9][0-9])\b', data[:4096]):
                raise AltuiError("a newer altui made this backup", "upgrade altui") from None
            raise no_backup("its list of files is damaged") from None
        names = [entry.path for entry in manifest.files]
        unsafe = next((name for name in (*names, *manifest.left_out) if not is_safe(name)), None)
        if unsafe is not None:
            raise no_backup(f"{plain(unsafe)} is no file of a project's state")
        if len(set(names)) < len(names) or not {CONFIG, DATABASE_NAME} <= set(names):
            raise no_backup("its list of files is not a project's")
        return manifest

    def copy(self, entry: Entry, file: Writable) -> None:
        """The next file, which is to be `entry`."""
        if self._header() != (_name(entry), entry.size):
            raise no_backup(f"{plain(entry.path)} is not where its list says")
        digest = hashlib.sha256()
        for piece in self._pieces(entry.size):
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != entry.sha256:
            raise no_backup(f"{plain(entry.path)} is damaged in it")

    def _header(self) -> tuple[str, int]:
        """Name and size of the next plain file."""
        block = self._stream.read(BLOCK)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, ValueError):
            raise no_backup("it ends too early, or is no tar") from None
        if info.type != tarfile.REGTYPE or info.size < 0:
            raise no_backup(f"{plain(info.name)} is no plain file")
        return info.name, info.size

    def _pieces(self, size: int) -> Iterator[bytes]:
        """The content of a file; the padding behind it is passed over."""
        left = size
        while left:
            piece = self._stream.read(min(PIECE, left))
            if not piece:
                raise no_backup("it ends too early")
            left -= len(piece)
            yield piece
        self._stream.read(-size % BLOCK)


def _name(entry: Entry) -> str:
    """In the tar: its path, or its hash where that is too long."""
    return entry.path if len(entry.path.encode()) <= LONGEST_NAME else entry.sha256


def no_backup(why: str) -> AltuiError:
    return AltuiError(f"this is no whole backup of altui's: {why}", "take another copy of it")
