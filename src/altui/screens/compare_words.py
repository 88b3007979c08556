"""What the Compare screen says of two rounds."""

from altui.report.tables import figure, table
from altui.rounds.results import RoundResult
from altui.rounds.versus import Versus
from altui.screens import words
from altui.text import listing, plain
from altui.widgets.grid import shortened

MANY = 40  # slices told of one kind
SPLITS = {"validation": "valid."}


def title(one: RoundResult, two: RoundResult, split: str, gain: str = "…") -> str:
    """Which rounds, and what came of it in one figure, once that is known."""
    return (
        f"Round {one.round} ({plain(one.strategy)}, {one.labelled} labelled) and round "
        f"{two.round} ({plain(two.strategy)}, {two.labelled} labelled): {split} mIoU "
        f"{figure(one.miou.get(split))} and {figure(two.miou.get(split))}, {gain}"
    )


def gain(found: Versus) -> str:
    return words.gain(found.miou.gain, found.miou.interval)


def by_class(found: Versus) -> str:
    one, two = found.first, found.second
    rows = [
        (
            plain(name),
            figure(one.class_iou.get(name)),
            figure(two.class_iou.get(name)),
            words.gain(change.gain, change.interval),
        )
        for name, change in found.classes
    ]
    header = ("class", f"r{one.round}", f"r{two.round}", "gain [95 %]")
    return table(header, rows, " rr") if rows else "the two rounds cannot be compared by class"


def by_sample(found: Versus) -> str:
    rows = [
        (
            shortened(plain(each.sample), 16),
            SPLITS.get(each.split, each.split),
            figure(each.first),
            figure(each.second),
            words.gain(each.gain, None),
        )
        for each in found.samples
    ]
    header = ("sample", "split", f"r{found.first.round}", f"r{found.second.round}", "gain")
    return table(header, rows, "  rr")


def slices(found: Versus) -> str:
    """What the second network learnt from and the first did not, and the other way round."""
    kinds = (
        ("added", found.added),
        ("no longer there", found.dropped),
        ("with another mask", found.changed),
    )
    told = [f"{len(own)} {what}: {listing(own, shown=MANY)}" for what, own in kinds if own]
    return "\n".join(told) or "both rounds were trained on the same masks"
