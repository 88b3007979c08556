"""Random crops of labelled slices: what the network is trained on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from altui.config import Augmentation, Training
from altui.worker.augment import light, place, sample
from altui.worker.normalise import FloatArray
from altui.worker.samples import ClassIds, LabelledSlices


@dataclass(frozen=True)
class Batch:
    """`images` (n, c, crop, crop) float32, normalised grey values; `masks` (n, crop, crop)."""

    images: FloatArray
    masks: ClassIds


def draw(
    slices: LabelledSlices, settings: Training, augmentation: Augmentation, step: int
) -> Batch:
    """The batch of one training step: a pure function of labels, settings and step.

    Each batch takes as many different slices as it can. Raises AltuiError for a slice
    that cannot be read.
    """
    random = np.random.default_rng([settings.seed, step])
    sides = (settings.crop, settings.crop)
    images = np.empty((settings.batch, slices.channels, *sides), np.float32)
    masks = np.empty((settings.batch, *sides), np.uint8)
    for slot, number in enumerate(_choose(len(slices), settings.batch, random)):
        image, mask = slices.read(number)
        centre = _centre(slices, number, mask.shape, settings, random)
        places = place(centre, settings.crop, augmentation, random)
        piece, masks[slot] = sample(image, mask, slices.normaliser(number), places)
        images[slot] = light(piece, augmentation, random)
    return Batch(images, masks)


def _choose(slices: int, batch: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """`batch` slice numbers; none comes again before all the others have come."""
    orders = [random.permutation(slices) for _ in range(-(-batch // slices))]
    return np.concatenate(orders)[:batch].astype(np.int64)


def _centre(
    slices: LabelledSlices,
    number: int,
    sides: tuple[int, ...],
    settings: Training,
    random: np.random.Generator,
) -> tuple[float, float]:
    """The middle of a crop, anywhere in the slice or on a pixel of a class drawn at random.

    Every class that is labelled in the slice has the same chance, so that thin and rare ones
    are seen often. The crop does not reach over the slice's edges unless it is turned, or
    the slice is smaller. Draws the same random numbers either way.
    """
    by_class, which, pixel = random.random(3)
    anywhere = random.random(2)
    more = [max(side - settings.crop, 0) for side in sides]  # pixels to choose the crop's first of
    first = [int(share * (most + 1)) for share, most in zip(anywhere, more, strict=True)]
    if by_class < settings.class_share:
        found = slices.pixel_of_any_class(number, which, pixel)
        if found is not None:
            first = [
                min(max(at - settings.crop // 2, 0), most)
                for at, most in zip(found, more, strict=True)
            ]
    # A smaller slice lies in the crop's middle. The crop's first pixel is a whole one of the
    # slice, so that an unturned crop is not interpolated.
    row, column = (
        (settings.crop - 1) / 2 + start - max(settings.crop - side, 0) // 2
        for start, side in zip(first, sides, strict=True)
    )
    return row, column
