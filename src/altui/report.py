"""What the commands print for people: plain text, aligned, no colour needed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from altui.text import count, duration, listing, plain

if TYPE_CHECKING:
    from altui.jobs.state import JobView
    from altui.labels.imports import ImportReport
    from altui.rounds.propose import Proposals
    from altui.rounds.status import RoundResult, Status
    from altui.slices import SliceId


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
    """Columns padded to their widest cell; `right` holds an `r` for right-aligned ones."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if right[place : place + 1] == "r" else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def status_text(status: "Status") -> str:
    """The project at a glance."""
    total = status.labelled + status.pool
    share = f", {100 * status.labelled / total:.1f} %" if total else ""
    lines = [
        plain(status.project),
        f"round {status.round}, {status.state}: {status.todo}",
        f"{status.labelled} of {count(total, 'training slice')} labelled{share}",
    ]
    if status.strays:
        lines.append(stray_text(status.strays))
    if status.rounds:
        lines += ["", rounds_text(status.rounds, total)]
    measured = [one for one in status.rounds if one.finished_at]
    if measured:
        lines += ["", f"IoU by class, {status.watched}, round {measured[-1].round}:"]
        width = max(map(len, measured[-1].class_iou))
        lines += [
            f"  {plain(name):{width}}  {figure(value)}"
            for name, value in measured[-1].class_iou.items()
        ]
    lines += ["", f"stopping: {status.stopping.verdict}"]
    lines += [f"  · {reason}" for reason in status.stopping.reasons]
    if status.jobs:
        lines += ["", jobs_text(status.jobs[-5:])]
    return "\n".join(lines)


def stray_text(strays: Sequence["SliceId"]) -> str:
    """Said wherever labels are left out, so that none is lost in silence."""
    return (
        f"{listing(strays)}: altui.toml has no such training slice any more; labels of it are "
        "kept, but left out of training"
    )


def rounds_text(rounds: Sequence["RoundResult"], total: int) -> str:
    rows = [
        (
            str(one.round),
            one.strategy,
            str(one.labelled),
            f"{100 * one.labelled / total:.1f} %" if total else "",
            figure(one.miou.get("validation")),
            figure(one.miou.get("test")),
            gain_text(one),
            duration(one.seconds),
        )
        for one in rounds
    ]
    header = ("round", "strategy", "labelled", "", "validation", "test", "gain", "time")
    return table(header, rows, "r rrrr r")


def figure(value: float | None) -> str:
    """An mIoU or IoU with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def gain_text(one: "RoundResult") -> str:
    if one.gain is None:
        return "–"
    if one.gain_interval is None:
        return f"{one.gain:+.3f}"
    return f"{one.gain:+.3f} [{one.gain_interval[0]:+.3f}, {one.gain_interval[1]:+.3f}]"


def proposals_text(proposals: "Proposals") -> str:
    rows = [
        (
            str(decision.rank),
            plain(decision.slice),
            decision.state,
            figure(decision.score),
            "; ".join(decision.reasons),
        )
        for decision in proposals.slate.decisions
    ]
    title = f"round {proposals.slate.round}, {proposals.strategy}"
    return title + "\n" + table(("rank", "slice", "state", "score", "why"), rows, "r  r")


def import_text(report: "ImportReport") -> str:
    """One file a line, and a summary."""
    rows = [
        (v.outcome, v.code, str(v.slice or "–"), plain(v.file), plain(v.message))
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
    if not rows:
        return summary
    return table(("verdict", "code", "slice", "file", "message"), rows) + "\n" + summary


def jobs_text(jobs: Sequence["JobView"]) -> str:
    if not jobs:
        return "no jobs yet"
    rows = [
        (
            job.id,
            f"round {job.round}" if job.round else "–",
            job.state,
            job.stage or "–",
            f"{100 * job.progress:.0f} %",
            duration(job.seconds_left) + " left" if job.seconds_left is not None else "",
            job.who,
            plain(job.message),
        )
        for job in jobs
    ]
    return table(("job", "", "state", "stage", "done", "", "by", ""), rows, "    r")


def job_text(job: "JobView", log: Sequence[str]) -> str:
    lines = [
        f"{job.id}: {f'round {job.round}, ' if job.round else ''}{job.state}, "
        f"started {job.created_at} by {plain(job.who)}"
    ]
    if job.stage:
        loss = f", loss {job.loss:.4f}" if job.loss is not None else ""
        lines.append(f"{job.stage}, step {job.step} of {job.steps}{loss}")
    if job.message:
        lines.append(plain(job.message))
    if job.hint:
        lines.append(f"  → {plain(job.hint)}")
    return "\n".join([*lines, "", "log:", *(f"  {line}" for line in log)])
