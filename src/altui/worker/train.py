"""Training on the labelled slices."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from altui.config import Config
from altui.errors import AltuiError
from altui.worker.average import Average
from altui.worker.compute import Compute
from altui.worker.crops import draw
from altui.worker.log import say
from altui.worker.loss import Loss, loss_for
from altui.worker.network import Network
from altui.worker.pipeline import ahead
from altui.worker.progress import Tracker
from altui.worker.resume import SavedTraining, State, random_state, restore_random_state
from altui.worker.samples import LabelledSlices, OpenSample
from altui.worker.step import Stepper
from altui.worker.validate import Checkpoints

SMOOTHING = 0.95  # of the loss that is shown: about the last twenty steps


class Trainer:
    """One training of `network`, in place.

    AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with a one-cycle schedule (Smith
    and Topin, 2018, arXiv 1708.07120). `validation`: the samples that choose the checkpoint.
    """

    def __init__(
        self,
        network: Network,
        slices: LabelledSlices,
        validation: Sequence[OpenSample],
        config: Config,
        compute: Compute,
        loss_of: Loss | None = None,
    ) -> None:
        settings = config.training
        self.network, self.slices, self.config, self.compute = network, slices, config, compute
        self.steps = settings.total_steps(len(slices))
        self.done = 0
        # Kept on the device: reading it there at every step would wait for the GPU.
        self._loss = torch.zeros((), device=compute.device)
        self._weight = 0.0
        network.train()
        self._optimiser = torch.optim.AdamW(
            _groups(network, settings.weight_decay), settings.learning_rate
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, max_lr=settings.learning_rate, total_steps=max(self.steps, 2)
        )
        self._average = Average(network.inner, settings.average * self.steps)
        self._checkpoints = Checkpoints(
            network, self._average, compute, settings, list(validation), self.steps
        )
        if loss_of is None:
            loss_of = loss_for(settings, slices.pixels()[: network.classes])
        self._step = Stepper(network, compute, self._optimiser, loss_of, settings.batch)

    def run(self, tracker: Tracker, saved: SavedTraining) -> float:
        """Train to the end, saving the state in `saved`; returns the smoothed loss.

        Raises AltuiError when the loss is not a number.
        """
        tracker.begin("train", self.steps)
        tracker.advance(self.done)
        for images, masks in ahead(self._batch, range(self.done, self.steps)):
            loss = self._step(images, masks)
            self._schedule.step()
            self.done += 1
            self._average.update(self.done)
            self._loss = SMOOTHING * self._loss + (1 - SMOOTHING) * loss
            self._weight = SMOOTHING * self._weight + 1 - SMOOTHING
            self._checkpoints.look(self.done)
            saved.save_if_due(self._state)
            tracker.advance(loss=self.loss)
        loss_at_end = self.loss()
        self._checkpoints.take()
        tracker.end()
        return loss_at_end

    def loss(self) -> float:
        """Smoothed over the last steps. Raises AltuiError when it is not a number."""
        value = float(self._loss) / self._weight
        if math.isnan(value):
            raise AltuiError(
                f"the training loss is not a number any more (step {self.done} of {self.steps})",
                f"lower training.learning_rate (now {self.config.training.learning_rate:g})"
                + (", or set training.precision to float32" if self.compute.autocast_to else ""),
            )
        return value

    def _batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        batch = draw(self.slices, self.config.training, self.config.augmentation, step)
        return (
            self.compute.staged(torch.from_numpy(batch.images)),
            self.compute.staged(torch.from_numpy(batch.masks)),
        )

    def _state(self) -> State:
        self.loss()  # a training that has gone wrong is not worth going on with
        return {
            "done": self.done,
            "loss": self._loss,
            "weight": self._weight,
            "network": self.network.inner.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "average": self._average.state(),
            "checkpoints": self._checkpoints.state(),
            "random": random_state(),
        }

    def restore(self, state: State) -> None:
        """Go on from a state that was saved, as if nothing had happened since."""
        self.done = state["done"]
        self._loss = state["loss"].to(self.compute.device)
        self._weight = state["weight"]
        self.network.inner.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._average.restore(state["average"])
        self._checkpoints.restore(state["checkpoints"])
        restore_random_state(state["random"])
        say(f"training goes on from step {self.done} of {self.steps}")


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weights decay; biases and normalisation scales, which are vectors, do not."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
