"""Which files under the given paths are masks that came back."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from altui.errors import AltuiError
from altui.labels.manifest import Role, find_manifest
from altui.labels.read import ELSEWHERE, READABLE, check_format
from altui.labels.verdict import Refusal, Verdict, refused, shown
from altui.text import plain

OWN: tuple[Role | None, ...] = ("image", "view")  # of a bundle; nobody means them as masks


@dataclass(frozen=True)
class Returned:
    """A file to be looked at; `sha256` is of the file as it came."""

    path: Path
    sha256: str
    role: Role | None  # in the bundle that it lies in, if it is still as that brought it

    @property
    def name(self) -> str:
        return shown(self.path)


def returned_files(paths: Iterable[Path]) -> tuple[list[Returned], list[Verdict]]:
    """The masks among `paths` and in the folders among them, and what is refused at sight.

    In folders, hidden files, files that no one would take for a mask and the pictures that
    a bundle brought are passed over. Raises AltuiError where nothing is left.
    """
    given = list(paths)
    masks: list[Returned] = []
    verdicts: list[Verdict] = []
    seen: set[str] = set()
    for path in given:
        for file in _walk(path, verdicts):
            real = os.path.realpath(file)
            if real in seen:
                continue  # given twice, or linked to
            seen.add(real)
            try:
                mask = _look(file, path)
            except Refusal as refusal:
                verdicts.append(refused(shown(file), refusal))
                continue
            if mask.role not in OWN:
                masks.append(mask)
            elif file == path:
                own = Refusal("not-a-mask", "is the bundle's own picture of the slice")
                verdicts.append(refused(mask.name, own))
    if not masks and not verdicts:
        where = ", ".join(plain(path) for path in given)
        raise AltuiError(
            f"no masks in {where}",
            "give the folder with the masks: TIFF or PNG, named SAMPLE_zINDEX",
        )
    return masks, verdicts


def _walk(path: Path, verdicts: list[Verdict]) -> Iterator[Path]:
    """`path` itself, or the files in it, in order of name; folders that cannot be read are
    refused. Raises AltuiError.
    """

    def unreadable(error: OSError) -> None:
        refusal = Refusal("unreadable", f"the folder cannot be read: {error.strerror}")
        verdicts.append(refused(shown(Path(error.filename)), refusal))

    if not os.path.lexists(path):
        raise AltuiError(f"{plain(path)} is not there", "give a file or folder with masks")
    if not os.path.isdir(path):
        yield path
        return
    for folder, subfolders, names in os.walk(path, onerror=unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            suffix = os.path.splitext(name)[1].lower()
            if not name.startswith(".") and (suffix in READABLE or suffix in ELSEWHERE):
                yield Path(folder) / name


def _look(file: Path, top: Path) -> Returned:
    """Hash a file and find out what it was in its bundle. Raises Refusal."""
    check_format(file)
    try:
        if not file.is_file():  # a pipe would be waited on for ever
            raise Refusal("unreadable", "is no file, or a link to a file that is not there")
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise Refusal("unreadable", f"cannot be read: {error.strerror}") from None
    place = file.absolute().parent
    manifest = find_manifest(place, place if file == top else top.absolute())
    return Returned(file, digest, manifest.role_of(digest) if manifest else None)
