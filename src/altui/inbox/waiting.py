"""What lies in `waiting/`, until a person has decided on all of its masks."""

import os
from collections.abc import Iterator
from pathlib import Path

from altui.inbox.arrivals import WAITING, is_passed_over
from altui.labels.verdict import Verdict, shown
from altui.rounds.quarantine import decision_on, quarantine_state
from altui.store.history import History, Quarantined
from altui.text import plain


def decided(history: History, inbox: Path) -> Iterator[tuple[Path, list[Verdict]]]:
    """Those that wait no longer, each with what became of its masks."""
    for path in _lying(inbox / WAITING):
        rows = [row for row in history.quarantine if is_of(row.source, inbox / path.name)]
        if rows and all(quarantine_state(history, row) != "waiting" for row in rows):
            newest = {row.source: row for row in rows}  # a mask may have been sent again
            yield path, [_verdict(history, row) for row in newest.values()]


def is_of(file: str, path: Path) -> bool:
    """Whether a verdict's file is a file, a mask within it, or a file in a folder or archive."""
    name = shown(path)
    return file == name or file.startswith((f"{name}#", f"{name}/"))


def _lying(folder: Path) -> list[Path]:
    """Without the texts beside them."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    names = {name for name in os.listdir(folder) if not is_passed_over(name)}
    texts = {f"{name}.txt" for name in names}
    return [folder / name for name in sorted(names - texts)]


def _verdict(history: History, row: Quarantined) -> Verdict:
    decision = decision_on(history, row)
    if decision is None:
        message = "a later mask of the slice took its place"
        return Verdict(row.source, "unchanged", "superseded", message, row.slice)
    who = plain(history.event_of(decision).who)
    if decision.state == "accepted":
        return Verdict(row.source, "accepted", "decided", f"{who} accepted it", row.slice)
    why = f": {plain(decision.reason)}" if decision.reason else ""
    return Verdict(row.source, "refused", "decided", f"{who} refused it{why}", row.slice)
