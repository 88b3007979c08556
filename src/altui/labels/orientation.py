"""Whether a mask lies on its image the right way round, told from the image's edges."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

TURNS: dict[str, Callable[[Array], Array]] = {
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": lambda mask: np.rot90(mask, 2),
    "transposed": np.transpose,
    "turned by 90° to the left": lambda mask: np.rot90(mask, 1),
    "turned by 90° to the right": lambda mask: np.rot90(mask, 3),
    "transposed and turned by 180°": lambda mask: np.rot90(np.transpose(mask), 2),
}
ADVANTAGE = 1.35  # how much better another way round must fit before it is believed
LEAST_EDGE = 20  # pixels of class boundary; fewer say nothing


def better_orientation(mask: Array, image: Array, ignore: int) -> str:
    """In words, how the mask would have to be turned to lie on the image's edges; empty
    where it lies well, or where the image cannot tell.

    `mask`, `image`: (height, width). The fit is the mean gradient of the image under the
    class boundaries, less the image's mean gradient: 0 for a mask that ignores the image.
    """
    gradient = edge_strength(image)
    boundary = class_boundary(mask, ignore)
    if boundary.sum() < LEAST_EDGE:
        return ""
    overall = float(gradient.mean())
    own = float(gradient[boundary].mean()) - overall
    best, best_fit = "", own
    for words, turn in TURNS.items():
        turned = turn(boundary)
        if turned.shape != gradient.shape:
            continue
        fit = float(gradient[turned.astype(bool)].mean()) - overall
        if fit > best_fit:
            best, best_fit = words, fit
    convincing = best_fit > 0.5 * overall and best_fit > ADVANTAGE * max(own, 0.0)
    return best if convincing else ""


def edge_strength(image: Array) -> npt.NDArray[np.float64]:
    """(height, width) gradient magnitude of the slightly smoothed image, outliers clipped."""
    grey = np.nan_to_num(image.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = np.percentile(grey, [1, 99])
    grey = np.clip(grey, low, high)
    padded = np.pad(grey, 1, mode="edge")
    height, width = grey.shape
    smooth = (
        sum(padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)) / 9.0
    )
    down, across = np.gradient(smooth)
    magnitude: npt.NDArray[np.float64] = np.hypot(down, across)
    return np.minimum(magnitude, np.percentile(magnitude, 99))


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
