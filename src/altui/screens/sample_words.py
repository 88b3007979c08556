"""What the Samples screen says of a sample."""

from textual.content import Content

from altui.report.tables import table
from altui.rounds.samples import SampleFigures
from altui.screens import words
from altui.screens.table import Row, cell
from altui.text import count, plain
from altui.widgets.grid import shortened

# A space before each, since the list has no room for padding on both sides.
COLUMNS = (
    cell("sample"),
    cell(" split"),
    cell(" slices", right=True),
    cell(" labelled", right=True),
    cell(" mIoU", right=True),
)
SPLITS = {"train": "train", "validation": "valid.", "test": "test"}
NAME = 14  # cells of a sample's name, or a class's


def row(one: SampleFigures) -> Row:
    labelled = f"{one.labelled} {words.share(one.labelled, one.slices)}"
    return one.name, (
        cell(shortened(plain(one.name), NAME)),
        cell(f" {SPLITS[one.split]}"),
        cell(f" {one.slices}", right=True),
        cell(f" {labelled if one.split == 'train' else words.NONE}", right=True),
        cell(f" {words.ratio(one.newest.miou if one.newest else None)}", right=True),
    )


def about(one: SampleFigures, names: tuple[str, ...], pixels: tuple[int, ...] | None) -> Content:
    """Size, how often each class occurs, and IoU by round."""
    lines = [f"{one.split}, {count(one.slices, 'slice')} of {one.width} × {one.height}"]
    if one.split == "train":
        labelled = f"{count(one.labelled, 'slice')} labelled"
        lines.append(f"{one.dtype}; {labelled}, {words.share(one.labelled, one.slices)}")
    else:
        lines.append(one.dtype)
    lines += ["", *fractions(one, names, pixels), "", *by_round(one, names)]
    return Content("\n".join(lines).rstrip())


def fractions(
    one: SampleFigures, names: tuple[str, ...], pixels: tuple[int, ...] | None
) -> list[str]:
    """A class a line, with its share of the masks' pixels."""
    if one.split == "train" and not one.labelled:
        return ["classes: once a slice is labelled"]
    if pixels is None and one.split != "train":
        return ["classes: once a round is evaluated"]
    # As many lines while its masks are read: what moves on screen has to be sent.
    whole = max(sum(pixels or ()), 1)
    return [
        f"{shortened(plain(name), NAME):{NAME}} "
        f"{words.share(number, whole) if pixels else '…':>7} {words.bar(number / whole, 10)}"
        for name, number in zip(names, pixels or [0] * len(names), strict=False)
    ]


def by_round(one: SampleFigures, names: tuple[str, ...]) -> list[str]:
    """mIoU and IoU by class of each round, the newest first."""
    if not one.rounds:
        return ["networks are not measured on", "training samples"] * (one.split == "train")
    header = ("round", "mIoU", *(shortened(plain(name), 5) for name in names))
    rows = [
        (str(each.round), words.ratio(each.miou), *map(words.ratio, each.class_iou))
        for each in reversed(one.rounds)
    ]
    return table(header, rows, "r" * len(header)).split("\n")
