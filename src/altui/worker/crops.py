"""Random crops of labelled slices: what the network is trained on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from altui.config import Training
from altui.worker.normalise import SPAN, FloatArray
from altui.worker.samples import IGNORED, ClassIds, LabelledSlices


@dataclass(frozen=True)
class Batch:
    """`images` (n, c, crop, crop) float32, normalised grey values; `masks` (n, crop, crop)."""

    images: FloatArray
    masks: ClassIds


def draw(slices: LabelledSlices, settings: Training, step: int) -> Batch:
    """The batch of one training step: a pure function of labels, settings and step.

    Each batch takes as many different slices as it can. Raises AltuiError for a slice
    that cannot be read.
    """
    random = np.random.default_rng([settings.seed % 2**63, step])
    sides = (settings.crop, settings.crop)
    images = np.empty((settings.batch, slices.channels, *sides), np.float32)
    masks = np.empty((settings.batch, *sides), np.uint8)
    for slot, number in enumerate(_choose(len(slices), settings.batch, random)):
        image, mask = slices.read(number)
        top, left = (int(random.integers(max(side - settings.crop, 0) + 1)) for side in mask.shape)
        window = np.s_[top : top + settings.crop, left : left + settings.crop]
        piece = slices.normaliser(number)(image[:, *window])
        images[slot], masks[slot] = augment(
            *_fill(piece, mask[window], settings.crop), settings, random
        )
    return Batch(images, masks)


def augment(
    image: FloatArray, mask: ClassIds, settings: Training, random: np.random.Generator
) -> tuple[FloatArray, ClassIds]:
    """A square image (c, h, w) and its mask, flipped, turned and lit as configured.

    Draws the same random numbers whatever is switched on, so that a switch changes
    nothing else.
    """
    steps = (2 * random.integers(2, size=2) - 1).tolist()
    turns = int(random.integers(4))
    contrast, shift = random.uniform(-1, 1, size=2) * settings.brightness
    if settings.flips:
        window = np.s_[:: steps[0], :: steps[1]]
        image, mask = image[:, *window], mask[window]
    if settings.rotations:
        image, mask = np.rot90(image, turns, (1, 2)), np.rot90(mask, turns)
    if settings.brightness:
        # `brightness` is a share of the window between black and white
        image = image * np.float32(1 + contrast) + np.float32(shift * SPAN)
    return image, mask


def _choose(slices: int, batch: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """`batch` slice numbers; none comes again before all the others have come."""
    orders = [random.permutation(slices) for _ in range(-(-batch // slices))]
    return np.concatenate(orders)[:batch].astype(np.int64)


def _fill(image: FloatArray, mask: ClassIds, side: int) -> tuple[FloatArray, ClassIds]:
    """Reflect an image that is smaller than the crop; the mask ignores what was added."""
    more = [(0, side - length) for length in mask.shape]
    if not any(added for _, added in more):
        return image, mask
    return (
        np.pad(image, [(0, 0), *more], mode="reflect"),
        np.pad(mask, more, constant_values=IGNORED),
    )
