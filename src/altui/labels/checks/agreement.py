"""How far a mask and the network's prediction agree, and whether they would when turned."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from altui.labels.checks.orientation import TURNS, middles, step_of
from altui.metrics import cohen_kappa

Ids = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Turned:
    """Cohen's kappa with the prediction as the mask lies, and as it fits best when turned;
    `words`: how that is.
    """

    own: float
    best: float
    words: str

    def is_convincing(self) -> bool:
        """Whether another way round fits clearly better."""
        return self.best > LEAST and self.best - self.own > ADVANTAGE

    def speaks_for_own(self) -> bool:
        """Whether the mask lies as the prediction does, so that nothing else need be asked."""
        return self.own > LEAST and self.own - self.best > ADVANTAGE


LEAST, ADVANTAGE = 0.5, 0.15  # of kappa


def compare_turned(mask: Ids, prediction: Ids, classes: int) -> Turned:
    """`mask`, `prediction`: (height, width) class ids; ids from `classes` on do not count."""
    small, wanted = (middles(one, step_of(one)) for one in (mask, prediction))
    best, words = -1.0, ""
    for name, turn in TURNS.items():
        turned = turn(small)
        if turned.shape == wanted.shape:
            fit = _kappa(turned, wanted, classes)
            if fit > best:
                best, words = fit, name
    return Turned(_kappa(small, wanted, classes), best, words)


def _kappa(one: Ids, other: Ids, classes: int) -> float:
    """0 where they share no pixel that counts."""
    counted = (one < classes) & (other < classes)
    pairs = one[counted].astype(np.intp) * classes + other[counted]
    table = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return cohen_kappa(table) or 0.0


def share_apart(mask: Ids, prediction: Ids, ignore: int) -> float:
    """Share of the pixels, 0..1, that are of different classes; ignored ones do not count."""
    counted = mask.size - int(np.count_nonzero(mask == ignore))
    apart = int(np.count_nonzero((mask != prediction) & (mask != ignore)))
    return apart / counted if counted else 0.0
