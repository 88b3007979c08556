"""Looks at the validation split during training: which weights are the best so far."""

import numpy as np
import torch

from altui.config import Training
from altui.metrics import mean_iou
from altui.text import count
from altui.worker.average import Average
from altui.worker.compute import Compute
from altui.worker.evaluate import confusion
from altui.worker.infer import Predictor
from altui.worker.log import say
from altui.worker.network import Network
from altui.worker.samples import OpenSample

SHARE = 0.05  # of the training's work, spent on all looks together
MOST_SLICES = 48  # a look; beyond, it says little more
TRAINING_COST = 3.0  # a step forward and back, in forward passes


class Checkpoints:
    """Keeps the averaged weights that did best on some slices of the validation split.

    The slices are the same at each look, spread evenly over the split; the looks are spread
    evenly over the training, the last one at its end. Without validation samples, or with
    `validations = 0`, the last weights are taken.
    """

    def __init__(
        self,
        network: Network,
        average: Average,
        compute: Compute,
        settings: Training,
        samples: list[OpenSample],
        steps: int,
    ) -> None:
        self.network = network
        self.average = average
        self.compute = compute
        self.settings = settings
        self.steps = steps
        looks = min(settings.validations, steps) if samples else 0
        self.at = {round(steps * (look + 1) / looks) for look in range(looks)}
        self.slices = spread(samples, self._affordable(samples, looks))
        self._best: dict[str, torch.Tensor] = {}
        self._best_miou, self._best_step = -1.0, 0

    def look(self, step: int) -> None:
        """Measure where a look is due after `step` steps, and keep the weights if they are best."""
        if step not in self.at:
            return
        with self.average.shown():
            miou = self._miou()
            self.network.train()
            if miou is None:  # no labelled pixel there
                return
            say(f"step {step} of {self.steps}: mIoU {miou:.4f} on {self._words()}")
            # A draw goes to the longer training.
            if miou >= self._best_miou:
                self._best_miou, self._best_step = miou, step
                self._best = {
                    name: tensor.detach().clone()
                    for name, tensor in self.network.inner.state_dict().items()
                }

    def take(self) -> None:
        """Give the network its final weights, and say which."""
        kind = "averaged weights" if self.average.active else "weights"
        if self._best:
            self.network.inner.load_state_dict(self._best)
            say(
                f"taken: the {kind} of step {self._best_step} of {self.steps}, the best on "
                f"{self._words()} (mIoU {self._best_miou:.4f})"
            )
            return
        with self.average.shown():
            last = {k: v.detach().clone() for k, v in self.network.inner.state_dict().items()}
        self.network.inner.load_state_dict(last)
        say(f"taken: the {kind} of the last step; none was compared on validation slices")

    def state(self) -> dict[str, object]:
        return {"best": self._best, "miou": self._best_miou, "step": self._best_step}

    def restore(self, state: dict[str, object]) -> None:
        best = state["best"]
        assert isinstance(best, dict)
        self._best = best
        self._best_miou, self._best_step = float(str(state["miou"])), int(str(state["step"]))

    @torch.inference_mode()
    def _miou(self) -> float | None:
        predictor = Predictor(self.network, self.compute, self.settings.tile)
        classes = self.network.classes
        total = np.zeros((classes, classes), np.int64)
        for sample, index in self.slices:
            images = predictor.stage(sample.channels(index)[None])
            predicted = predictor.probabilities(images).argmax(1).to(torch.uint8)
            total += confusion(sample.mask(index), predicted[0].cpu().numpy(), classes)
        return mean_iou(total) if total.any() else None

    def _affordable(self, samples: list[OpenSample], looks: int) -> int:
        """Slices a look."""
        if not looks:
            return 0
        crop = self.network.padded_side(self.settings.crop)
        training = TRAINING_COST * self.steps * self.settings.batch * crop**2
        pixels = sum(s.pixels for s in samples) / sum(s.images.slices for s in samples)
        return max(min(int(SHARE * training / (looks * pixels)), MOST_SLICES), 1)

    def _words(self) -> str:
        return count(len(self.slices), "validation slice")


def spread(samples: list[OpenSample], wanted: int) -> list[tuple[OpenSample, int]]:
    """`wanted` slices (all, if there are fewer), evenly spaced over the samples in a row."""
    every = [(sample, index) for sample in samples for index in range(sample.images.slices)]
    wanted = min(wanted, len(every))
    return [every[int((place + 0.5) * len(every) / wanted)] for place in range(wanted)]
