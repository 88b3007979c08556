"""What lies in an inbox, and whether it is still on its way there.

Whole is what did not change between several looks: network file systems tell of no changes,
and of sizes only after a while. Copying programs' own names for what is not done yet count too.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from altui.labels.formats import suffix_of
from altui.labels.formats.archive import is_archive
from altui.labels.formats.label_studio import part_of
from altui.labels.manifest import NAME as MANIFEST

IMPORTED, REFUSED, WAITING = "imported", "refused", "waiting"
LIMIT = 100_000  # files in one folder
# Of browsers, sftp clients, rsync (.NAME.Ab12Cd), synchronisers (.NAME.~1a2b), editors.
UNDONE = re.compile(
    r".*\.(part|partial|filepart|tmp|temp|crdownload|download|opdownload|swp|!sync)"
    r"|\..+\.(\w{6}|~\w+)"
)
HOLE = 4096  # bytes: smaller ones may be the file system's way of keeping small files
LINK = "is a link, which is not followed: send the file itself"
PART = "is one of several files that make up a mask: send the whole export, as a folder or .zip"
Stamp = tuple[tuple[str, int, int], ...]  # of each file: name, size in bytes, mtime in ns


@dataclass(frozen=True)
class Arrival:
    """A file, or a folder with all that is in it; `newest`: mtime in seconds since the epoch.

    `undone`: a file in it that is still being copied; `fault`: why it cannot be taken in;
    `holes`: room was made for what is not there yet, as file servers do.
    """

    path: Path
    stamp: Stamp
    undone: str = ""
    fault: str = ""
    is_link: bool = False
    holes: bool = False

    @property
    def newest(self) -> float:
        return max((mtime for _, _, mtime in self.stamp), default=0) / 1e9


def arrivals(folder: Path) -> Iterator[Arrival]:
    """What may hold masks, in order of name. Raises OSError."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if is_passed_over(entry.name) or entry.name.lower() in (IMPORTED, REFUSED, WAITING):
            continue
        path = folder / entry.name
        if entry.is_symlink():
            if is_wanted(entry.name) or os.path.isdir(path):
                yield Arrival(path, (), fault=LINK, is_link=True)
        elif entry.is_dir() or (is_wanted(entry.name) and entry.name != MANIFEST):
            arrival = look_at(path)
            if arrival is not None:
                yield arrival


def look_at(path: Path) -> Arrival | None:
    """None for what is gone, or where nothing may be a mask, nor become one."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return _look_into(path)
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited on for ever
        return None
    fault = PART if part_of(PurePath(path.name)) else ""
    stamp = ((path.name, found.st_size, found.st_mtime_ns),)
    return Arrival(path, stamp, fault=fault, holes=_has_holes(found))


def _look_into(folder: Path) -> Arrival | None:
    files: list[tuple[str, int, int]] = []
    undone, fault, wanted, holes = "", "", False, False

    def unreadable(error: OSError) -> None:
        nonlocal fault
        fault = f"cannot be looked into: {error.strerror}"

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [*folders, *sorted(names)]:
            path = Path(place, name)
            within = path.relative_to(folder).as_posix()
            try:
                found = path.lstat()
            except OSError:
                continue  # gone; the next look tells
            if stat.S_ISLNK(found.st_mode):
                fault = fault or f"{within} {LINK}"
            elif UNDONE.fullmatch(name.lower()):
                undone = undone or within
            elif stat.S_ISREG(found.st_mode) and not is_passed_over(name):
                wanted = wanted or is_wanted(name)
                holes = holes or _has_holes(found)
                files.append((within, found.st_size, found.st_mtime_ns))
        if len(files) > LIMIT:
            return Arrival(folder, (), fault=f"holds more than {LIMIT:,} files: send its parts")
    if not (wanted or undone):
        return None
    return Arrival(folder, tuple(files), undone, fault, holes=holes)


def _has_holes(found: os.stat_result) -> bool:
    return found.st_size - 512 * found.st_blocks >= HOLE


def is_wanted(name: str) -> bool:
    """Whether a file of this name may be a mask, or hold some."""
    return bool(suffix_of(PurePath(name))) or is_archive(name)


def is_passed_over(name: str) -> bool:
    """Hidden files, and those that programs keep for themselves or have not written yet."""
    return name.startswith((".", "~")) or name.endswith("~") or bool(UNDONE.fullmatch(name.lower()))


class Settling:
    """Tells what has stopped changing, from one look to the next."""

    def __init__(self, looks: int) -> None:
        """`looks` must find the same."""
        self._needed = looks
        self._seen: dict[Path, tuple[Stamp, int, float]] = {}

    def settled(self, found: list[Arrival], now: float) -> list[Arrival]:
        """Those whole by now; `now` in seconds, of any clock that only goes on."""
        seen: dict[Path, tuple[Stamp, int, float]] = {}
        for one in found:
            stamp, looks, since = self._seen.get(one.path, ((), 0, now))
            if stamp != one.stamp or not looks:
                looks, since = 0, now
            seen[one.path] = one.stamp, looks + 1, since
        self._seen = seen
        return [one for one in found if not one.undone and seen[one.path][1] >= self._needed]

    def still_for(self, one: Arrival, now: float) -> float:
        """Seconds since it was first seen as it is."""
        return now - self._seen[one.path][2] if one.path in self._seen else 0.0
