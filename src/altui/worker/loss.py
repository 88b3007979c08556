"""Cross-entropy plus Dice, both over labelled pixels only."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from altui.config import Training
from altui.worker.samples import IGNORED

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_for(settings: Training, pixels: npt.NDArray[np.int64]) -> Loss:
    """The loss that the config asks for; `pixels`: labelled ones of each class."""
    weights = None
    if settings.class_weights == "balanced":
        weights = torch.from_numpy(balanced(pixels))
    return partial(
        segmentation_loss, dice=settings.dice, hard_pixels=settings.hard_pixels, weights=weights
    )


def balanced(pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """A weight for each class: one over the square root of its share, 1 in the mean over pixels.

    The root, since full balance would have the rarest class cover its neighbours. A class
    without a labelled pixel has weight 0.
    """
    total = max(int(pixels.sum()), 1)
    shares = pixels / total
    roots = np.sqrt(shares)
    weights = np.divide(1, roots, out=np.zeros_like(roots), where=roots > 0)
    return (weights / max(float(roots.sum()), 1e-9)).astype(np.float32)


def segmentation_loss(
    logits: torch.Tensor,
    masks: torch.Tensor,
    *,
    dice: float = 1.0,
    hard_pixels: float = 1.0,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """A scalar: mean cross-entropy plus `dice` times the mean soft Dice loss.

    `logits` (n, classes, h, w); `masks` (n, h, w) uint8 class ids, IGNORED where left out.
    Of the cross-entropy only the hardest `hard_pixels` of the pixels count (online hard
    example mining, as in Wu et al., 2016, arXiv 1605.06885); `weights` (classes,) multiply it.
    The Dice loss (Milletari et al., 2016, arXiv 1606.04797) is taken over the whole batch
    and averaged over the classes that occur in it: a rare class counts as much as the
    background there. A batch without any labelled pixel gives 0 and a gradient of 0.
    """
    log_probabilities = functional.log_softmax(logits.float(), dim=1)
    labelled = masks != IGNORED
    target = masks.long()
    if weights is not None:
        weights = weights.to(logits.device)
    entropies = functional.nll_loss(
        log_probabilities, target, weight=weights, ignore_index=IGNORED, reduction="none"
    )
    pixels = labelled.sum()
    if hard_pixels < 1:
        hardest = max(int(hard_pixels * masks.numel()), 1)
        entropies = entropies.flatten().topk(hardest, sorted=False).values
        pixels = pixels.clamp(max=hardest)
    entropy = entropies.sum() / pixels.clamp(min=1)
    if not dice:
        return entropy

    classes = logits.shape[1]
    probabilities = log_probabilities.exp() * labelled.unsqueeze(1)
    truth = functional.one_hot(target.masked_fill(~labelled, 0), classes).movedim(-1, 1)
    truth = truth * labelled.unsqueeze(1)
    over = (0, 2, 3)
    area = truth.sum(over)
    overlap = (probabilities * truth).sum(over)
    match = 2 * overlap / (probabilities.sum(over) + area).clamp(min=1e-6)
    present = (area > 0).float()
    return entropy + dice * ((1 - match) * present).sum() / present.sum().clamp(min=1)
