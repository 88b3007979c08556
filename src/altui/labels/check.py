"""Whether a decoded mask can be believed."""

import numpy as np
import numpy.typing as npt

from altui.config import Classes
from altui.labels.orientation import better_orientation
from altui.labels.verdict import Refusal
from altui.text import count, listing
from altui.workspace import Header

Ids = npt.NDArray[np.integer]
DOUBTFUL = "; if it is right as it is, import it with --trust"


def check_shape(mask: Ids, header: Header) -> None:
    """Raises Refusal, with the likely cause, unless the mask covers the slice."""
    expected, found = (header.height, header.width), mask.shape
    if found != expected:
        raise Refusal(
            "shape",
            f"is {found[1]} × {found[0]} pixels, the slice {expected[1]} × {expected[0]}"
            + _cause(found, expected),
        )


def _cause(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What most likely happened to a mask of another shape."""
    if found == expected[::-1]:
        return ": transposed or turned by 90°"
    if found[0] * expected[1] == found[1] * expected[0]:
        return f": scaled by {found[0] / expected[0]:.3g}"
    if found[0] <= expected[0] and found[1] <= expected[1]:
        return ": cropped"
    return ""


def check_values(mask: Ids, classes: Classes) -> None:
    """Raises Refusal, naming values and pixel counts, unless all are class ids or ignore."""
    values, counts = np.unique(mask, return_counts=True)
    declared = {*range(len(classes.names)), classes.ignore}
    undeclared = [
        f"{value} ({count(int(pixels), 'pixel')})"
        for value, pixels in zip(values, counts, strict=True)
        if int(value) not in declared
    ]
    if undeclared:
        known = listing((f"{i} {name}" for i, name in enumerate(classes.names)), shown=20)
        raise Refusal(
            "values",
            f"holds undeclared values: {listing(undeclared, shown=5)}; "
            f"the classes are {known}; {classes.ignore} is ignored",
        )


def check_plausible(mask: Ids, image: npt.NDArray[np.generic], classes: Classes) -> None:
    """Raises Refusal for a mask that could be stored but is most likely a mistake."""
    present = {int(value) for value in np.unique(mask)}
    if classes.ignore in present and present <= {0, classes.ignore}:
        raise Refusal(
            "binary",
            f"holds nothing but 0 and {classes.ignore}, which is ignored in training: "
            f"most likely a binary mask; save class ids instead{DOUBTFUL}",
        )
    turned = better_orientation(mask, image, classes.ignore)
    if turned:
        raise Refusal(
            "orientation",
            f"fits the image better {turned}: check how it was saved{DOUBTFUL}",
        )
