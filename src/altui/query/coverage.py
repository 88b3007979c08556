"""Coverage: uncertain slices that stand for many like them.

Greedy weighted k-medoids, a facility-location problem (Wei, Iyer and Bilmes, Submodularity in
Data Subset Selection and Active Learning, ICML 2015; with uncertainty as the weight, as in
Zhdanov, arXiv 1901.05954). A core-set takes the odd slices, an uncertainty ranking look-alikes;
this takes what brings most uncertain slices nearer to a label.
"""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.layout import BoolArray, Floats, IntArray
from altui.query.pool import Batch, Pool, Rules
from altui.query.uncertainty import said, uncertainty

MOST_IN_CROWD = 2000  # slices that stand for the pool: 150 MB of distances for 20,000 slices
TOGETHER = 1024  # candidates weighed in one go

Distances = npt.NDArray[np.float32]


def coverage(pool: Pool, rules: Rules) -> Batch:
    """Each pick takes most off the sum, over the pool, of entropy times distance to the nearest
    label, in the standardised embedding. Slices without an embedding come last.
    """
    draft = Draft(pool, rules)
    points, known = standardised(pool.column("embedding"))
    crowd = spread(np.flatnonzero(known & draft.candidates))
    weight = weights(uncertainty(pool, rules, "entropy")[crowd])
    apart = distances(points, points[crowd])
    room = apart.max(0, initial=0)
    for centre in np.flatnonzero((draft.labelled | draft.kept) & known):
        room = np.minimum(room, apart[centre])
    whole = float(room @ weight)
    while draft.wanted and (allowed := draft.allowed()).any():
        gain = np.where(known, gains(apart, room, weight), -1)
        position = int(np.argmax(np.where(allowed, gain, -np.inf)))
        score, why = None, "not scored"
        if known[position]:
            score = float(gain[position]) / whole if whole else 0.0
            why = (
                f"brings the pool {100 * score:.1f} % nearer to labels, in the embedding and "
                f"weighed by {said('entropy', rules)}"
            )
            room = np.minimum(room, apart[position])
        draft.take(position, score, why, gain > gain[position])
    return draft.batch()


def standardised(embedding: Floats) -> tuple[Floats, BoolArray]:
    """(n, d) features with mean 0 and deviation 1 over the pool; (n,) whether there are any."""
    known: BoolArray = np.logical_and.reduce(np.isfinite(embedding), axis=1)
    if not known.any():
        return np.zeros_like(embedding, np.float32), known
    found = embedding[known].astype(np.float64)
    deviation = found.std(0)
    points = np.zeros(embedding.shape, np.float32)
    points[known] = (found - found.mean(0)) / np.where(deviation > 0, deviation, 1)
    return points, known


def spread(positions: IntArray) -> IntArray:
    """At most MOST_IN_CROWD of them, evenly spaced."""
    if len(positions) <= MOST_IN_CROWD:
        return positions
    return positions[np.linspace(0, len(positions) - 1, MOST_IN_CROWD).astype(np.int64)]


def weights(entropy: Floats) -> Distances:
    """(m,) how much each slice counts: its entropy, or all alike where that says nothing."""
    weight = np.where(np.isfinite(entropy), entropy, 0).astype(np.float32).clip(min=0)
    return weight if weight.any() else np.ones_like(weight)


def distances(points: Floats, crowd: Floats) -> Distances:
    """(n, m) Euclidean."""
    squares = np.einsum("nd,nd->n", points, points)
    of_crowd = np.einsum("md,md->m", crowd, crowd)
    apart: Distances = points @ crowd.T
    apart *= -2
    apart += squares[:, None]
    apart += of_crowd
    return np.sqrt(apart.clip(min=0, out=apart), out=apart)


def gains(apart: Distances, room: Distances, weight: Distances) -> npt.NDArray[np.float32]:
    """(n,) what each slice would take off the weighed distances `room` (m,)."""
    found = np.empty(len(apart), np.float32)
    for start in range(0, len(apart), TOGETHER):
        part = np.s_[start : start + TOGETHER]
        found[part] = (room - apart[part]).clip(min=0) @ weight
    return found
