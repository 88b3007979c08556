"""A training's loss over its steps, read on as the job writes."""

import math

from altui.jobs.folder import JobFolder

MOST = 120  # points: finer than a terminal can show

Points = tuple[tuple[float, float], ...]  # (step, loss)


class Losses:
    """Of one job; not to be shared between threads."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self._read = 0  # bytes of its progress
        self._found: list[tuple[int, float]] = []

    def points(self) -> Points:
        """Means over equal numbers of steps, a round number each, at the last step of each."""
        lines, self._read = self.folder.progress_from(self._read)
        for line in lines:
            if line.stage == "train" and line.loss is not None and math.isfinite(line.loss):
                # One that was killed and goes on begins some steps before it ended.
                while self._found and self._found[-1][0] >= line.step:
                    self._found.pop()
                self._found.append((line.step, line.loss))
        return averaged(self._found)


def averaged(found: list[tuple[int, float]]) -> Points:
    """At most about `MOST` points."""
    if not found:
        return ()
    width = _round_up(found[-1][0] / MOST)
    groups: dict[int, list[float]] = {}
    for step, loss in found:
        groups.setdefault(math.ceil(step / width), []).append(loss)
    last = found[-1][0]
    return tuple(
        (float(min(place * width, last)), math.fsum(losses) / len(losses))
        for place, losses in groups.items()
    )


def _round_up(number: float) -> int:
    """The least of 1, 2 or 5 × 10ⁿ, at least 1, that is not less than `number`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= number:
                return factor * power
        power *= 10
