"""Room for what is not finished yet, beside where it goes; what the killed left is cleared."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from altui.files import share

PREFIX, LOCK = ".altui-unfinished-", ".lock"
LONG = 86_400.0  # seconds after which nobody works in one whose lock tells nothing


@contextmanager
def unfinished(parent: Path) -> Iterator[Path]:
    """A folder in `parent`, and on its file system, for as long as it is worked in; those that
    nobody works in any more are removed first. Raises OSError.
    """
    _clear(parent)
    folder, lock = _make(parent)
    try:
        yield folder
    finally:
        os.close(lock)  # first: a network file system keeps a file that is open
        shutil.rmtree(folder, ignore_errors=True)


def _make(parent: Path) -> tuple[Path, int]:
    """A new folder, and the handle that holds its lock. Raises OSError."""
    while True:
        folder = parent / f"{PREFIX}{secrets.token_hex(4)}"
        folder.mkdir()
        share(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        share(folder / LOCK)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another altui took it for one that is left
            os.close(lock)
            continue
        except OSError:  # a file system without locks
            return folder, lock
        if os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)


def _clear(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            with (folder / LOCK).open("rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:  # it is worked in
            pass
        except OSError:  # no lock yet, or none to be had
            with suppress(OSError):
                if folder.stat().st_mtime < time.time() - LONG:
                    shutil.rmtree(folder, ignore_errors=True)
