"""Whether a mask lies on its image the right way round, told from the image's edges."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import local
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


def gradients_of(image: Array) -> Array:
    """(h, w) of an image (height, width): how strong its edges are, at the size looked at."""
    with np.errstate(over="ignore", invalid="ignore"):  # huge values say nothing, in the end
        return edge_strength(shrink(image, step_of(image))).copy()


def fit_edges(mask: Array, gradients: Array, ignore: int) -> EdgeFit | None:
    """Whether the mask lies on its image's edges, and whether it would when turned; None where
    the image or the mask has none to tell by. `mask`: (height, width); `gradients`: the image's.
    """
    edge = edges_of(mask, ignore)
    overall = float(gradients.mean())
    if edge is None or not overall > 0:
        return None
    flat = gradients.ravel()
    best, words = -1.0, ""
    for name, places in turned_places(*gradients.shape).items():
        fit = float(flat[places[edge]].mean()) / overall - 1
        if fit > best:
            best, words = fit, name
    return EdgeFit(float(flat[edge].mean()) / overall - 1, best, words)


def edges_of(mask: Array, ignore: int) -> npt.NDArray[np.intp] | None:
    """Where in the flattened gradients class boundaries lie, not more than are enough; None where
    there are too few.
    """
    found = np.flatnonzero(class_boundary(middles(mask, step_of(mask)), ignore))
    return found[:: 1 + len(found) // MOST_EDGE] if len(found) >= LEAST_EDGE else None


@lru_cache(maxsize=2)  # an import's slices are of one size, mostly
def turned_places(height: int, width: int) -> dict[str, npt.NDArray[np.int32]]:
    """Where each pixel of a flattened picture comes to lie when it is turned, by the turns that
    leave its shape as it is.
    """
    places = np.arange(height * width, dtype=np.int32).reshape(height, width)
    # To turn the places back is to turn what lies there.
    turned = {name: TURNS[BACK.get(name, name)](places) for name in TURNS}
    return {name: one.ravel() for name, one in turned.items() if one.shape == (height, width)}


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
    total = _numbers(image[::step][:height])
    if step == 1:
        return total.astype(np.float32)
    total += _numbers(image[step - 1 :: step][:height])
    ends = total[:, ::step][:, :width] + total[:, step - 1 :: step][:, :width]
    return ends.astype(np.float32) * np.float32(0.25)


def _numbers(values: Array) -> Array:
    """Of a type in which a few can be added, and all finite; a copy."""
    if values.dtype == np.uint8:  # most slices, by half the time
        return values.astype(np.uint16)
    numbers: Array = values.astype(np.float32)
    if values.dtype.kind == "f":
        np.nan_to_num(numbers, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return numbers


class _Room(local):
    """Arrays to work in, one set a thread: new memory for each slice costs more than what is
    reckoned in it.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[np.float32]] = {}

    def array(self, name: str, height: int, width: int) -> npt.NDArray[np.float32]:
        """What is in it is of whoever used it last."""
        found = self._arrays.get(name)
        if found is None or found.shape != (height, width):
            found = self._arrays[name] = np.empty((height, width), np.float32)
        return found


_room = _Room()


def edge_strength(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(height, width) gradient magnitude of the slightly smoothed image, outliers clipped; good
    until this thread asks for the next.
    """
    height, width = grey.shape
    padded = _room.array("padded", height + 4, width + 4)
    low, high = _percentiles(grey, 1, 99)
    np.clip(grey, low, high, out=padded[2:-2, 2:-2])
    padded[:2], padded[-2:] = padded[2], padded[-3]
    padded[:, :2], padded[:, -2:] = padded[:, 2:3], padded[:, -3:-2]
    rows = np.add(padded[:-2], padded[1:-1], out=_room.array("rows", height + 2, width + 4))
    rows += padded[2:]
    smooth = _room.array("smooth", height + 2, width + 2)
    np.add(rows[:, :-2], rows[:, 1:-1], out=smooth)
    smooth += rows[:, 2:]
    magnitude = _room.array("magnitude", height, width)
    across = _room.array("across", height, width)
    np.subtract(smooth[2:, 1:-1], smooth[:-2, 1:-1], out=magnitude)
    np.subtract(smooth[1:-1, 2:], smooth[1:-1, :-2], out=across)
    magnitude *= magnitude
    across *= across
    magnitude += across
    np.sqrt(magnitude, out=magnitude)
    [most] = _percentiles(magnitude, 99)
    np.minimum(magnitude, most, out=magnitude)
    return magnitude


def _percentiles(values: npt.NDArray[np.float32], *wanted: int) -> npt.NDArray[np.float32]:
    """Roughly: of values from all over the picture, hardly more than are enough."""
    sample = values.ravel()[:: 1 + values.size // ENOUGH]
    places = [round(percent / 100 * (len(sample) - 1)) for percent in wanted]
    return np.partition(sample, places)[places]


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
