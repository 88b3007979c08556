"""Cross-entropy plus Dice, both over labelled pixels only."""

import torch
from torch.nn import functional

from altui.worker.samples import IGNORED


def segmentation_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """A scalar: mean cross-entropy plus mean soft Dice loss.

    `logits` (n, classes, h, w); `masks` (n, h, w) uint8 class ids, IGNORED where left out.
    The Dice loss (Milletari et al., 2016, arXiv 1606.04797) is taken over the whole batch
    and averaged over the classes that occur in it: a rare class counts as much as the
    background there. A batch without any labelled pixel gives 0 and a gradient of 0.
    """
    log_probabilities = functional.log_softmax(logits.float(), dim=1)
    labelled = masks != IGNORED
    pixels = labelled.sum()
    target = masks.long()
    entropy = functional.nll_loss(
        log_probabilities, target, ignore_index=IGNORED, reduction="sum"
    ) / pixels.clamp(min=1)

    classes = logits.shape[1]
    probabilities = log_probabilities.exp() * labelled.unsqueeze(1)
    truth = functional.one_hot(target.masked_fill(~labelled, 0), classes).movedim(-1, 1)
    truth = truth * labelled.unsqueeze(1)
    over = (0, 2, 3)
    area = truth.sum(over)
    overlap = (probabilities * truth).sum(over)
    dice = 2 * overlap / (probabilities.sum(over) + area).clamp(min=1e-6)
    present = (area > 0).float()
    return entropy + ((1 - dice) * present).sum() / present.sum().clamp(min=1)
