"""Stochastic batches: uncertainty judged batch by batch, not slice by slice.

Gaillochet et al., Active learning for medical image segmentation with stochastic batches,
Medical Image Analysis 2023, arXiv 2301.07670.
"""

import numpy as np

from altui.query.draft import Draft
from altui.query.layout import IntArray
from altui.query.pool import Batch, Pool, Rules
from altui.query.ranking import known
from altui.query.uncertainty import said, uncertainty

DRAWS = 200


def stochastic_batch(pool: Pool, rules: Rules, draws: int = DRAWS) -> Batch:
    """Of many random batches, each within the rules, the one with the highest mean entropy.

    Random batches are diverse, and the best of them is uncertain too. Slices without a
    score count as certain.
    """
    draft = Draft(pool, rules)
    score = uncertainty(pool, rules, "entropy")
    worth = np.where(np.isfinite(score), score, 0).astype(np.float64)
    rng = rules.rng()
    best_order, best = np.arange(pool.layout.n), (0, 0.0)  # slices, and their mean
    every = []
    for _ in range(draws):
        order = rng.permutation(pool.layout.n)
        members = drawn(draft.fork(), order)
        if not len(members):
            break
        every.append(float(worth[members].mean()))
        if (len(members), every[-1]) > best:
            best_order, best = order, (len(members), every[-1])
    return draft.fill(
        best_order,
        lambda position, place: (
            known(score[position]),
            f"in the most uncertain of {draws} random batches: mean {said('entropy', rules)} "
            f"{best[1]:.3f}, {np.mean(every):.3f} in all of them",
        ),
    )


def drawn(draft: Draft, order: IntArray) -> IntArray:
    """The positions of the batch that the rules make of a random order."""
    members: list[int] = []
    for position in draft.down(order):
        if len(members) == draft.rules.budget:
            break
        draft.claim(position)
        members.append(position)
    return np.array(members, np.int64)
