"""Batches that follow a score: the highest first, within the rules."""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.layout import IntArray
from altui.query.pool import Batch, Pool, Rules


def ranked(key: npt.NDArray[np.floating]) -> IntArray:
    """Positions by `key` (n,), highest first; NaN and infinite ones last, ties in order."""
    finite = np.where(np.isfinite(key), key, -np.inf)
    return np.argsort(-finite, kind="stable")


def by_score(pool: Pool, rules: Rules, score: npt.NDArray[np.floating], words: str) -> Batch:
    """The highest scores first; `score` (n,) in the pool's layout, `words` what it is."""
    draft = Draft(pool, rules)
    total = int(draft.candidates.sum())
    return draft.fill(
        ranked(score),
        lambda position, place: (
            known(score[position]),
            f"{words if np.isfinite(score[position]) else 'not scored'}: place {place} of {total}",
        ),
    )


def known(score: np.floating) -> float | None:
    """A score as people see it; None for what is no number."""
    return float(score) if np.isfinite(score) else None
