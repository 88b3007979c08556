"""Every file that rows speak of: whether it is there and whole, and what lies beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from altui.labels.kept import LABELS, ORIGINALS, digest_of
from altui.store.history import History, Label, Quarantined, Reading
from altui.text import plain

Progress = Callable[[int, int], None]  # files looked at, of how many

Mask = Label | Reading | Quarantined
KINDS = {Label: "revision", Reading: "repeat reading", Quarantined: "quarantined mask"}


@dataclass(frozen=True)
class Stored:
    """A kept file and the masks that stand on it: revisions, quarantined masks and readings of
    repeats. `path` is relative to the project; `number`: the newest one's, as people count.
    """

    path: str
    sha256: str
    labels: tuple[Mask, ...]
    number: int
    original: bool = False

    @property
    def said(self) -> str:
        """Whose it is, in words: its newest revision."""
        newest = self.labels[-1]
        text = f"{newest.slice} {KINDS[type(newest)]} {self.number}"
        return f"{text} as it came ({plain(newest.source)})" if self.original else text


def stored_files(history: History) -> tuple[Stored, ...]:
    """Each file once, however many masks it belongs to: theirs as stored, then originals."""
    found: dict[tuple[bool, str, str], list[Mask]] = {}
    masks: tuple[Mask, ...] = (*history.readings, *history.quarantine, *history.labels)
    for label in masks:
        found.setdefault((False, label.path, label.sha256), []).append(label)
        if label.original:
            found.setdefault((True, label.original, label.source_sha256), []).append(label)
    return tuple(
        Stored(path, sha256, tuple(labels), _number(history, labels[-1]), original)
        for (original, path, sha256), labels in sorted(found.items(), key=lambda item: item[0])
    )


def _number(history: History, mask: Mask) -> int:
    return history.numbers[mask.id] if isinstance(mask, Label) else mask.id


def damaged(
    root: Path, stored: tuple[Stored, ...], progress: Progress = lambda done, total: None
) -> Iterator[tuple[Stored, str]]:
    """Those whose content is not what was accepted, and how that is, in words."""
    for number, one in enumerate(stored):
        digest = digest_of(root / one.path)
        if digest != one.sha256:
            gone = not (root / one.path).exists()
            yield one, "damaged" if digest else "gone" if gone else "unreadable"
        progress(number + 1, len(stored))


def orphans(state: Path, stored: tuple[Stored, ...]) -> tuple[Path, ...]:
    """Files without a row: of an import that was killed, or is going on right now."""
    known = {one.path for one in stored}
    files = (path for kind in (LABELS, ORIGINALS) for path in (state / kind).rglob("*"))
    return tuple(
        path for path in files if path.is_file() and _name(path, state.parent) not in known
    )


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
