"""`training.pt`: all that an unfinished training needs to go on as if nothing had happened."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from altui.files import write_bytes
from altui.jobs.folder import TRAINING
from altui.text import plain
from altui.worker.log import say

FORMAT = 1
MOST_TIME = 0.03  # of the training, spent on saving it

State = dict[str, Any]


class SavedTraining:
    """Saves a training now and then, and finds the one that a killed process left.

    `key`: what the training is about; a file with another key is of another training.
    `seconds`: at least so long from one saving to the next, longer where saving is slow.
    """

    def __init__(self, folder: Path, key: str, seconds: float) -> None:
        self.path = folder / TRAINING
        self.key = key
        self.seconds = seconds
        self._last = time.monotonic()
        self._took = 0.0

    def find(self) -> State | None:
        """What was saved; None, with a line in the log, where nothing there can be used."""
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            if content["format"] == FORMAT and content["key"] == self.key:
                state: State = content["state"]
                return state
            reason = "it is of another training (labels or settings changed since)"
        except Exception as error:  # a damaged file raises whatever it likes
            reason = plain((str(error).splitlines() or [type(error).__name__])[0])
        say(f"{TRAINING} cannot be used, so training starts anew: {reason}")
        return None

    def save_if_due(self, state: Callable[[], State]) -> None:
        """Save what `state` returns, if the last time is long enough ago."""
        began = time.monotonic()
        if began - self._last < max(self.seconds, self._took / MOST_TIME if self.seconds else 0):
            return
        # By way of memory: writing straight to a full disk, torch dies in words of its own.
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "key": self.key, "state": state()}, buffer)
        try:
            write_bytes(self.path, buffer.getvalue())
        except OSError as error:  # no reason to lose the training itself
            say(f"{TRAINING} cannot be written: {plain(error)}")
        self._last = time.monotonic()
        self._took = self._last - began

    def remove(self) -> None:
        """The training is done, and its network is safe."""
        self.path.unlink(missing_ok=True)


def random_state() -> State:
    """Torch's generators; those of the crops are seeded anew at each step."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "gpus": gpus}


def restore_random_state(state: State) -> None:
    torch.set_rng_state(state["cpu"])
    if len(state["gpus"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["gpus"])
