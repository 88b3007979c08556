"""One step of training, in as many parts as memory asks for."""

import torch
from torch import nn

from altui.errors import AltuiError
from altui.text import count
from altui.worker.compute import Compute
from altui.worker.failures import out_of_memory
from altui.worker.log import say
from altui.worker.loss import Loss
from altui.worker.network import Network

GRADIENT_NORM = 1.0


class Stepper:
    """Steps an optimiser down the loss of a batch.

    `together`: how many crops go through the network at once, halved whenever memory does
    not suffice. The gradient is that of the whole batch all the same; only what batch
    normalisation takes as the batch gets smaller.
    """

    def __init__(
        self,
        network: Network,
        compute: Compute,
        optimiser: torch.optim.Optimizer,
        loss_of: Loss,
        batch: int,
    ) -> None:
        self.network = network
        self.compute = compute
        self.optimiser = optimiser
        self.loss_of = loss_of
        self.together = batch

    def __call__(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """`images` (n, c, h, w), `masks` (n, h, w); the loss, a scalar on the device.

        Raises AltuiError where one crop alone does not fit.
        """
        images, masks = self.compute.tensor(images), self.compute.tensor(masks)
        while True:
            self.optimiser.zero_grad(set_to_none=True)
            try:
                loss = self._gradient(images, masks)
                break
            except Exception as error:
                if not out_of_memory(error):
                    raise
            # Outside the handler, whose traceback keeps the failed tensors alive.
            self._take_less(min(self.together, len(images)), images.shape[-1])
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimiser.step()
        return loss

    def _gradient(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        if self.together >= len(images):
            loss = self.loss_of(self._logits(images), masks)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss.detach()
        return self._accumulate(images, masks)

    def _accumulate(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """The whole batch's gradient, part by part.

        Dice and the hardest pixels are no sums over parts. So the logits of all the parts
        are made first, without what a backward pass needs; the loss's gradient there then
        goes back through each part, made again (Gao et al., 2021, arXiv 2101.06983).
        """
        parts = torch.split(images, self.together)
        devices = [self.compute.device] if self.compute.on_gpu else []
        with torch.random.fork_rng(devices), torch.no_grad():  # dropout leaves out the same twice
            logits = torch.cat([self._logits(part) for part in parts])
        logits.requires_grad_()
        loss = self.loss_of(logits, masks)
        loss.backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        for part, gradient in zip(parts, torch.split(logits.grad, self.together), strict=True):
            self._logits(part).backward(gradient)  # type: ignore[no-untyped-call]
        return loss.detach()

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        try:
            with self.compute.autocast():
                logits: torch.Tensor = self.network(images)
        except ValueError as error:
            # Batch normalisation over globally pooled features has one value a channel.
            if len(images) == 1 and "more than 1 value per channel" in str(error):
                raise AltuiError(
                    "this architecture cannot be trained with one crop at a time",
                    "set training.batch to 2 or more (an even number), with a smaller "
                    "training.crop if memory is short",
                ) from None
            raise
        return logits

    def _take_less(self, together: int, crop: int) -> None:
        if self.compute.on_gpu:
            torch.cuda.empty_cache()
        if together == 1:
            raise AltuiError(
                f"the memory does not suffice to train on one crop of {crop} × {crop} pixels",
                "lower training.crop, choose a smaller encoder, or a machine with more memory",
            )
        self.together = together // 2
        say(f"memory is short: {count(self.together, 'crop')} at a time, gradients added up")
