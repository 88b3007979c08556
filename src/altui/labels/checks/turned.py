"""Whether a mask lies the right way round: on the prediction, and on the image's edges."""

from collections.abc import Callable

from altui.config import Classes
from altui.labels.checks.agreement import Ids, compare_turned
from altui.labels.checks.orientation import Array, fit_edges
from altui.labels.checks.remark import Figure, Remark


def check_turn(
    mask: Ids, prediction: Ids | None, gradients: Callable[[], Array] | None, classes: Classes
) -> Remark | None:
    """`mask`, `prediction`: (height, width). The image's `gradients` are only asked for where the
    prediction does not speak for the mask as it lies.
    """
    figures: dict[str, Figure] = {}
    if prediction is not None:
        turned = compare_turned(mask, prediction, len(classes.names))
        if turned.speaks_for_own():
            return None
        figures = {"agreement": round(turned.own, 4), "agreement_turned": round(turned.best, 4)}
        if turned.is_convincing():
            return _remark(f"agrees with the prediction far better {turned.words}", figures)
    fit = None if gradients is None else fit_edges(mask, gradients(), classes.ignore)
    if fit is None or not fit.is_convincing():
        return None
    figures |= {"edges": round(fit.own, 3), "edges_turned": round(fit.best, 3)}
    return _remark(f"fits the image better {fit.words}", figures)


def _remark(message: str, figures: dict[str, Figure]) -> Remark:
    return Remark("orientation", f"{message}: check how it was saved", figures)
