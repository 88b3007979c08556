"""Files that the project keeps for good, each named by the SHA-256 of its content."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from altui.errors import AltuiError
from altui.files import sync_folder, write_atomically
from altui.labels.verdict import Refusal
from altui.store.connection import STATE
from altui.text import plain

LABELS, ORIGINALS = "labels", "originals"
PIECE = 1 << 20  # bytes
# What the kept original's name ends with, so that the tool that wrote it opens it again;
# a mask within a file has "#" and which one it is behind that.
ENDING = re.compile(r"((?:\.(?:nii|ome|seg))?\.[a-z0-9]{1,8})(?:#[^/]*)?$")


def place(kind: str, sha256: str, ending: str) -> str:
    """Where content is kept, relative to the project."""
    return (Path(STATE) / kind / sha256[:2] / f"{sha256}{ending}").as_posix()


def keep(target: Path, what: str, write: Callable[[BinaryIO], object]) -> None:
    """Have `write` make `target`, whole and synced with the folders that hold it.

    Raises AltuiError.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, write)
        for folder in target.parents[1:3]:  # a row must not outlive its file's folders
            sync_folder(folder)
    except OSError as error:
        raise AltuiError(
            f"the {what} could not be written to {plain(target.parent)}: "
            f"{error.strerror or plain(error)}; the labels taken in before it are safe",
            "free some space or mend the rights, then import the same files again",
        ) from None


def keep_original(root: Path, source: Path, sha256: str, name: str) -> str:
    """Copy a file as it came, once however often it is sent; returns where it is kept.

    `name`: what it came as. Raises Refusal where it is no longer the file of that hash,
    AltuiError where nothing can be written.
    """
    ending = ENDING.search(name.lower())
    path = place(ORIGINALS, sha256, ending[1] if ending else "")
    for there in sorted((root / path).parent.glob(f"{sha256}*")):
        if digest_of(there) == sha256:
            return there.relative_to(root).as_posix()

    def copy(file: BinaryIO) -> None:
        digest = hashlib.sha256()
        for piece in _pieces(source):
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != sha256:
            raise Refusal("changed", "was changed while it was being read; import it again")

    keep(root / path, "file as it came", copy)
    return path


def digest_of(path: Path) -> str:
    """The SHA-256 of a file; empty for one that is gone or cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited on for ever
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
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
