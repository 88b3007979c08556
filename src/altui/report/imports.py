"""What became of each mask that came back."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from altui.report.tables import LEAST, printed, table
from altui.text import plain

if TYPE_CHECKING:
    from altui.labels.imports import ImportReport
    from altui.labels.verdict import Verdict


def import_text(report: "ImportReport", width: int | None = None) -> str:
    """One file a line, and a summary. `width`: of the terminal, if it goes to one: what does
    not fit then stands below the table.
    """
    rows = [
        (v.outcome, v.code, str(v.slice or "–"), plain(v.file), plain(v.message) + notes_text(v))
        for v in report.verdicts
    ]
    parts = [
        f"{len(report.of(outcome))} {outcome}"
        for outcome in ("accepted", "unchanged", "quarantined", "refused")
        if report.of(outcome)
    ]
    summary = ", ".join(parts) or "nothing to take in"
    if report.dry_run:
        summary += " (dry run: nothing was written)"
    summary = "\n".join([*(f"note: {plain(note)}" for note in report.notes), summary])
    if not rows:
        return summary
    lines = table(("verdict", "code", "slice", "file", "message"), rows)
    if width and max(map(len, lines.splitlines())) > width:
        lines = narrow_table(rows, width)
    return lines + "\n" + summary


def narrow_table(rows: Sequence[tuple[str, str, str, str, str]], width: int) -> str:
    """The table of verdicts in `width` columns, and below it what there is to say of each."""
    header = ("verdict", "code", "slice", "file")
    taken = sum(max(len(row[i]) for row in (header, *rows)) + 2 for i in range(3))
    room = max(LEAST, width - taken)
    short = [
        (*row[:3], name if len(name) <= room else "…" + name[1 - room :])
        for row in rows
        for name in [row[3].rsplit("/", 1)[-1]]
    ]
    said = [
        textwrap.fill(
            f"{row[3]}: {row[4]}", width, subsequent_indent="    ", break_on_hyphens=False
        )
        for row in rows
        if row[4] != "new"
    ]
    return "\n".join([printed(header, short), *said])


def notes_text(verdict: "Verdict") -> str:
    """What else was remarked, behind the message."""
    return "".join(f"; {note.code}: {plain(note.message)}" for note in verdict.notes)
