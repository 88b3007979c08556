"""Whether a mask differs from the prediction far more than other slices' labels did."""

from collections.abc import Sequence

import numpy as np

from altui.labels.checks.remark import Remark
from altui.text import count

FEWEST = 8  # labels to compare with; fewer say nothing
FAR = 4.0  # robust standard deviations
LEAST_SPREAD = 0.25  # of the logarithms: some 25 %, where the labels happen to be much alike
FLOOR = 0.002  # of the pixels: below, shares are as good as equal
NOTABLE = 0.02  # of the pixels; less is not worth a person's time


def check_disagreement(share: float, others: Sequence[float]) -> Remark | None:
    """`share`: of the pixels, 0..1, that differ from the prediction; `others`: the same of
    labelled slices, each beside the prediction of a network that had not seen it.

    Far is far from their median by the median absolute deviation, both of logarithms: a few
    bad labels among them move neither (Leys et al., J. Exp. Soc. Psychol. 49, 2013).
    """
    if len(others) < FEWEST:
        return None
    logs = np.log(np.maximum(others, FLOOR))
    middle = float(np.median(logs))
    spread = max(1.4826 * float(np.median(np.abs(logs - middle))), LEAST_SPREAD)
    limit = max(float(np.exp(middle + FAR * spread)), NOTABLE)
    if share <= limit:
        return None
    median = float(np.median(others))
    return Remark(
        "disagreement",
        f"differs from the prediction in {share:.1%} of the pixels; the labels of "
        f"{count(len(others), 'other slice')} did in {median:.1%} (median), and more than "
        f"{limit:.1%} is far from them",
        {
            "disagreement": round(share, 5),
            "median": round(median, 5),
            "limit": round(limit, 5),
            "slices": len(others),
        },
    )
