"""The frozen part of the pool, on which rounds are compared."""

import hashlib
from collections.abc import Mapping

from altui.slices import SliceId

WANTED = 200  # slices


def frozen(slices: Mapping[str, int], wanted: int = WANTED) -> frozenset[SliceId]:
    """About `wanted` slices, as many of each sample: the same ones in every round.

    `slices`: of each sample, labelled or not. Chosen by the lowest SHA-256 of their names: no
    seed, no state, and a sample that comes or goes hardly changes those of the others.
    """
    each = -(-wanted // max(len(slices), 1))
    return frozenset(
        one
        for sample, count in slices.items()
        for one in sorted((SliceId(sample, index) for index in range(count)), key=_digest)[:each]
    )


def _digest(one: SliceId) -> bytes:
    return hashlib.sha256(str(one).encode()).digest()
