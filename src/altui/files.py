"""Files that are either whole or not there at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write` on a temporary file beside `path`, sync it, rename it into place.

    A reader sees the old file or the new one; a kill or a full disk leaves the old.
    Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)  # opened again by its name, which some writers ask a file for
    try:
        with open(name, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~current_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


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
