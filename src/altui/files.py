"""Files that are either whole or not there at all."""

import hashlib
import json
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

LARGEST_TEXT = 1 << 22  # bytes
_MAKING = threading.RLock()


def read_text(path: Path) -> str:
    """What a person wrote into a small file, as UTF-8. Raises OSError, and ValueError for what
    is no such file.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited on for ever
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise ValueError(f"it has more than {LARGEST_TEXT:,} bytes")
    return data.decode("utf-8-sig")  # Windows' editors begin with a mark


def sha256_of(path: Path) -> str:
    """In hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` on a temporary file beside `path`, sync it, rename it into place.

    A reader sees the old file or the new one; a kill or a full disk leaves the old.
    Raises OSError.
    """
    beside = write_beside(path, write)
    try:
        beside.sync()
        beside.place()
    finally:
        beside.drop()
    sync_folder(path.parent)


@dataclass
class Beside:
    """A temporary file with all of what `path` is to be, open until it is synced."""

    path: Path
    name: Path
    file: BinaryIO

    def sync(self) -> None:
        """Raises OSError, also for what had not been written before."""
        with self.file:
            os.fsync(self.file.fileno())

    def place(self) -> None:
        """Raises OSError."""
        os.replace(self.name, self.path)

    def drop(self) -> None:
        """What is in place stays."""
        with suppress(OSError):
            self.file.close()
        self.name.unlink(missing_ok=True)


def write_beside(path: Path, write: Callable[[BinaryIO], object]) -> Beside:
    """The first half of `write_atomically`. Raises OSError."""
    name = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    beside = Beside(path, name, open(str(name), "xb"))  # noqa: SIM115  # closed by `sync`, `drop`
    try:
        share(name)
        write(beside.file)
        beside.file.flush()
    except BaseException:
        beside.drop()
        raise
    return beside


def clear_unfinished(folder: Path, age: float = 0.0) -> None:
    """Remove what killed writers left under temporary names in `folder` and, two deep, in its own;
    `age`: seconds after which nobody writes such a file any more.
    """
    newest = time.time() - age
    for pattern in (".*.tmp", "*/.*.tmp", "*/*/.*.tmp"):
        for file in folder.glob(pattern):
            with suppress(OSError):
                if not age or file.stat().st_mtime < newest:
                    file.unlink()


def make_folder(folder: Path) -> None:
    """With those above it that are not there, each shared as far as the one above it is.

    Raises OSError.
    """
    with _MAKING:  # another thread's folder, not shared yet, would share nothing with this one
        if not folder.is_dir():
            make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            share(folder)


def share(path: Path) -> None:
    """Open a new file or folder to the group that may write to the folder it lies in, whatever
    the umask: what one of a team makes, the others go on with.
    """
    with suppress(OSError):  # as on file systems without groups
        above, own = path.parent.stat(), path.stat()
        if not above.st_mode & stat.S_IWGRP:
            return
        if own.st_gid != above.st_gid:
            os.chown(path, -1, above.st_gid)
        granted = stat.S_IRWXG if stat.S_ISDIR(own.st_mode) else stat.S_IRGRP | stat.S_IWGRP
        mode = stat.S_IMODE(own.st_mode) | above.st_mode & granted
        if stat.S_ISDIR(own.st_mode):
            mode |= stat.S_ISGID
        os.chmod(path, mode)


def write_bytes(path: Path, data: bytes) -> None:
    """`data` as the whole of `path`, or `path` unchanged. Raises OSError."""
    write_atomically(path, lambda file: file.write(data))


def write_json(path: Path, value: Any) -> None:
    """`value` as an indented JSON file, or `path` unchanged. Raises OSError."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def link_or_copy(source: Path, target: Path) -> None:
    """`target` as a second name of the same file, or a copy where there are no such names.

    Raises OSError.
    """
    try:
        os.link(source, target)
    except OSError:  # another file system, one without hard links, or someone else's file
        shutil.copyfile(source, target)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def current_umask() -> int:
    """The rights that new files do not get."""
    # The mask can only be read by setting it; team projects rely on group access.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
