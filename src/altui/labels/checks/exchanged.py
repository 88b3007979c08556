"""Whether classes were exchanged, as by a tool that numbers them in an order of its own."""

import numpy as np
import numpy.typing as npt

from altui.config import Classes
from altui.labels.checks.agreement import Ids, table_of
from altui.labels.checks.remark import Remark
from altui.metrics import cohen_kappa
from altui.text import plain

LEAST_SHARE = 0.003  # of the pixels that count: less of a class says nothing
LEAST_PIXELS = 20
CLEARLY = 2  # times as many pixels of the other class as of its own


def check_exchanged(mask: Ids, prediction: Ids, classes: Classes) -> Remark | None:
    """`mask`, `prediction`: (height, width) class ids.

    Each of the classes must be another one to the prediction, and all of them together the same
    ones: a network that takes one class for another does not take that one for the first.
    """
    table = table_of(mask, prediction, len(classes.names))
    other = _exchanged(table)
    if not other:
        return None
    order = np.array([other.get(one, one) for one in range(len(table))])
    back = table[np.argsort(order)]
    names = " and ".join(plain(classes.names[one]) for one in other)
    return Remark(
        "exchanged",
        f"agrees with the prediction far better with {names} exchanged: check the order of the "
        "classes where it was drawn or saved",
        {
            "agreement": round(cohen_kappa(table) or 0.0, 4),
            "agreement_exchanged": round(cohen_kappa(back) or 0.0, 4),
        },
    )


def _exchanged(table: npt.NDArray[np.int64]) -> dict[int, int]:
    """The class that each exchanged one is to the prediction; `table[a, b]`: pixels that are `a`
    in the mask and `b` in the prediction.
    """
    least = max(LEAST_PIXELS, LEAST_SHARE * float(table.sum()))
    best = table.argmax(axis=1)
    other = {
        one: int(best[one])
        for one in range(len(table))
        if table[one, best[one]] > max(least, CLEARLY * table[one, one])
    }
    while other.keys() != set(other.values()):  # round by round, until they are the same classes
        other = {a: b for a, b in other.items() if b in other and a in other.values()}
    return other
