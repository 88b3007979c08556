"""What a mask holds at all, beside what its surroundings hold."""

from collections.abc import Mapping, Sequence

from altui.config import Classes
from altui.labels.checks.remark import Remark
from altui.slices import SliceId
from altui.text import listing

Counts = Mapping[int, int]  # class id or ignored value to pixels
LEAST_SHARE = 0.001  # of the slice: less of a class may well be missing
LEAST_PIXELS = 20


def check_content(counts: Counts, classes: Classes) -> Remark | None:
    """A mask in which nothing, or only one thing, is marked."""
    present = {value for value, pixels in counts.items() if pixels}
    if classes.ignore in present and present <= {0, classes.ignore}:
        return Remark(
            "binary",
            f"holds nothing but 0 and {classes.ignore}, which is ignored in training: most likely "
            "a binary mask; save class ids instead",
        )
    if present == {0}:
        return Remark("empty", f"holds nothing but {classes.names[0]}")
    if len(present - {classes.ignore}) == 1:
        [only] = present - {classes.ignore}
        name = classes.names[only]
        return Remark("one-class", f"is {name} all over", {"class": name})
    return None


def check_missing(
    counts: Counts, predicted: Counts, nearest: Sequence[tuple[SliceId, Counts]], classes: Classes
) -> Remark | None:
    """Classes that `predicted` and every one of `nearest`, the labelled slices next to it along
    z, hold in earnest, and that the mask does not hold at all.
    """
    if not nearest:
        return None
    least = max(LEAST_PIXELS, LEAST_SHARE * sum(predicted.values()))
    around = [predicted, *(own for _, own in nearest)]
    missing = [
        value
        for value in range(1, len(classes.names))
        if not counts.get(value) and all(own.get(value, 0) >= least for own in around)
    ]
    if not missing:
        return None
    where = " and ".join(str(slice_id) for slice_id, _ in nearest)
    first = missing[0]
    return Remark(
        "missing-class",
        f"holds no {listing(classes.names[value] for value in missing)}, which the prediction and "
        f"the label of {where} hold",
        {
            "class": classes.names[first],
            "predicted": predicted[first],
            "nearest": min(own[first] for _, own in nearest),
        },
    )
