"""Whether a mask differs from the prediction far more than other slices' labels did."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from altui.labels.checks.agreement import Apart
from altui.labels.checks.remark import Remark
from altui.text import count

FEWEST = 8  # labels to compare with; fewer say nothing
FAR = 3.5  # robust standard deviations
LEAST_SPREAD = 0.25  # of the logits, where the labels happen to be much alike
EDGE = 0.002  # nearer to 0 or 1, disagreements are as good as equal
NOTABLE = 0.01  # of all pixels; less is not worth a person's time
POOR = 0.7  # labels' median disagreement, from which on a network is no judge
ALIKE = 1 / 3  # of the labels: those that mark most nearly as much


def check_disagreement(apart: Apart, others: Sequence[Apart]) -> Remark | None:
    """`others`: how far the labels of other slices are from the prediction of a network that had
    not seen them. Where little is marked, people and networks differ in more of it: only labels
    that mark about as much tell.

    Far is far from their median by the median absolute deviation, both of logits: a few bad
    labels among them move neither (Leys et al., J. Exp. Soc. Psychol. 49, 2013).
    """
    if len(others) < FEWEST or apart.share < NOTABLE:
        return None
    alike = _alike(apart, others)
    logits = _logit(np.array([other.disagreement for other in alike]))
    middle = float(np.median(logits))
    spread = max(1.4826 * float(np.median(np.abs(logits - middle))), LEAST_SPREAD)
    median, limit = (1 / (1 + np.exp(-far)) for far in (middle, middle + FAR * spread))
    if median > POOR or _logit(np.array(apart.disagreement)) <= middle + FAR * spread:
        return None
    return Remark(
        "disagreement",
        f"differs from the prediction in {apart.disagreement:.0%} of what either marks; the "
        f"labels of {count(len(alike), 'other slice')} that mark about as much did in {median:.0%} "
        f"(median), and more than {limit:.0%} is far from them",
        {
            "disagreement": round(apart.disagreement, 4),
            "pixels": round(apart.share, 4),
            "median": round(float(median), 4),
            "limit": round(float(limit), 4),
            "slices": len(alike),
        },
    )


def _alike(apart: Apart, others: Sequence[Apart]) -> Sequence[Apart]:
    """Those of which it is known, and enough of them; else all."""
    known = [other for other in others if other.marked]
    if len(known) < FEWEST or not apart.marked:
        return others
    known.sort(key=lambda other: round(abs(np.log(other.marked / apart.marked)), 3))
    return known[: max(FEWEST, round(ALIKE * len(known)))]


def _logit(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inside = np.clip(shares, EDGE, 1 - EDGE)
    logits: npt.NDArray[np.float64] = np.log(inside / (1 - inside))
    return logits
