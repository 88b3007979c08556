"""A batch in the making: slice after slice, within the quota and the gap."""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from itertools import chain
from math import ceil

import numpy as np

from altui.query.layout import BoolArray, IntArray
from altui.query.pool import Batch, Pick, Pool, Rules
from altui.slices import SliceId
from altui.text import count

Explain = Callable[[int, int], tuple[float | None, str]]


class Draft:
    """What the rules still allow, and what has been taken.

    A slice that a rule forbids stays forbidden while the batch grows. The neighbours of
    rejected slices look like them, so they are passed over as long as others are left.
    """

    def __init__(self, pool: Pool, rules: Rules) -> None:
        self.layout = pool.layout
        self.rules = rules
        self.quota = sample_quota(pool, rules)
        self.labelled = self.layout.mask(pool.labelled)
        self.kept = self.layout.mask(pool.kept)
        self.rejected = self.layout.mask(pool.rejected)
        self.candidates: BoolArray = ~(self.labelled | self.kept | self.rejected)
        self.picks: list[Pick] = []
        self._reach = max(rules.min_gap, 1) - 1  # slices on each side that a chosen one forbids
        self._free = self.candidates.copy()
        self._taken = np.zeros(self.layout.n, np.bool_)
        self._shunned = np.zeros(self.layout.n, np.bool_)
        self._left = np.full(len(self.layout.names), self.quota)
        for position in np.flatnonzero(self.labelled | self.kept):
            self._free[self.layout.around(int(position), self._reach)] = False
        for position in np.flatnonzero(self.rejected):
            self._shunned[self.layout.around(int(position), self._reach)] = True
        for number, kept in Counter(self.layout.sample[self.kept].tolist()).items():
            self._spend(number, kept)

    @property
    def wanted(self) -> int:
        """How many slices the batch still lacks."""
        return self.rules.budget - int(self._taken.sum())

    def fork(self) -> "Draft":
        """A copy to try something out on."""
        other = copy(self)
        other._free, other._taken = self._free.copy(), self._taken.copy()
        other._left, other.picks = self._left.copy(), list(self.picks)
        return other

    def allowed(self) -> BoolArray:
        """(n,) what may be taken next."""
        fresh = self._free & ~self._shunned
        return fresh if fresh.any() else self._free

    def down(self, order: IntArray) -> Iterator[int]:
        """The positions that are allowed, best first; take each before asking for the next.

        `order`: positions, best first.
        """
        open_ones = order[self._free[order]]
        for shun in (True, False):
            for position in open_ones:
                if self._free[position] and not (shun and self._shunned[position]):
                    yield int(position)

    def claim(self, position: int) -> None:
        """Take a slice without a word."""
        self._taken[position] = True
        self._free[self.layout.around(position, self._reach)] = False
        self._spend(int(self.layout.sample[position]), 1)

    def take(self, position: int, score: float | None, why: str, better: BoolArray) -> None:
        """Take a slice; `better`: (n,) those that the strategy puts before it."""
        slice_id = self.layout.slice_at(position)
        reasons = (why, *self._skips(better), self._nearest(position))
        self.picks.append(Pick(slice_id, score, reasons))
        self.claim(position)

    def fill(self, order: IntArray, explain: Explain, then: IntArray | None = None) -> Batch:
        """Take from `order`, best first, and when nothing in it is allowed any more from `then`,
        until the budget is met.

        `explain(position, place)` gives its score and the reason for its place (from 1,
        among the candidates).
        """
        orders = [order] if then is None else [order, then]
        place = self.places(np.concatenate(orders))
        for position in chain.from_iterable(map(self.down, orders)):
            if not self.wanted:
                break
            score, why = explain(position, int(place[position]))
            self.take(position, score, why, place < place[position])
        return self.batch()

    def places(self, order: IntArray) -> IntArray:
        """(n,) each candidate's place in `order`, from 1; n + 1 for the others."""
        place = np.full(self.layout.n, self.layout.n + 1, np.int64)
        ranked = order[self.candidates[order]]
        place[ranked] = np.arange(1, len(ranked) + 1)
        return place

    def batch(self) -> Batch:
        return Batch(tuple(self.picks), self._shortfall())

    def refusal(self, slice_id: SliceId) -> str:
        """Which rule forbids a slice, in words; empty where it may be taken."""
        position = self.layout.position(slice_id)
        if position is None:
            return "is not in the pool"
        for mask, words in (
            (self._taken, "is chosen twice"),
            (self.labelled, "has a label already"),
            (self.kept, "is in the batch already"),
            (self.rejected, "was rejected"),
        ):
            if mask[position]:
                return words
        if self._left[self.layout.sample[position]] <= 0:
            return f"is over its sample's share of {self.quota} (max_per_sample)"
        if not self._free[position]:
            return f"lies within {self.rules.min_gap} slices of a labelled or chosen one (min_gap)"
        return ""

    def _spend(self, number: int, slices: int) -> None:
        self._left[number] -= slices
        if self._left[number] <= 0:
            self._free[self.layout.whole(number)] = False

    def _blocked(self, among: BoolArray) -> tuple[int, int, int]:
        """How many of these that are not taken the quota, the gap and nothing forbids."""
        waiting = among & self.candidates & ~self._taken
        spent = (self._left <= 0)[self.layout.sample]
        quota = int((waiting & spent).sum())
        free = int((waiting & self._free).sum())
        return quota, int(waiting.sum()) - quota - free, free

    def _skips(self, better: BoolArray) -> tuple[str, ...]:
        quota, gap, free = self._blocked(better)
        near = f"within {self.rules.min_gap} slices of a"
        found = (
            (quota, f"{self.quota} of their sample already chosen"),
            (gap, f"{near} labelled or chosen one"),
            (free, f"{near} rejected one"),
        )
        return tuple(f"passed over {many} above it: {why}" for many, why in found if many)

    def _nearest(self, position: int) -> str:
        labelled = self.layout.around(position, self.layout.n)
        places = np.flatnonzero(self.labelled[labelled]) + labelled.start
        if not len(places):
            return "no slice of this sample is labelled yet"
        nearest = int(places[np.argmin(abs(places - position))])
        away = count(abs(nearest - position), "slice")
        return f"nearest labelled slice {away} away: {self.layout.slice_at(nearest)}"

    def _shortfall(self) -> str:
        """Why fewer slices than the budget were chosen; empty when it was met."""
        picked, budget = int(self._taken.sum()), self.rules.budget
        if picked >= budget:
            return ""
        only = f"only {picked} of {budget}" + " more" * bool(self.kept.any())
        quota, gap, free = self._blocked(self.candidates)
        left = quota + gap + free
        if not left:
            return f"{only}: no other slice of the pool is left"
        near = f"lie within {self.rules.min_gap} slices of a labelled or chosen one (min_gap)"
        causes = [f"{gap} {near}"] if gap else []
        causes += [f"{quota} are of samples with their share (max_per_sample)"] if quota else []
        causes += [f"{free} were not wanted"] if free else []
        return f"{only}: of {count(left, 'slice')} left, {' and '.join(causes)}"


def sample_quota(pool: Pool, rules: Rules) -> int:
    """`max_per_sample`, or more where the samples are too few to fill the batch with it."""
    if not pool.slices:
        return rules.max_per_sample
    batch = rules.budget + len(pool.kept)
    return max(rules.max_per_sample, ceil(batch / len(pool.slices)))
