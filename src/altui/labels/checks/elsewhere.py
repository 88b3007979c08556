"""Whether a mask lies on the image of another slice that was asked for, as a mistaken name or two
that were exchanged would have it.
"""

from collections.abc import Callable, Sequence

from altui.labels.checks.orientation import Array, edges_of
from altui.labels.checks.remark import Remark
from altui.slices import SliceId

LEAST = 0.5  # of a fit that is believed: half as strong again as elsewhere
ADVANTAGE = 1.5  # how much better another slice's image must fit
MOST = 24  # other slices that are looked at
AGREES = 0.2  # a disagreement with the slice's own prediction below which nothing is asked


def fits_better(elsewhere: Remark | None, turned: Remark | None) -> bool:
    """Whether another slice's image is the better explanation than the own one turned."""
    if elsewhere is None or turned is None or "edges_turned" not in turned.figures:
        return False
    return float(elsewhere.figures["edges_there"]) > float(turned.figures["edges_turned"])


def check_elsewhere(
    mask: Array,
    slice_id: SliceId,
    others: Sequence[SliceId],
    gradients_of: Callable[[SliceId], Array | None],
    ignore: int,
) -> Remark | None:
    """`mask`: (height, width); `others`: slices of its size; `gradients_of`: those of a
    slice's image, None where it cannot be read.
    """
    edge = edges_of(mask, ignore)
    if edge is None:
        return None

    def fit(one: SliceId) -> float:
        gradients = gradients_of(one)
        overall = float(gradients.mean()) if gradients is not None else 0.0
        if gradients is None or not overall > 0:
            return -1.0
        return float(gradients.ravel()[edge].mean()) / overall - 1

    near = sorted(others, key=lambda one: (one.sample != slice_id.sample, one))[:MOST]
    fits = {one: fit(one) for one in near}
    best = max(fits, key=lambda one: fits[one], default=None)
    if best is None or fits[best] <= LEAST:
        return None
    own = fit(slice_id)
    if fits[best] <= ADVANTAGE * max(own, 0.0):
        return None
    return Remark(
        "another-slice",
        f"fits the image of {best} far better than that of {slice_id}: check its name",
        {"slice": str(best), "edges": round(own, 3), "edges_there": round(fits[best], 3)},
    )
