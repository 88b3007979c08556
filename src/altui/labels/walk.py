"""The files of a given path: itself, those of a folder, those of an archive."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from altui.errors import AltuiError
from altui.labels.formats import suffix_of
from altui.labels.formats.archive import entries, is_archive
from altui.labels.formats.base import refusing
from altui.labels.formats.label_map import is_label_map
from altui.labels.scratch import Scratch
from altui.labels.verdict import Refusal, Verdict, refused, shown
from altui.text import plain

LIMIT = 100_000  # files


@dataclass(frozen=True)
class File:
    """A file, wherever its bytes are."""

    path: Path  # its bytes
    place: PurePath  # where the sender has it, from the given path on
    name: str  # as shown
    on_disk: Path  # itself, or the archive that it is in
    top: Path | None  # the given path; None for a file in an archive
    given: bool = False


def files_in(
    path: Path, scratch: Scratch, verdicts: list[Verdict], passed_over: Counter[str]
) -> Iterator[File]:
    """In order of name; folders and archives that cannot be read are refused, and what is no mask
    by its name is counted by its kind. Raises AltuiError for a path that is not there.
    """
    if not os.path.lexists(path):
        raise AltuiError(f"{plain(path)} is not there", "give a file or folder with masks")
    whole = path.absolute()
    if not os.path.isdir(path):
        place = PurePath(whole.parent.name, whole.name)
        if fault := _fault(path, scratch):
            verdicts.append(refused(shown(path), fault))
        elif is_archive(path.name):
            yield from _unpacked(path, place, scratch, verdicts, passed_over)
        else:
            yield File(path, place, shown(path), whole, whole.parent, given=True)
        return
    inside = os.path.join(os.path.realpath(path), "")
    for number, file in enumerate(_walk(path, verdicts, passed_over)):
        if number == LIMIT:
            raise AltuiError(f"{plain(path)} holds more than {LIMIT:,} files", "give its parts")
        if os.path.islink(file) and not f"{os.path.realpath(file)}/".startswith(inside):
            out = Refusal("unsafe", "is a link that leads out of the folder; send the file itself")
            verdicts.append(refused(shown(file), out))
            continue
        if os.path.isdir(file):  # a link to a folder that is looked through anyway
            continue
        place = PurePath(whole.name, file.relative_to(path))
        if fault := _fault(file, scratch):
            verdicts.append(refused(shown(file), fault))
        elif is_archive(file.name):
            yield from _unpacked(file, place, scratch, verdicts, passed_over)
        else:
            yield File(file, place, shown(file), file.absolute(), whole)


def _fault(path: Path, scratch: Scratch) -> Refusal | None:
    """A pipe would be waited on for ever, and a device read without end."""
    if not os.path.isfile(path):
        return Refusal("unreadable", "is no file, or a link to a file that is not there")
    if os.path.getsize(path) > scratch.room:
        return Refusal("too-large", "is far larger than masks of these samples can be")
    return None


def _walk(path: Path, verdicts: list[Verdict], passed_over: Counter[str]) -> Iterator[Path]:
    """What may be a mask, or says something of one."""

    def unreadable(error: OSError) -> None:
        refusal = Refusal("unreadable", f"the folder cannot be read: {error.strerror}")
        verdicts.append(refused(shown(Path(error.filename)), refusal))

    for folder, subfolders, names in os.walk(path, onerror=unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (Path(folder) / name for name in subfolders if _is_link(folder, name))
        for name in sorted(names):
            if name.startswith("."):
                continue
            if _matters(name):
                yield Path(folder) / name
            else:
                passed_over[_kind(name)] += 1


def _is_link(folder: str, name: str) -> bool:
    return os.path.islink(os.path.join(folder, name))


def _matters(name: str) -> bool:
    return bool(suffix_of(PurePath(name))) or is_label_map(name)


def _kind(name: str) -> str:
    """Its ending; "other" for a name without one that many a file would share."""
    ending = os.path.splitext(name)[1].lower()
    return ending if re.fullmatch(r"\.[a-z][a-z0-9]{0,7}", ending) else "other"


def _unpacked(
    path: Path,
    place: PurePath,
    scratch: Scratch,
    verdicts: list[Verdict],
    passed_over: Counter[str],
) -> Iterator[File]:
    """The files of an archive, each unpacked under a name of our own."""
    try:
        with refusing(path):
            for entry in entries(path, scratch):
                if not _matters(entry.name.name):
                    if not any(part.startswith(".") for part in entry.name.parts):
                        passed_over[_kind(entry.name.name)] += 1
                    continue
                name = shown(path / entry.name.as_posix().lstrip("/"))
                try:
                    unpacked = entry.unpack()
                except Refusal as refusal:
                    verdicts.append(refused(name, refusal))
                    if refusal.code in ("too-large", "no-room"):
                        return  # and so would be the next ones
                    continue
                yield File(unpacked, place / entry.name, name, path.absolute(), None)
    except Refusal as refusal:
        verdicts.append(refused(shown(path), refusal))
