"""From predicted probabilities to score components: few passes over the pixels.

The measures of a pixel (Settles, Active Learning Literature Survey, 2009, section 3.1), all
0..1 and high where the network is unsure: entropy over log classes, margin 1 - (p1 - p2) and
confidence 1 - p1 of the two likeliest classes, and a committee's disagreement, `bald`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from altui.worker.committee import Assessment

FOREGROUND_MARGIN = 3  # pixels by which predicted foreground grows before averaging over it
TOP = 0.01  # of the pixels, the most uncertain
GROUP = 8  # pixels that are looked at as one, in search of the most uncertain
TINY = 1e-30  # its logarithm is finite
MEASURES = ("entropy", "margin", "confidence", "bald")

Columns = dict[str, torch.Tensor]


def entropy_of(probabilities: torch.Tensor) -> torch.Tensor:
    """(n, classes, h, w) to (n, h, w), 0..1: in nats over log classes."""
    entropy = torch.zeros_like(probabilities[:, 0])
    for of_class in probabilities.unbind(1):  # no second copy of all the probabilities
        entropy.addcmul_(of_class.clamp(min=TINY).log_(), of_class, value=-1)
    return entropy.mul_(1 / math.log(probabilities.shape[1])).clamp_(0, 1)


def measures_of(assessment: Assessment) -> torch.Tensor:
    """(n, 3 or 4, h, w): the measures in the order of MEASURES, `bald` only of a committee."""
    probabilities = assessment.probabilities
    first, second = probabilities[:, 0], torch.zeros_like(probabilities[:, 0])
    for of_class in probabilities.unbind(1)[1:]:
        second = torch.maximum(second, torch.minimum(first, of_class))
        first = torch.maximum(first, of_class)
    found = [entropy_of(probabilities), 1 - (first - second), 1 - first]
    if assessment.disagreement is not None:
        found.append(assessment.disagreement)
    return torch.stack(found, 1)


def likeliest(probabilities: torch.Tensor) -> torch.Tensor:
    """(n, classes, h, w) to (n, h, w) uint8 class ids; the lower id where two are alike.

    On a CPU torch's own arg max over classes takes fifteen times as long.
    """
    best = probabilities[:, 0]
    ids = torch.zeros(best.shape, dtype=torch.uint8, device=best.device)
    for number, of_class in enumerate(probabilities.unbind(1)[1:], 1):
        torch.maximum(ids, (of_class > best).view(torch.uint8) * number, out=ids)
        best = torch.maximum(best, of_class)
    return ids


def components_of(
    assessment: Assessment, measures: torch.Tensor, predictions: torch.Tensor
) -> Columns:
    """The columns of `altui.query.components` for n slices, each (n,) or (n, k) float32.

    `measures`: of `measures_of`; `predictions` (n, h, w), the arg max.
    """
    classes = assessment.probabilities.shape[1]
    near = as_float(dilated(predictions != 0, FOREGROUND_MARGIN).flatten(1))
    flat = measures.flatten(2)
    pixels = near.sum(1, keepdim=True)
    everywhere = flat.mean(2)
    inside = products(flat, near) / pixels.clamp(min=1)
    over = {
        "mean": everywhere,
        "foreground": torch.where(pixels > 0, inside, everywhere),
        "top": highest(flat, max(round(TOP * flat.shape[2]), 1)).mean(2),
    }
    columns = {
        f"{measure}_{region}": values[:, place]
        for region, values in over.items()
        for place, measure in enumerate(MEASURES[: measures.shape[1]])
    }
    shares = products(assessment.probabilities.flatten(2), flat[:, 0])
    columns["class_entropy"] = shares / flat.shape[2]
    columns["class_fraction"] = torch.stack(
        [as_float(predictions.flatten(1) == number).mean(1) for number in range(classes)], 1
    )
    columns["embedding"] = assessment.embedding
    return columns


def highest(values: torch.Tensor, wanted: int) -> torch.Tensor:
    """(n, m, pixels) to (n, m, wanted), in any order.

    They lie in the `wanted` groups of pixels whose greatest ones are the greatest, so that only
    these are looked through: less than half of the time of torch's own top k over all.
    """
    groups = values.shape[2] // GROUP
    grouped = values[..., : groups * GROUP].reshape(*values.shape[:2], GROUP, groups)
    best = grouped.amax(2).topk(min(wanted, groups), sorted=False).indices
    inside = grouped.gather(3, best[:, :, None].expand(-1, -1, GROUP, -1)).flatten(2)
    rest = values[..., groups * GROUP :]
    return torch.cat([inside, rest], 2).topk(wanted, sorted=False).values


def products(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(n, m, pixels) and (n, pixels) to (n, m), the sums of their products: one of m at a time,
    which is faster than `einsum`, loses less in rounding, and needs little memory.
    """
    return torch.stack([(each * weights).sum(1) for each in values.unbind(1)], 1)


def as_float(mask: torch.Tensor) -> torch.Tensor:
    """A bool mask as 0 and 1; on a CPU torch takes seven times as long by itself."""
    return mask.view(torch.uint8).float()


def dilated(foreground: torch.Tensor, margin: int) -> torch.Tensor:
    """(n, h, w) bool, grown by a square of `margin` pixels on each side."""
    for axis in (1, 2):
        grown = foreground.clone()
        for shift in range(1, min(margin, foreground.shape[axis] - 1) + 1):
            length = foreground.shape[axis] - shift
            for there, here in ((shift, 0), (0, shift)):
                of = foreground.narrow(axis, here, length)
                grown.narrow(axis, there, length).logical_or_(of)
        foreground = grown
    return foreground


def small(maps: torch.Tensor, side: int) -> torch.Tensor:
    """(n, h, w) in 0..1 to uint8, block by block, the longer side at most `side` pixels."""
    height, width = maps.shape[-2:]
    shrink = max(height, width, side) / side
    size = (max(round(height / shrink), 1), max(round(width / shrink), 1))
    if size != (height, width):
        maps = functional.adaptive_avg_pool2d(maps[:, None], size)[:, 0]
    return (maps * 255).round().to(torch.uint8)
