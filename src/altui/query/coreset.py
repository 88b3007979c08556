"""Core-set: slices that leave no part of the pool far from a label.

Sener & Savarese, Active Learning for Convolutional Neural Networks, ICLR 2018, arXiv
1708.00489: k-center greedy on the network's features.
"""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.layout import BoolArray, Floats, IntArray
from altui.query.pool import Batch, Pool, Rules

TOGETHER = 256  # centres measured against the pool in one go: 20 MB for 20,000 slices


def coreset(pool: Pool, rules: Rules) -> Batch:
    """Each pick is the slice farthest from its nearest centre, in the embedding.

    The labelled slices and those already in the batch are the first centres. Slices
    without an embedding come last.
    """
    draft = Draft(pool, rules)
    space = Space(pool.column("embedding"))
    space.add(np.flatnonzero((draft.labelled | draft.kept) & space.known))
    while draft.wanted and (allowed := draft.allowed()).any():
        far = space.distance()
        position = int(np.argmax(np.where(allowed, far, -np.inf)))
        score, why = None, "not scored"
        if space.known[position] and space.centres:
            score = float(far[position])
            nearest = draft.layout.slice_at(int(space.nearest[position]))
            why = f"{score:.3g} from {nearest}, the nearest of {space.centres} in the embedding"
        elif space.known[position]:
            why = "nearest to the embedding's mean: no slice is labelled yet"
        draft.take(position, score, why, far > far[position])
        if space.known[position]:
            space.add(np.array([position]))
    return draft.batch()


class Space:
    """Points and their nearest centres, by Euclidean distance.

    `known`: (n,) whether a point is one. `nearest`: (n,) the centre nearest to each.
    """

    def __init__(self, points: Floats) -> None:
        """`points`: (n, d); those that hold NaN or are infinite are none."""
        known: BoolArray = np.logical_and.reduce(np.isfinite(points), axis=1)
        mean = points[known].mean(0, dtype=np.float64).astype(np.float32) if known.any() else 0
        # Around the mean, squares are small, and little is lost in |a|² + |b|² - 2ab.
        with np.errstate(over="ignore", invalid="ignore"):
            self._points: Floats = np.where(known[:, None], points - mean, np.float32(0))
            self._squares = np.einsum("nd,nd->n", self._points, self._points)
        self.known: BoolArray = known & np.isfinite(self._squares)
        self._points[~self.known] = 0
        self._squares[~self.known] = 0
        self._closest: npt.NDArray[np.float32] = np.full(len(points), np.inf, np.float32)
        self.nearest: IntArray = np.full(len(points), -1)
        self.centres = 0

    def add(self, centres: IntArray) -> None:
        """Make points (positions) centres."""
        for start in range(0, len(centres), TOGETHER):
            some = centres[start : start + TOGETHER]
            apart = self._squares[some] - 2 * (self._points @ self._points[some].T)
            best = apart.argmin(1)
            square = (apart[np.arange(len(best)), best] + self._squares).clip(min=0)
            closer = square < self._closest
            self._closest[closer] = square[closer]
            self.nearest[closer] = some[best[closer]]
            self._closest[some] = 0
            self.nearest[some] = some
        self.centres += len(centres)

    def distance(self) -> npt.NDArray[np.float64]:
        """(n,) how much each point is wanted: its distance to the nearest centre, without
        centres its nearness to the mean; -1 for what is no point, which comes last.
        """
        if self.centres:
            return np.where(self.known, np.sqrt(self._closest.astype(np.float64)), -1.0)
        return np.where(self.known, 1 / (1 + self._squares.astype(np.float64)), -1.0)
