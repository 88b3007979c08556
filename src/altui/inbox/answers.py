"""What becomes of a file is written beside it, where whoever sent it looks."""

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from altui.errors import AltuiError
from altui.files import write_bytes
from altui.inbox.arrivals import IMPORTED, REFUSED, WAITING
from altui.labels.formats import suffix_of
from altui.labels.verdict import REPEAT, Verdict, shown
from altui.text import count, plain

SAID = {
    IMPORTED: "taken in; nothing is left to do",
    REFUSED: "not all of it could be taken in; mend what is refused below and put it into the "
    "folder again, under the same name",
    WAITING: "received; someone has to look at it in altui before it counts",
}
SUPERSEDED = "no longer needed; nothing is left to do"


def box_of(verdicts: Iterable[Verdict]) -> str:
    """The folder that it goes to: one file that is refused sends all of it back."""
    outcomes = {verdict.outcome for verdict in verdicts}
    return REFUSED if "refused" in outcomes else WAITING if "quarantined" in outcomes else IMPORTED


def answer(inbox: Path, path: Path, verdicts: Sequence[Verdict], signature: str) -> Path:
    """Move what arrived in `inbox` beside a text that says what became of it; returns where to.

    The text comes first, so that nothing lies there without one. Raises AltuiError, with
    nothing moved.
    """
    name = box_of(verdicts)
    folder = _folder(inbox, name)
    target = _free(folder / path.name, path)
    gone = bool(verdicts) and all(verdict.code == "superseded" for verdict in verdicts)
    text = told(inbox, path.name, verdicts, f"{SUPERSEDED if gone else SAID[name]}.", signature)
    beside = target.with_name(f"{target.name}.txt")
    try:
        write_bytes(beside, text.encode("utf-8", "backslashreplace"))
        os.chmod(beside, 0o666 & folder.stat().st_mode | 0o600)
        _move(path, target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise AltuiError(
            f"{plain(path.name)} cannot be moved to {name}: {error.strerror}",
            "its verdict stands; mend the rights of the folder, or take the file away",
        ) from None
    return target


def told(inbox: Path, name: str, verdicts: Sequence[Verdict], what: str, signature: str) -> str:
    """The text, in which every name from outside is on one line and printable."""
    lines = [f"{plain(name)}: {what}", ""]
    for verdict in verdicts:
        of = f" ({verdict.slice})" if verdict.slice else ""
        lines.append(
            f"{verdict.outcome}: {plain(verdict.file.removeprefix(f'{shown(inbox)}/'))}{of}"
        )
        # Annotators read this, and are not to learn which slices they had before.
        blind = verdict.code == REPEAT
        lines.append("    new [ok]" if blind else f"    {plain(verdict.message)} [{verdict.code}]")
    if len(verdicts) > 1:
        lines += ["", count(len(verdicts), "mask")]
    return "\n".join([*lines, "", plain(signature), ""])


def _folder(inbox: Path, name: str) -> Path:
    """Made with the inbox's own rights, so that who may write there may write here."""
    folder = inbox / name
    try:
        if not os.path.lexists(folder):
            folder.mkdir(exist_ok=True)
            with suppress(OSError):
                folder.chmod(stat.S_IMODE(inbox.stat().st_mode))
        if folder.is_symlink() or not folder.is_dir():
            raise AltuiError(f"{plain(folder)} is no folder", "move it aside")
    except OSError as error:
        raise AltuiError(
            f"{plain(folder)} cannot be made: {error.strerror}", "mend the rights of the inbox"
        ) from None
    return folder


def _free(target: Path, path: Path) -> Path:
    """`target`, or "NAME-2.tif", …: what is not there yet. A text alone, or a second name of the
    file at `path`, is what a killed watcher left.
    """
    stem = target.name[: len(target.name) - len(suffix_of(target))]
    ending = target.name[len(stem) :]
    number, free = 1, target
    while _is_taken(free, path) or os.path.isdir(f"{free}.txt"):
        number += 1
        free = target.with_name(f"{stem}-{number}{ending}")
    return free


def _is_taken(target: Path, path: Path) -> bool:
    return os.path.lexists(target) and not (path.is_file() and _is_second_name(target, path))


def _is_second_name(target: Path, path: Path) -> bool:
    return not target.is_symlink() and os.path.samefile(target, path)


def _move(path: Path, target: Path) -> None:
    """Never onto another file: a link fails where there is one. Raises OSError."""
    if path.is_dir():
        os.rename(path, target)  # onto a folder with something in it, it fails
        return
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        if not _is_second_name(target, path):
            raise
    except OSError:  # a file system without hard links, or someone else's file
        if os.path.lexists(target):
            raise
        os.rename(path, target)
        return
    try:
        path.unlink()
    except OSError:
        target.unlink()
        raise
