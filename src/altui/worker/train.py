"""Training on the labelled slices."""

import math
from collections.abc import Callable

import torch
from torch import nn

from altui.config import Training
from altui.errors import AltuiError
from altui.worker.compute import Compute
from altui.worker.crops import draw
from altui.worker.loss import segmentation_loss
from altui.worker.network import Network
from altui.worker.pipeline import ahead
from altui.worker.progress import Tracker
from altui.worker.samples import LabelledSlices

GRADIENT_NORM = 1.0
SMOOTHING = 0.95  # of the loss that is shown: about the last twenty steps

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def total_steps(settings: Training, labelled: int) -> int:
    """More labels, longer training."""
    return min(settings.steps + settings.steps_per_slice * labelled, settings.max_steps)


def train(
    network: Network,
    slices: LabelledSlices,
    settings: Training,
    compute: Compute,
    tracker: Tracker,
    loss_of: Loss = segmentation_loss,
) -> float:
    """Train `network` in place; returns the smoothed loss at the end.

    AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with a one-cycle schedule (Smith
    and Topin, 2018, arXiv 1708.07120). Raises AltuiError when the loss is not a number.
    """
    steps = total_steps(settings, len(slices))
    network.train()
    optimiser = torch.optim.AdamW(_groups(network, settings.weight_decay), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=settings.learning_rate, total_steps=max(steps, 2)
    )

    def batch_of(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        batch = draw(slices, settings, step)
        return (
            compute.staged(torch.from_numpy(batch.images)),
            compute.staged(torch.from_numpy(batch.masks)),
        )

    tracker.begin("train", steps)
    # Kept on the device: reading it there at every step would wait for the GPU.
    smooth = torch.zeros((), device=compute.device)
    weight = 0.0
    done = 0

    def shown() -> float:
        value = float(smooth) / weight
        if math.isnan(value):
            raise AltuiError(
                f"the training loss is not a number any more (step {done} of {steps})",
                f"lower training.learning_rate (now {settings.learning_rate:g})"
                + (", or set training.precision to float32" if compute.autocast_to else ""),
            )
        return value

    for images, masks in ahead(batch_of, range(steps)):
        loss = _step(network, compute, images, masks, loss_of, settings, optimiser)
        schedule.step()
        done += 1
        smooth = SMOOTHING * smooth + (1 - SMOOTHING) * loss.detach()
        weight = SMOOTHING * weight + 1 - SMOOTHING
        tracker.advance(loss=shown)
    tracker.end()
    return shown()


def _step(
    network: Network,
    compute: Compute,
    images: torch.Tensor,
    masks: torch.Tensor,
    loss_of: Loss,
    settings: Training,
    optimiser: torch.optim.Optimizer,
) -> torch.Tensor:
    optimiser.zero_grad(set_to_none=True)
    try:
        with compute.autocast():
            logits = network(compute.tensor(images))
    except ValueError as error:
        # Batch normalisation over globally pooled features has one value a channel.
        if settings.batch == 1 and "more than 1 value per channel" in str(error):
            raise AltuiError(
                "this architecture cannot be trained with one crop a step",
                "set training.batch to 2 or more, with a smaller training.crop if memory is short",
            ) from None
        raise
    loss = loss_of(logits, compute.tensor(masks))
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
    optimiser.step()
    return loss


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weights decay; biases and normalisation scales, which are vectors, do not."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
