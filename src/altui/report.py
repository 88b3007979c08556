"""What the commands print for people: plain text, aligned, no colour needed."""

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from altui.text import count, duration, folded, listing, plain, size, spans

if TYPE_CHECKING:
    from altui.jobs.state import JobView
    from altui.labels.history import Revision
    from altui.labels.imports import ImportReport
    from altui.labels.quarantine import QuarantinedMask
    from altui.labels.verdict import Verdict
    from altui.query.pool import Strategy
    from altui.rounds.claims import Claim
    from altui.rounds.past import Shown
    from altui.rounds.propose import Proposals
    from altui.rounds.repeats import Agreements
    from altui.rounds.results import RoundResult
    from altui.rounds.status import Status
    from altui.slices import SliceId

LEAST = 12  # letters: a narrower column is not folded further


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "", fold: bool = False
) -> str:
    """Columns padded to their widest cell; `right` holds an `r` for right-aligned ones.

    On a terminal the widest of the others are folded until the table fits, if `fold`.
    """
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    ragged = [place for place in range(len(widths)) if right[place : place + 1] != "r"]
    if fold:
        fit(widths, ragged, columns())
    lines = []
    for row in cells:
        parts = [folded(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            padded = [
                cell.ljust(width) if place in ragged else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def fit(widths: list[int], ragged: Sequence[int], room: int | None) -> None:
    """Take from the widest of the `ragged` columns until all of them fit into `room`."""
    while room is not None and ragged and sum(widths) + 2 * (len(widths) - 1) > room:
        widest = max(ragged, key=lambda place: widths[place])
        if widths[widest] <= LEAST:
            return
        widths[widest] -= 1


def columns() -> int | None:
    """Those of the terminal written to; None for files and pipes, whose lines stay whole."""
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if on_terminal else None


def printed(header: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
    """A table of a command's; the app's have their own room."""
    return table(header, rows, right, fold=True)


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
    if status.claims:
        lines += ["", claims_text(status.claims)]
    if status.agreement.within or status.agreement.between or status.agreement.out:
        lines += ["", agreement_text(status.agreement)]
    if status.rounds:
        lines += ["", rounds_text(status.rounds, total)]
    if status.references.full is not None:
        full = f"{status.watched} mIoU {figure(status.references.full)}"
        lines.append(f"with every slice labelled, simulated: {full}")
    measured = [one for one in status.rounds if one.finished_at]
    if measured:
        lines += ["", f"IoU by class, {status.watched}, round {measured[-1].round}:"]
        lines += [f"  {line}" for line in classes_text(measured[-1]).split("\n")]
    lines += ["", f"stopping: {status.stopping.verdict}"]
    lines += [f"  · {reason}" for reason in status.stopping.reasons]
    if status.jobs:
        lines += ["", jobs_text(status.jobs[-5:])]
    return "\n".join(lines)


def claims_text(claims: Sequence["Claim"]) -> str:
    """Who is labelling what."""
    rows = [(plain(one.annotator), str(one.slice), moment(one.at)) for one in claims]
    return printed(("annotator", "slice", "since (UTC)"), rows)


def agreement_text(found: "Agreements") -> str:
    """IoU by class of repeated slices, one annotator's own and two annotators'."""
    from altui.rounds.repeats import FEWEST

    kinds = [
        (what, one)
        for what, one in (("one annotator", found.within), ("two annotators", found.between))
        if one is not None
    ]
    waiting = f"{count(found.out, 'repeat')} out" if found.out else "no slice is repeated"
    if not kinds:
        return f"agreement of annotators: not known yet ({waiting})"
    rows = [
        (
            what,
            str(one.readings),
            str(one.slices),
            figure(one.miou),
            f"{one.interval[0]:.3f} to {one.interval[1]:.3f}" if one.interval else "",
            *map(figure, one.class_iou.values()),
        )
        for what, one in kinds
    ]
    names = map(plain, kinds[0][1].class_iou)
    header = ("IoU of repeated slices", "repeats", "slices", "mean", "95 %", *names)
    told = ["no round can be seen to get beyond what annotators agree on"]
    if not all(one.interval for _, one in kinds):
        told.append(f"an interval takes {FEWEST} slices")
    if found.out:
        told.append(waiting)
    return printed(header, rows, " " + "r" * len(header)) + "\n" + "; ".join(told)


def stray_text(strays: Sequence["SliceId"]) -> str:
    """Said wherever labels are left out, so that none is lost in silence."""
    return (
        f"{listing(strays)}: altui.toml has no such training slice any more; labels of it are "
        "kept, but left out of training"
    )


def class_lines(pixels: Mapping[str, int]) -> list[str]:
    """Labelled pixels by class, and those of which none is labelled yet."""
    total = sum(pixels.values())
    told = [f"{name} {n:,} ({100 * n / total:.2f} %)" for name, n in pixels.items() if n]
    lines = [f"labelled pixels: {listing(told, shown=20)}"] if told else []
    missing = [name for name, n in pixels.items() if not n]
    if missing:
        lines.append(f"no labelled pixel yet, so not learnt: {listing(missing, shown=20)}")
    return lines


def rounds_text(rounds: Sequence["RoundResult"], total: int) -> str:
    rows = [
        (
            str(one.round),
            one.strategy,
            str(one.labelled),
            f"{100 * one.labelled / total:.1f} %" if total else "",
            figure(one.miou.get("validation")),
            figure(one.miou.get("test")),
            gain_text(one.gain, one.gain_interval) + " (changed)" * bool(one.changed),
            figure(one.stability.kappa if one.stability else None),
            duration(one.seconds),
        )
        for one in rounds
    ]
    header = ("round", "strategy", "labelled", "", "validation", "test", "gain", "stable", "time")
    return printed(header, rows, "r rrrr rr")


def classes_text(one: "RoundResult") -> str:
    """IoU and gain of each class."""
    changes = {name: one.class_gain[name] for name in one.class_iou}
    rows = [
        (plain(name), figure(iou), gain_text(changes[name].gain, changes[name].interval))
        for name, iou in one.class_iou.items()
    ]
    return printed(("class", "IoU", "gain"), rows, " r")


def figure(value: float | None) -> str:
    """An mIoU or IoU with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def gain_text(gain: float | None, interval: tuple[float, float] | None) -> str:
    """A gain and its 95 % interval."""
    if gain is None:
        return "–"
    if interval is None:
        return f"{gain:+.3f}"
    return f"{gain:+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"


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
    return title + "\n" + printed(("rank", "slice", "state", "score", "why"), rows, "r  r")


def shown_text(shown: "Shown") -> str:
    """As `proposals_text`; the state is what was decided in the round itself."""
    rows = [
        (
            str(rank),
            plain(pick.slice),
            shown.state(pick.slice) or "–",
            figure(pick.score),
            "; ".join(pick.reasons),
        )
        for rank, pick in enumerate(shown.batch.picks, start=1)
    ]
    title = f"round {shown.slate.round}, {shown.strategy}, only shown"
    return title + "\n" + printed(("rank", "slice", "then", "score", "why"), rows, "r  r")


def strategies_text(strategies: Sequence["Strategy"]) -> str:
    """One a line: its name, what it does, what it needs, and the package that brought it."""
    width = max(len(one.name) for one in strategies)
    return "\n".join(
        f"{one.name:{width}}  {one.summary}"
        + f"; needs {listing(one.needs)}" * bool(one.needs)
        + f"; of {plain(one.package)}" * bool(one.package)
        for one in strategies
    )


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


def quarantine_text(masks: Sequence["QuarantinedMask"]) -> str:
    """A mask in doubt a line."""
    if not masks:
        return "no mask is in quarantine"
    rows = [
        (
            plain(one.slice),
            one.state,
            ", ".join(one.codes),
            plain(one.annotator),
            moment(one.event.at),
            plain(one.row.source),
            plain(one.message) + decided_text(one),
        )
        for one in masks
    ]
    header = ("slice", "state", "code", "annotator", "when (UTC)", "file", "why")
    return printed(header, rows)


def decided_text(mask: "QuarantinedMask") -> str:
    if mask.decided is None or mask.decision is None:
        return ""
    reason = f": {plain(mask.decision.reason)}" if mask.decision.reason else ""
    return f" ({mask.state} by {plain(mask.decided.who)}{reason})"


def labels_text(slices: Mapping["SliceId", Sequence["Revision"]]) -> str:
    """A labelled slice a line."""
    if not slices:
        return "no slice is labelled yet"
    rows = [
        (
            str(slice_id),
            str(own[-1].label.id),
            str(len(own)),
            plain(own[-1].annotator),
            moment(own[-1].event.at),
            rounds_seen(own[-1]),
        )
        for slice_id, own in slices.items()
    ]
    header = ("slice", "revision", "revisions", "annotator", "when (UTC)", "rounds")
    return printed(header, rows, " rr")


def revisions_text(own: Sequence["Revision"]) -> str:
    """A revision a line, and where the mask and the file as it came lie."""
    rows = [
        (
            str(one.label.id),
            plain(one.annotator),
            plain(one.event.who),
            moment(one.event.at),
            work_text(one),
            rounds_seen(one),
            one.label.sha256[:12],
            f"restores {one.label.restores}; " * bool(one.label.restores) + source_text(one),
        )
        for one in own
    ]
    header = ("revision", "annotator", "by", "when (UTC)", "work", "rounds", "SHA-256", "from")
    newest = own[-1].label
    lines = [printed(header, rows, "r   r"), f"current: revision {newest.id}, {newest.path}"]
    if newest.original:
        lines.append(f"as it came: {newest.original}")
    return "\n".join(lines)


def work_text(one: "Revision") -> str:
    """By the tool's own clock; "≤" where it is the time from claim to return."""
    if one.label.minutes is None:
        return "–"
    return "≤ " * (one.label.minutes_by == "claim") + duration(60 * one.label.minutes)


def source_text(one: "Revision") -> str:
    tool = f" ({plain(one.label.tool)})" if one.label.tool else ""
    return plain(one.label.source) + tool


def rounds_seen(one: "Revision") -> str:
    """Whose networks were trained with it: '3, 5–50'."""
    return spans(one.rounds) or "–"


def moment(at: str) -> str:
    """'2026-05-03 14:07', of an ISO 8601 time."""
    return at[:16].replace("T", " ")


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
    return printed(("job", "", "state", "stage", "done", "", "by", ""), rows, "    r")


def memory_text(job: "JobView") -> str:
    """'memory 2.3 GB, GPU 12.3 GB of 80.0 GB'; empty where nothing is known."""
    told = [f"memory {size(job.memory)}"] if job.memory else []
    if job.gpu_memory and job.gpu_total:
        told.append(f"GPU {size(job.gpu_memory)} of {size(job.gpu_total)}")
    return ", ".join(told)


def job_text(job: "JobView", log: Sequence[str]) -> str:
    lines = [
        f"{job.id}: {f'round {job.round}, ' if job.round else ''}{job.state}, "
        f"started {moment(job.created_at)} (UTC) by {plain(job.who)}"
    ]
    if job.stage:
        loss = f", loss {job.loss:.4f}" if job.loss is not None else ""
        memory = f", {memory_text(job)}" if memory_text(job) else ""
        lines.append(f"{job.stage}, step {job.step} of {job.steps}{loss}{memory}")
    if job.message:
        lines.append(plain(job.message))
    if job.hint:
        lines.append(f"  → {plain(job.hint)}")
    told = ["log:", *(f"  {line}" for line in log)] if log else ["nothing in the log yet"]
    return "\n".join([*lines, "", *told])
