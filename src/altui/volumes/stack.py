"""Opening a stack: from what `altui.toml` says to slices."""

import os
import stat
from functools import cache, partial
from itertools import islice
from pathlib import Path

from altui.errors import AltuiError
from altui.text import did_you_mean, listing, plain
from altui.volumes.base import Damaged, Stack, naming
from altui.volumes.folder import FolderStack
from altui.volumes.names import in_folder, in_glob, kind_of, natural_key
from altui.volumes.png import SIGNATURE, PngStack
from altui.volumes.tiff import TiffStack

__all__ = ["Stack", "open_stack"]

WANTED = "give a multi-page TIFF, a folder of TIFF or PNG slices, or a glob"
PUT = "put it there, or say in altui.toml where it is"


def open_stack(root: Path, pattern: str, *, first_only: bool = False) -> Stack:
    """The stack that `pattern` names: a file, a folder of slices or a glob.

    `pattern` is absolute or relative to `root`. Headers are read, pixels are not; of many files,
    `first_only` reads one, and leaves the others' to whoever has read them or is about to.
    Raises AltuiError naming the file, and the slice where it is one.
    """
    if not pattern.strip():
        raise AltuiError("no images are named", WANTED)
    path = root / pattern
    with naming(partial(plain, path)):
        try:
            mode = os.stat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(path):
                raise
            return _open_glob(root, pattern, first_only)
        if stat.S_ISDIR(mode):
            return _open_folder(path, first_only)
        if not stat.S_ISREG(mode):
            raise Damaged("neither a file nor a folder", WANTED)
        with path.open("rb") as file:
            is_png = file.read(len(SIGNATURE)) == SIGNATURE
        return PngStack(path) if is_png else TiffStack(path)


def named_files(root: Path, pattern: str) -> list[Path]:
    """The files that `pattern` names, without a look into them; nothing where there are none.

    Raises OSError, ValueError.
    """
    path = root / pattern
    if path.is_dir():
        return [path / name for name in in_folder(path)]
    return [path] if path.exists() else [root / name for name in in_glob(root, pattern)]


def files_of(root: Path, pattern: str) -> list[str]:
    """The real paths of `named_files`. Raises OSError, ValueError."""
    files = named_files(root, pattern)
    real = cache(os.path.realpath)
    return [
        os.path.realpath(file) if os.path.islink(file) else f"{real(file.parent)}/{file.name}"
        for file in files
    ]


def _open_folder(folder: Path, first_only: bool) -> Stack:
    names = in_folder(folder)
    if not names:
        raise Damaged(f"no TIFF or PNG files in this folder{_others(folder)}", WANTED)
    if len(names) == 1:  # so may a folder
        return open_stack(folder, names[0])
    return FolderStack(folder, names, str(folder), first_only=first_only)


def _open_glob(root: Path, pattern: str, first_only: bool) -> Stack:
    names = in_glob(root, pattern)
    if len(names) == 1:  # a glob may stand for one multi-page file
        return open_stack(root, names[0])
    if names:
        return FolderStack(root, names, str(root / pattern), first_only=first_only)
    raise _nothing_at(root / pattern)


def _nothing_at(path: Path) -> Damaged:
    """Nothing is there: say from where on, and what is there instead."""
    parent = path.parent
    missing = path.name
    while not parent.is_dir() and parent != parent.parent:
        parent, missing = parent.parent, parent.name
    there = _names_in(parent)
    nearest = did_you_mean(missing, there)
    what = "no image matches" if set("*?[") & set(str(path)) else "not there"
    return Damaged(what + (nearest or _others(parent)), PUT)


def _others(folder: Path) -> str:
    """'; FOLDER has …', for messages."""
    there = _names_in(folder)
    images = [name for name in there if kind_of(name)]
    return f"; {plain(folder)} has {listing(images or there) or 'nothing in it'}"


def _names_in(folder: Path) -> list[str]:
    """Names of what is in `folder`, of huge ones only some; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, 2000)]
    except OSError:
        return []
    return sorted((name for name in names if not name.startswith(".")), key=natural_key)
