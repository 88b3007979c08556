"""The most uncertain slices first, by one measure of uncertainty."""

from collections.abc import Callable

from altui.query.layout import Floats
from altui.query.pool import Batch, Pool, Rules
from altui.query.ranking import by_score

OVER = {
    "foreground": "over the predicted foreground",
    "mean": "over the whole slice",
    "top": "over its most uncertain pixels",
}
WORDS = {
    "entropy": "entropy",
    "margin": "closeness of the two likeliest classes",
    "confidence": "lack of confidence",
    "bald": "committee's disagreement",
}


def uncertainty(pool: Pool, rules: Rules, measure: str) -> Floats:
    """(n,) mean uncertainty of a slice's pixels, 0..1; NaN where it was not scored.

    `measure`: one of `WORDS`. A mean, never a sum, which would favour large slices, nor a
    maximum, which is one pixel's noise. Raises AltuiError where the scores lack it.
    """
    return pool.column(f"{measure}_{rules.aggregation}")


def said(measure: str, rules: Rules) -> str:
    """'entropy over the predicted foreground'."""
    return f"{WORDS[measure]} {OVER[rules.aggregation]}"


def most_uncertain(measure: str) -> Callable[[Pool, Rules], Batch]:
    """The strategy that ranks by one measure, highest first; ties in the samples' order.

    Settles, Active Learning Literature Survey, 2009, section 3.1 (entropy, margin, least
    confidence); Houlsby et al., arXiv 1112.5745 (BALD).
    """

    def choose(pool: Pool, rules: Rules) -> Batch:
        return by_score(pool, rules, uncertainty(pool, rules, measure), said(measure, rules))

    return choose
