"""Whether a mask differs from the prediction far more than other slices' labels did."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from altui.labels.checks.agreement import Apart
from altui.labels.checks.remark import Remark
from altui.text import count

FEWEST = 8  # labels to compare with; fewer say nothing
NEWEST = 16  # that count: networks get better, and what the first ones missed hides what is bad
FAR = 3.5  # robust standard deviations
LEAST_SPREAD = 0.25  # of the logits, where the labels happen to be much alike
EDGE = 0.002  # nearer to 0 or 1, disagreements are as good as equal
NOTABLE = 0.01  # of all pixels; less is not worth a person's time
POOR = 0.7  # labels' median disagreement, from which on a network is no judge


def check_disagreement(apart: Apart, others: Sequence[float]) -> Remark | None:
    """`others`: the disagreements, 0..1, of labelled slices, each with the prediction of a
    network that had not seen it, oldest first.

    Far is far from their median by the median absolute deviation, both of logits: a few bad
    labels among them move neither (Leys et al., J. Exp. Soc. Psychol. 49, 2013).
    """
    others = others[-NEWEST:]
    if len(others) < FEWEST or apart.share < NOTABLE:
        return None
    logits = _logit(np.array(others))
    middle = float(np.median(logits))
    spread = max(1.4826 * float(np.median(np.abs(logits - middle))), LEAST_SPREAD)
    median, limit = (1 / (1 + np.exp(-far)) for far in (middle, middle + FAR * spread))
    if median > POOR or _logit(np.array(apart.disagreement)) <= middle + FAR * spread:
        return None
    return Remark(
        "disagreement",
        f"differs from the prediction in {apart.disagreement:.0%} of what either marks; the "
        f"labels of {count(len(others), 'other slice')} did in {median:.0%} (median), and more "
        f"than {limit:.0%} is far from them",
        {
            "disagreement": round(apart.disagreement, 4),
            "pixels": round(apart.share, 4),
            "median": round(float(median), 4),
            "limit": round(float(limit), 4),
            "slices": len(others),
        },
    )


def _logit(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inside = np.clip(shares, EDGE, 1 - EDGE)
    logits: npt.NDArray[np.float64] = np.log(inside / (1 - inside))
    return logits
