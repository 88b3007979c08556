"""The project at a glance, and its parts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from altui.report.jobs import jobs_text
from altui.report.tables import figure, gain_text, moment, printed
from altui.text import count, duration, listing, plain

if TYPE_CHECKING:
    from altui.rounds.claims import Claim
    from altui.rounds.repeats import Agreements
    from altui.rounds.results import RoundResult
    from altui.rounds.status import Status
    from altui.slices import SliceId


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
        lines += ["", rounds_text(status.rounds, total, status.watched)]
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
    told = ["so far do annotators agree: a network's gain beyond it would not be seen"]
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


def rounds_text(rounds: Sequence["RoundResult"], total: int, watched: str) -> str:
    """A round a line; `watched`: the split whose mIoU the gains are of."""
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
    caption = f"mIoU by round; gain: in {watched} mIoU, with its 95 % interval"
    if any(one.stability for one in rounds):
        caption += "; stable: kappa of predictions with those of the round before"
    return caption + "\n" + printed(header, rows, "r rrrr rr")


def classes_text(one: "RoundResult") -> str:
    """IoU and gain of each class."""
    changes = {name: one.class_gain[name] for name in one.class_iou}
    rows = [
        (plain(name), figure(iou), gain_text(changes[name].gain, changes[name].interval))
        for name, iou in one.class_iou.items()
    ]
    return printed(("class", "IoU", "gain"), rows, " r")
