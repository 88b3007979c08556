"""Random views of a slice: where a crop's pixels lie in it, and how they are lit.

A crop is sampled from the slice in one go, so that its corners are real data however it is
turned, and nothing is interpolated twice.
"""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from altui.config import Augmentation
from altui.worker.normalise import SPAN, FloatArray, Normaliser
from altui.worker.samples import IGNORED, ClassIds, Raw

NODES = 4  # a side, of the grid whose shifts bend a crop


def place(
    centre: tuple[float, float], crop: int, settings: Augmentation, random: np.random.Generator
) -> FloatArray:
    """(2, crop, crop) float32: the row and column in the slice of each pixel of a crop.

    Draws the same random numbers whatever is switched on, so that a switch changes nothing
    else. The bending is that of U-Net (Ronneberger et al., 2015, arXiv 1505.04597): random
    shifts of a coarse grid's nodes, smooth in between.
    """
    signs = 2 * random.integers(2, size=2) - 1
    quarters, angle = random.integers(4), random.uniform(0, 2 * math.pi)
    zoom, bend = random.uniform(-1, 1), random.uniform(0, 1)
    shifts = random.standard_normal((2, NODES, NODES))
    turn = {"none": 0.0, "quarter": quarters * math.pi / 2, "any": angle}[settings.rotations]
    scale = (1 + settings.scale) ** zoom
    sine, cosine = scale * math.sin(turn), scale * math.cos(turn)
    down, right = signs if settings.flips else (1, 1)

    offset = (np.arange(crop, dtype=np.float32) - np.float32((crop - 1) / 2))[:, None]
    rows, columns = offset * down, offset.T * right
    found = np.empty((2, crop, crop), np.float32)
    found[0] = rows * np.float32(cosine) - columns * np.float32(sine) + np.float32(centre[0])
    found[1] = rows * np.float32(sine) + columns * np.float32(cosine) + np.float32(centre[1])
    if settings.elastic:
        between = _between(crop)
        found += between @ (bend * settings.elastic * crop * shifts).astype(np.float32) @ between.T
    return found


def sample(
    image: Raw, mask: ClassIds, normalise: Normaliser, places: FloatArray
) -> tuple[FloatArray, ClassIds]:
    """The crop of `image` (c, h, w) and `mask` (h, w) at `places` (2, crop, crop).

    Returns normalised grey values (c, crop, crop), interpolated linearly, and the nearest
    pixels' class ids (crop, crop). Beyond the slice's edges the image is reflected and the
    mask ignored. Only the part of the slice that the crop shows is normalised.
    """
    sides = np.array(mask.shape)
    first = np.clip(np.floor(places.min((1, 2))).astype(int), 0, sides - 1)
    last = np.clip(np.ceil(places.max((1, 2))).astype(int), first, sides - 1)
    window = np.s_[first[0] : last[0] + 1, first[1] : last[1] + 1]
    inside = torch.from_numpy(normalise(image[:, *window]))[None]
    # from pixels of the window to -1..1, its first and last pixel's centres
    half = np.maximum((last - first) / 2, 0.5)[:, None, None].astype(np.float32)
    grid = (places - first[:, None, None].astype(np.float32)) / half - 1
    drawn = functional.grid_sample(
        inside,
        torch.from_numpy(np.ascontiguousarray(grid[::-1].transpose(1, 2, 0)))[None],
        mode="bilinear",
        padding_mode="reflection",
        align_corners=True,
    )
    nearest = np.rint(places).astype(np.int32)
    row, column = (np.clip(axis, 0, side - 1) for axis, side in zip(nearest, sides, strict=True))
    ids = mask[row, column]
    ids[(row != nearest[0]) | (column != nearest[1])] = IGNORED
    return drawn[0].numpy(), ids


def light(image: FloatArray, settings: Augmentation, random: np.random.Generator) -> FloatArray:
    """(c, h, w) normalised grey values under another gamma, contrast, brightness and noise.

    Shares are of the window between black and white. All channels are lit alike.
    """
    power, contrast, shift = random.uniform(-1, 1, size=3)
    noise = random.uniform(0, 1)
    grain = np.random.default_rng(int(random.integers(1 << 62)))
    if settings.gamma:
        bright = image / np.float32(SPAN) + np.float32(0.5)
        # darker than black stays so
        image = np.copysign(np.abs(bright) ** np.float32((1 + settings.gamma) ** power), bright)
        image = (image - np.float32(0.5)) * np.float32(SPAN)
    if settings.contrast or settings.brightness:
        image = image * np.float32(1 + contrast * settings.contrast)
        image += np.float32(shift * settings.brightness * SPAN)
    if settings.noise:
        deviation = np.float32(noise * settings.noise * SPAN)
        image = image + deviation * grain.standard_normal(image.shape, np.float32)
    return image


def _between(crop: int) -> npt.NDArray[np.float32]:
    """(crop, NODES): how much each node counts at each pixel; smooth, and sums to 1."""
    at = np.linspace(0, NODES - 1, crop)[:, None]
    distance = np.clip(np.abs(at - np.arange(NODES)), 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * distance)).astype(np.float32)
