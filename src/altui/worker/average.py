"""A moving average of a network's weights, which is what gets used in the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

EVERY = 4  # steps from one update to the next: an average does not need them all


class Average:
    """The exponential moving average of a module's weights and batch statistics.

    Polyak averaging, as in Mean Teacher (Tarvainen and Valpola, 2017, arXiv 1703.01780). Batch
    normalisation's running statistics are averaged likewise: those of the last step belong
    to other weights. `horizon`: how many steps the average reaches back; below EVERY steps
    there is no average, and the weights are the last ones.
    """

    def __init__(self, module: nn.Module, horizon: float) -> None:
        self._live = [
            tensor for tensor in module.state_dict().values() if tensor.is_floating_point()
        ]
        self._kept = [tensor.clone() for tensor in self._live]
        self._decay = max(1 - EVERY / horizon, 0.0) if horizon > EVERY else 0.0
        self._updates = 0

    @property
    def active(self) -> bool:
        return self._decay > 0

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps."""
        if not self.active or step % EVERY:
            return
        self._updates += 1
        # At first the mean of all so far, so that the random first weights are forgotten.
        share = max(1 - self._decay, 1 / self._updates)
        torch._foreach_lerp_(self._kept, self._live, share)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within, the module has the averaged weights."""
        if not self._updates:
            yield
            return
        with torch.no_grad():
            own = [tensor.clone() for tensor in self._live]
            torch._foreach_copy_(self._live, self._kept)
            try:
                yield
            finally:
                torch._foreach_copy_(self._live, own)

    def state(self) -> dict[str, object]:
        return {"tensors": self._kept if self.active else [], "updates": self._updates}

    def restore(self, state: dict[str, object]) -> None:
        tensors = state["tensors"]
        assert isinstance(tensors, list)
        for kept, tensor in zip(self._kept, tensors, strict=self.active):
            kept.copy_(tensor)
        self._updates = int(str(state["updates"]))
