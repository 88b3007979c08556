"""Guessing which stacks are masks, of what, and which samples are held out.

A guess that may well be wrong is not made: the person fills in what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from altui.config import Split
from altui.errors import AltuiError
from altui.setup.stacks import Found
from altui.text import percent
from altui.volumes.stack import open_stack

SPLIT_WORDS: dict[Split, frozenset[str]] = {
    "train": frozenset({"train", "training"}),
    "validation": frozenset({"val", "valid", "validation"}),
    "test": frozenset({"test", "tests", "testing"}),
}
LEAST_WITH_MASKS = 3  # one to validate, one to test, one to train on
MOST_CLASSES = 20
LOOKED_AT = 5  # slices of each mask, at the least
PIXELS = 32_000_000  # of all masks together, where that is more: a second or two


@dataclass(frozen=True)
class Shares:
    """Each class id's share of the pixels of the masks, 0..1; `every`: of all their slices, so
    that no class can have been missed.
    """

    of_ids: tuple[float, ...]
    every: bool

    def __str__(self) -> str:
        """'0: 92 %, 1: 2.4 %, 2: 5.6 % of their pixels'."""
        told = ", ".join(f"{value}: {percent(share)}" for value, share in enumerate(self.of_ids))
        return f"{told} of {'their pixels' if self.every else 'the pixels of some slices'}"


def pair(stacks: list[Found]) -> tuple[list[Found], dict[Path, Found]]:
    """Images, and the masks that belong to them, by image path.

    Masks go by name and size, and by the folders where several images have them.
    """
    images = [stack for stack in stacks if not stack.looks_like_mask]
    claims: dict[Path, list[Found]] = {}
    for mask in (stack for stack in stacks if stack.looks_like_mask):
        image = _nearest(mask, images)
        if image is not None:
            claims.setdefault(image.path, []).append(mask)
    return images, {path: masks[0] for path, masks in claims.items() if len(masks) == 1}


def _nearest(mask: Found, images: list[Found]) -> Found | None:
    """The one image that a mask must belong to; None where there is none, or several."""
    fitting = [image for image in images if (image.key, image.size) == (mask.key, mask.size)]
    common = [len({*image.words} & {*mask.words}) for image in fitting]
    if not fitting or common.count(max(common)) > 1:
        return None
    return fitting[common.index(max(common))]


def guess_splits(images: list[Found], masks: dict[Path, Found]) -> dict[Path, Split]:
    """Splits from the paths' words; else the last stacks with masks are held out."""
    told = {image.path: split for image in images if (split := _told(image))}
    splits = {image.path: told.get(image.path, "train") for image in images}
    if told and "train" in splits.values():
        return splits  # what is called a test stays out of training, with masks or without
    splits = dict.fromkeys(splits, "train")
    with_masks = [image.path for image in images if image.path in masks]
    if len(with_masks) >= LEAST_WITH_MASKS:
        each = max(1, len(with_masks) // 5)
        splits |= dict.fromkeys(with_masks[-each:], "test")
        splits |= dict.fromkeys(with_masks[-2 * each : -each], "validation")
    return splits


def _told(image: Found) -> Split | None:
    words = {*image.words}
    found = [split for split, names in SPLIT_WORDS.items() if words & names]
    return found[0] if len(found) == 1 else None


def class_shares(root: Path, masks: Sequence[Found]) -> Shares | None:
    """What the masks hold, 255 left out, read as far as `PIXELS` go; None where that is nothing
    like class ids.
    """
    pixels = np.zeros(MOST_CLASSES, np.int64)
    every = True
    for mask in masks:
        most = max(LOOKED_AT, PIXELS // (len(masks) * mask.height * mask.width))
        every = every and most >= mask.slices
        try:
            with open_stack(root, str(mask.path)) as stack:
                last = stack.slices - 1
                for index in np.unique(np.linspace(0, last, min(most, last + 1)).astype(int)):
                    found, counts = np.unique(stack.read(index), return_counts=True)
                    found, counts = found[found != 255], counts[found != 255]
                    if found.size and not 0 <= found[0] <= found[-1] < MOST_CLASSES:
                        return None
                    pixels[found] += counts
        except AltuiError:
            every = False  # `altui check` says why
    highest = int(np.flatnonzero(pixels).max(initial=0))
    if highest == 0:
        return None
    return Shares(tuple(float(n) for n in pixels[: highest + 1] / pixels.sum()), every)
