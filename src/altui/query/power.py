"""Power acquisition: top scores with noise, so that a batch is not eight times the same slice.

Kirsch et al., Stochastic Batch Acquisition, TMLR 2023, arXiv 2106.12059: the top k of
log s + ε, ε ~ Gumbel(0, 1/β), are k draws without replacement with chances s^β.
"""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.pool import Batch, Pool, Rules
from altui.query.ranking import known, ranked
from altui.query.uncertainty import said, uncertainty

BETA = 1.0  # the paper's; higher is nearer to the plain top k
SMALLEST = 1e-12  # scores below are alike, 0 included, and left to the noise


def power(
    score: npt.NDArray[np.floating], beta: float, noise: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(n,) log score plus noise / β; NaN where the score is no number.

    `score`: (n,) ≥ 0. `noise`: (n,) standard Gumbel draws.
    """
    finite = np.where(np.isfinite(score), score, 0).astype(np.float64)
    noised = np.log(np.maximum(finite, SMALLEST)) + noise / beta
    return np.where(np.isfinite(score), noised, np.nan)


def power_bald(pool: Pool, rules: Rules, beta: float = BETA) -> Batch:
    """The committee's disagreement, with power noise."""
    draft = Draft(pool, rules)
    score = uncertainty(pool, rules, "bald")
    total = int(draft.candidates.sum())
    plain = draft.places(ranked(score))

    def explain(position: int, place: int) -> tuple[float | None, str]:
        if not np.isfinite(score[position]):
            return None, f"not scored: place {place} of {total}"
        return known(score[position]), (
            f"{said('bald', rules)}: place {plain[position]} of {total}, "
            f"with noise (β = {beta:g}) place {place}"
        )

    return draft.fill(ranked(power(score, beta, rules.rng().gumbel(size=draft.layout.n))), explain)
