"""Whether a mask lies on its image the right way round, told from the image's edges."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TURNS: dict[str, Callable[[Array], Array]] = {
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": lambda mask: np.rot90(mask, 2),
    "transposed": np.transpose,
    "turned by 90° to the left": lambda mask: np.rot90(mask, 1),
    "turned by 90° to the right": lambda mask: np.rot90(mask, 3),
    "transposed and turned by 180°": lambda mask: np.rot90(np.transpose(mask), 2),
}
BACK = {  # what undoes the turns that do not undo themselves
    "turned by 90° to the left": "turned by 90° to the right",
    "turned by 90° to the right": "turned by 90° to the left",
}
ADVANTAGE = 1.35  # how much better another way round must fit before it is believed
LEAST_EDGE = 20  # pixels of class boundary; fewer say nothing
MOST_EDGE = 5000  # pixels of it that are looked at
ENOUGH = 10_000  # pixels to tell percentiles by
SIDE = 300  # pixels: larger slices are looked at as small ones, whose edges are less noisy


@dataclass(frozen=True)
class EdgeFit:
    """How much stronger than elsewhere the image's gradient is under the class boundaries, as
    the mask lies (`own`) and as it fits best when turned: 0 for a mask that ignores the image,
    1 for twice as strong. `words`: how it would have to be turned.
    """

    own: float
    best: float
    words: str

    def is_convincing(self) -> bool:
        """Whether another way round fits clearly better."""
        return self.best > 0.5 and self.best > ADVANTAGE * max(self.own, 0.0)


def fit_edges(mask: Array, image: Array, ignore: int) -> EdgeFit | None:
    """Whether the mask lies on the image's edges, and whether it would when turned; None where
    the image or the mask has none to tell by. `mask`, `image`: (height, width).
    """
    step = step_of(mask)
    gradient = edge_strength(shrink(image, step))
    found = np.flatnonzero(class_boundary(middles(mask, step), ignore))
    overall = float(gradient.mean())
    if len(found) < LEAST_EDGE or not overall > 0:
        return None
    down, across = np.divmod(found[:: 1 + len(found) // MOST_EDGE], gradient.shape[1])
    best, words = -1.0, ""
    for name, turn in TURNS.items():
        # To turn the image back is to turn the mask, and takes no copy.
        under = turn(gradient) if name not in BACK else TURNS[BACK[name]](gradient)
        if under.shape == gradient.shape:
            fit = float(under[down, across].mean()) / overall - 1
            if fit > best:
                best, words = fit, name
    return EdgeFit(float(gradient[down, across].mean()) / overall - 1, best, words)


def step_of(mask: Array) -> int:
    """How many pixels of a side become one, so that none is longer than SIDE."""
    return -(-int(max(mask.shape)) // SIDE)


def middles(mask: Array, step: int) -> Array:
    """The middle pixel of each whole square of `step` by `step`."""
    height, width = (side // step for side in mask.shape)
    return np.ascontiguousarray(mask[step // 2 :: step, step // 2 :: step][:height, :width])


def shrink(image: Array, step: int) -> npt.NDArray[np.float32]:
    """The mean of up to four pixels of each whole square of `step` by `step`."""
    height, width = (side // step for side in image.shape)
    offsets = (0, step - 1)[: min(step, 2)]
    total = np.zeros((height, width), np.float32)
    for down in offsets:
        for across in offsets:
            part = image[down::step, across::step][:height, :width]
            if image.dtype.kind == "f":
                part = np.nan_to_num(part.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
            total += part
    total /= len(offsets) ** 2
    return total


def edge_strength(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(height, width) gradient magnitude of the slightly smoothed image, outliers clipped."""
    low, high = np.percentile(some(grey), [1, 99]).astype(np.float32)
    padded = np.pad(np.clip(grey, low, high), 2, mode="edge")
    rows = padded[:-2] + padded[1:-1]
    rows += padded[2:]
    smooth = rows[:, :-2] + rows[:, 1:-1]
    smooth += rows[:, 2:]
    magnitude: npt.NDArray[np.float32] = smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    across = smooth[1:-1, 2:] - smooth[1:-1, :-2]
    magnitude *= magnitude
    magnitude += np.multiply(across, across, out=across)
    np.sqrt(magnitude, out=magnitude)
    most = np.float32(np.percentile(some(magnitude), 99))
    np.minimum(magnitude, most, out=magnitude)
    return magnitude


def some(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values from all over the picture, hardly more than are enough."""
    return values.ravel()[:: 1 + values.size // ENOUGH]


def class_boundary(mask: Array, ignore: int) -> npt.NDArray[np.bool_]:
    """(height, width) pixels whose right or lower neighbour has another class; borders of
    ignored regions do not count.
    """
    boundary = np.zeros(mask.shape, dtype=bool)
    for axis in (0, 1):
        here = mask[:-1, :] if axis == 0 else mask[:, :-1]
        there = mask[1:, :] if axis == 0 else mask[:, 1:]
        differs = (here != there) & (here != ignore) & (there != ignore)
        if axis == 0:
            boundary[:-1, :] |= differs
        else:
            boundary[:, :-1] |= differs
    return boundary
