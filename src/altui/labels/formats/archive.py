"""Zip and tar archives: their files, one after the other, under names of our own."""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from altui.labels.names import LONGEST, TOO_LONG
from altui.labels.scratch import Scratch
from altui.labels.verdict import Refusal
from altui.text import count, plain
from altui.volumes.base import Damaged

MAX_ENTRIES = 100_000
ZIPS = (".zip",)
TARS = (".tar", ".tgz", ".txz", ".tbz2", ".tar.gz", ".tar.xz", ".tar.bz2")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
END, LARGE_END = b"PK\5\6", b"PK\6\6"
MAX_DIRECTORY = 300 * MAX_ENTRIES  # bytes
PIECE = 1 << 23
SHOWN = 100  # characters of either end of a name beyond LONGEST


class Entry(NamedTuple):
    """A file in an archive, by the name that it has there. `unpack` may only be called
    before the next entry is asked for; it raises Refusal.
    """

    name: PurePosixPath
    unpack: Callable[[], Path]


def is_archive(name: str) -> bool:
    return name.lower().endswith((*ZIPS, *TARS))


def entries(path: Path, scratch: Scratch) -> Iterator[Entry]:
    """The files of an archive, but for hidden ones.

    Raises Refusal where nothing more can be taken from it, and whatever the libraries raise.
    """
    listed = _zip if path.name.lower().endswith(ZIPS) else _tar
    for entry in listed(path, scratch):
        if len(text := str(entry.name)) > LONGEST:
            entry = Entry(PurePosixPath(f"{text[:SHOWN]}…{entry.name.name[-SHOWN:]}"), _too_long)
        hidden = any(part.startswith(".") and part != ".." for part in entry.name.parts)
        if entry.name.parts and not hidden and "__MACOSX" not in entry.name.parts:
            yield entry


def _zip(path: Path, scratch: Scratch) -> Iterator[Entry]:
    _check_directory(path)
    with zipfile.ZipFile(path) as archive:
        _check_number(len(archive.infolist()))
        for info in archive.infolist():
            name = PurePosixPath(info.filename.replace("\\", "/"))
            if not info.is_dir():
                yield Entry(name, partial(_from_zip, archive, info, name, scratch))


def _from_zip(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: PurePosixPath, scratch: Scratch
) -> Path:
    _check_name(name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refusal("unreadable", "is a link, not a file")
    if info.flag_bits & 1:
        raise Refusal("encrypted", "is encrypted; send the archive without a password")
    if info.compress_type not in METHODS:
        raise Refusal("format", "is compressed in an unusual way; use plain zip")
    with _damaged():
        return scratch.keep(archive.open(info))


def _tar(path: Path, scratch: Scratch) -> Iterator[Entry]:
    with scratch.unpacked(path).open("rb") as raw:
        archive = tarfile.TarFile(fileobj=_Careful(raw))  # type: ignore[arg-type]
        for number, info in enumerate(iter(archive.next, None), 1):
            _check_number(number)
            name = PurePosixPath(info.name)
            if not info.isdir():
                yield Entry(name, partial(_from_tar, archive, info, name, scratch))


def _from_tar(
    archive: tarfile.TarFile, info: tarfile.TarInfo, name: PurePosixPath, scratch: Scratch
) -> Path:
    _check_name(name)
    with _damaged():
        file = archive.extractfile(info) if info.isreg() and not info.issparse() else None
        if file is None:
            raise Refusal("unreadable", "is a link or device, not a file")
        return scratch.keep(file)


@contextmanager
def _damaged() -> Iterator[None]:
    """An entry whose own bytes are damaged is refused alone."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:  # as many kinds as there are decoders
        detail = plain(error)[:100]
        raise Refusal("unreadable", f"is damaged in the archive ({detail})") from None


class _Careful:
    """A file that is never read in one piece: a tar's header may claim any length."""

    def __init__(self, raw: BinaryIO) -> None:
        self.seek, self.tell, self.name = raw.seek, raw.tell, ""
        self._raw = raw

    def read(self, size: int) -> bytes:
        if size > PIECE:
            raise Damaged("a header in the archive is too long to be true")
        return self._raw.read(size)


def _check_name(name: PurePosixPath) -> None:
    """Nothing is written under it, but who sends such a name is up to something."""
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise Refusal("unsafe", "has a name that leads out of the archive")


def _too_long() -> Path:
    raise Refusal("no-such-slice", TOO_LONG)


def _check_number(number: int) -> None:
    if number > MAX_ENTRIES:
        raise Refusal("too-large", f"holds more than {count(MAX_ENTRIES, 'file')}")


def _check_directory(path: Path) -> None:
    """`zipfile` reads a zip's whole directory into memory. Raises Refusal, Damaged, OSError."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise Damaged("truncated: a zip ends with its directory, which is not there")
    claimed = int.from_bytes(tail[at + 12 : at + 16], "little")
    large = tail.rfind(LARGE_END)
    if large >= 0:
        claimed = max(claimed % 0xFFFFFFFF, int.from_bytes(tail[large + 40 : large + 48], "little"))
    if claimed > MAX_DIRECTORY:
        raise Refusal("too-large", "has a directory too long to be true")
