"""What altui has to say about the files that came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from altui.codes import Level
from altui.labels.checks.remark import Figure, Remark
from altui.slices import SliceId
from altui.text import plain

Outcome = Literal["accepted", "quarantined", "refused", "unchanged"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "quarantined", "refused", "unchanged")
REPEAT = "repeat"  # the code of a repeated slice's mask, which annotators are not told


class Refusal(Exception):
    """Why one file is not taken; the others go on."""

    def __init__(
        self,
        code: str,
        message: str,
        slice_id: SliceId | None = None,
        figures: Mapping[str, Figure] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.slice = slice_id
        self.figures = figures or {}


@dataclass(frozen=True)
class Verdict:
    """`code` names the check that decided, `level` what it leads to (None where nothing spoke
    against the mask), `figures` its numbers; `message` says it in words. `notes`: what else
    was remarked.
    """

    file: str
    outcome: Outcome
    code: str
    message: str
    slice: SliceId | None = None
    level: Level | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    notes: tuple[Remark, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "slice": str(self.slice) if self.slice else None,
            "code": self.code,
            "message": plain(self.message),
            "level": self.level,
            "figures": dict(self.figures),
            "notes": [note.to_json() for note in self.notes],
        }


@dataclass(frozen=True)
class ImportReport:
    """One verdict a mask; `dry_run`: nothing was written; `notes`: what was passed over;
    `passed_over`: files that are no masks, by ending.
    """

    verdicts: tuple[Verdict, ...]
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def of(self, outcome: str) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == outcome)

    @property
    def exit_status(self) -> int:
        """0: all in (or there already); 3: some; 1: none."""
        bad = len(self.of("refused")) + len(self.of("quarantined"))
        if not bad and self.verdicts:
            return 0
        return 3 if len(self.verdicts) > bad else 1

    def to_json(self) -> dict[str, Any]:
        """The contract's `altui import-labels --json`."""
        lists: dict[str, Any] = {
            outcome: [verdict.to_json() for verdict in self.of(outcome)] for outcome in OUTCOMES
        }
        notes = [plain(note) for note in self.notes]
        return {**lists, "notes": notes, "passed_over": dict(self.passed_over)}


def shown(path: Path) -> str:
    """A path as text that any database, JSON document and terminal takes.

    Bytes that are not UTF-8 become escapes; everything else stays, so that it can be used.
    """
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def refused(file: str, refusal: Refusal, slice_id: SliceId | None = None) -> Verdict:
    return Verdict(
        file,
        "refused",
        refusal.code,
        refusal.message,
        refusal.slice or slice_id,
        "refuse",
        refusal.figures,
    )
