"""One watcher a folder: two would take each other's files away."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from altui.errors import AltuiError
from altui.text import plain

LOCK = ".altui-inbox"


class Watched(AltuiError):
    """Someone else watches the folder."""


@contextmanager
def watching(folder: Path, who: str) -> Iterator[None]:
    """Hold the folder's lock, which ends with the process. Raises Watched, AltuiError."""
    handle = _open(folder)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
            raise Watched(
                f"{plain(folder)} is watched already, by {plain(holder) or 'another altui'}",
                "one is enough: the app or watch-labels, by one person",
            ) from None
        except OSError:  # a file system without locks: a second watcher only finds files gone
            pass
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{who}@{socket.gethostname()} (pid {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    path = folder / LOCK
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, os.O_RDWR | flags, 0o666)
    except PermissionError:
        try:
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise _unwritable(folder, error) from None
    except OSError as error:
        raise _unwritable(folder, error) from None
    with suppress(OSError):  # whoever else may write to the folder may lock it
        os.fchmod(handle, 0o666 & folder.stat().st_mode | 0o600)
    return handle


def _unwritable(folder: Path, error: OSError) -> AltuiError:
    return AltuiError(
        f"{plain(folder)} cannot be watched: {error.strerror}",
        "files are moved within it: ask its owner for write access",
    )
