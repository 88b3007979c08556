"""How far a mask and the network's prediction agree, and whether they would when turned."""

from dataclasses import dataclass
from typing import NamedTuple

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
    return cohen_kappa(_table(one, other, classes)) or 0.0


def table_of(mask: Ids, prediction: Ids, classes: int) -> npt.NDArray[np.int64]:
    """(classes, classes) pixels by class of the mask and of the prediction, of a small picture
    of both; ids from `classes` on do not count.
    """
    return _table(middles(mask, step_of(mask)), middles(prediction, step_of(mask)), classes)


def _table(one: Ids, other: Ids, classes: int) -> npt.NDArray[np.int64]:
    counted = (one < classes) & (other < classes)
    pairs = one[counted].astype(np.intp) * classes + other[counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


class Apart(NamedTuple):
    """How far a mask and a prediction differ: `share` of all pixels, and `disagreement`, of
    those that either gives a class other than background (a Jaccard distance over all such
    classes together); both 0..1.
    """

    share: float
    disagreement: float

    @property
    def marked(self) -> float:
        """The share of all pixels that either gives such a class; 0 where that is not known."""
        return self.share / self.disagreement if self.disagreement else 0.0


def compare(mask: Ids, prediction: Ids, ignore: int) -> Apart:
    """`mask`, `prediction`: (height, width) class ids; where the mask is ignored does not count."""
    counted = mask != ignore
    either = int(np.count_nonzero(((mask != 0) | (prediction != 0)) & counted))
    apart = int(np.count_nonzero((mask != prediction) & counted))
    return Apart(apart / max(int(np.count_nonzero(counted)), 1), apart / max(either, 1))
