"""Whether a mask has its slice's size and the project's values: what no label can do without."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from altui.config import Classes
from altui.labels.runs import Runs
from altui.labels.verdict import Refusal
from altui.text import count, listing
from altui.workspace import Header

Ids = npt.NDArray[np.integer]
PADDINGS = (512, 256, 128, 64, 32, 16)  # multiples that networks and tools pad to, in pixels


def check_shape(mask: Ids, header: Header) -> None:
    """Raises Refusal, with the likely cause, unless the mask covers the slice."""
    wanted, found = (header.height, header.width), mask.shape
    if found != wanted:
        raise Refusal(
            "shape",
            f"is {found[1]} × {found[0]} pixels, the slice {wanted[1]} × {wanted[0]}"
            + _cause((found[0], found[1]), wanted),
            figures={
                "width": found[1],
                "height": found[0],
                "wanted_width": wanted[1],
                "wanted_height": wanted[0],
            },
        )


def is_smaller(shape: tuple[int, int], header: Header) -> bool:
    """Whether it may be a part of the slice."""
    wanted = (header.height, header.width)
    return shape != wanted and shape[0] <= wanted[0] and shape[1] <= wanted[1]


def check_window(corner: tuple[int, int], shape: tuple[int, int], header: Header) -> None:
    """Raises Refusal unless what begins at `corner`, (y, x), lies within the slice."""
    ends = [start + side for start, side in zip(corner, shape, strict=True)]
    if ends[0] > header.height or ends[1] > header.width:
        raise Refusal(
            "shape",
            f"is cut out of an image of {ends[1]} × {ends[0]} pixels or more; the slice has "
            f"{header.width} × {header.height}",
        )


def _cause(found: tuple[int, int], wanted: tuple[int, int]) -> str:
    """What most likely happened to a mask of another shape; of square ones, several things may."""
    if found == wanted[::-1]:
        return ": transposed or turned by 90°"
    causes = []
    factor = _scale(found, wanted)
    scaled = f"scaled by {factor:.3g}" if factor else ""
    even = factor is not None and (factor % 1 == 0 or (1 / factor) % 1 == 0)
    if even:
        causes.append(scaled)
    if found[0] <= wanted[0] and found[1] <= wanted[1]:
        causes.append("cropped to a window of the slice, of which the whole is wanted")
    for multiple in PADDINGS:
        if found == tuple(-(-side // multiple) * multiple for side in wanted):
            causes.append(f"padded to a multiple of {multiple}")
            break
    border, rest = divmod(found[0] - wanted[0], 2)
    if border > 0 and not rest and found[1] - wanted[1] == 2 * border:
        causes.append(f"with a border of {count(border, 'pixel')}")
    if scaled and not even:
        causes.append(scaled)
    if not causes and (turned := _scale(found[::-1], wanted)):
        causes.append(f"scaled by {turned:.3g}, and transposed or turned by 90°")
    return ": " + ", or ".join(causes) if causes else ""


def _scale(found: tuple[int, int], wanted: tuple[int, int]) -> float | None:
    """By what both sides were scaled, give or take a pixel; None where they were not."""
    factor = found[0] / wanted[0]
    if found[0] * wanted[1] == found[1] * wanted[0]:
        return factor
    near = all(abs(side - whole * factor) < 1 for side, whole in zip(found, wanted, strict=True))
    return factor if near and not 0.8 < factor < 1.25 else None  # else rather cropped or padded


def count_classes(runs: Runs, classes: Classes) -> Counter[int]:
    """Pixels of each class and of the ignored value, of those that occur.

    Raises Refusal, naming values and pixel counts, unless all are class ids or ignored.
    """
    counts = runs.counts()
    declared = {*range(len(classes.names)), classes.ignore}
    undeclared = [
        f"{value} ({count(pixels, 'pixel')})"
        for value, pixels in counts.items()
        if value not in declared
    ]
    if not undeclared:
        return counts
    known = listing((f"{i} {name}" for i, name in enumerate(classes.names)), shown=20)
    raise Refusal(
        "values",
        f"holds undeclared values: {listing(undeclared, shown=5)}; "
        f"the classes are {known}; {classes.ignore} is ignored; "
        "say in altui.toml what they mean: [import.values] "
        f'{next(value for value in counts if value not in declared)} = "…", or "ignore"',
    )
