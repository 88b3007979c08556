"""The walk down a ranking that keeps the quota and the gap."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import ceil

from altui.query.pool import Batch, Pick, Pool, Rules
from altui.slices import SliceId
from altui.text import count

Explain = Callable[[SliceId, int], tuple[float | None, str]]


class Spacing:
    """Remembers the chosen slices of each sample and tells how near a slice is to them."""

    def __init__(self, slices: Iterable[SliceId]) -> None:
        self._taken: dict[str, set[int]] = {}
        for taken in slices:
            self.add(taken)

    def add(self, taken: SliceId) -> None:
        self._taken.setdefault(taken.sample, set()).add(taken.index)

    def distance(self, to: SliceId) -> int | None:
        """Slices along z to the nearest taken one of the same sample; None where none is."""
        taken = self._taken.get(to.sample)
        return min(abs(index - to.index) for index in taken) if taken else None

    def blocks(self, wanted: SliceId, min_gap: int) -> bool:
        """Whether `wanted` lies nearer than `min_gap` to a taken slice."""
        distance = self.distance(wanted)
        return distance is not None and distance < max(min_gap, 1)


def take_in_order(ranking: Sequence[SliceId], pool: Pool, rules: Rules, explain: Explain) -> Batch:
    """Walk down `ranking` (best first) and take what the quota and the gap allow.

    `explain(slice, place)` gives its score and the reason for its place (from 1). The
    neighbours of rejected slices are passed over too, as long as others are left: they
    look the same.
    """
    quota = sample_quota(pool, rules)
    per_sample = Counter(kept.sample for kept in pool.kept)
    near = Spacing(pool.labelled | pool.kept)
    near_rejected = Spacing(pool.rejected)
    labelled = Spacing(pool.labelled)
    picks: list[Pick] = []
    chosen: set[SliceId] = set()
    skipped: Counter[str] = Counter()
    for shun_rejected in (True, False):
        skipped.clear()
        for place, candidate in enumerate(ranking, start=1):
            if len(picks) == rules.budget:
                break
            if candidate in chosen:
                continue
            if per_sample[candidate.sample] >= quota:
                skipped["quota"] += 1
            elif near.blocks(candidate, rules.min_gap):
                skipped["gap"] += 1
            elif shun_rejected and near_rejected.blocks(candidate, rules.min_gap):
                skipped["rejected"] += 1
            else:
                score, why = explain(candidate, place)
                reasons = (
                    why,
                    *_skips(skipped, quota, rules.min_gap),
                    _nearest(candidate, labelled),
                )
                picks.append(Pick(candidate, score, reasons))
                chosen.add(candidate)
                near.add(candidate)
                per_sample[candidate.sample] += 1
    return Batch(tuple(picks), shortfall(len(picks), rules, len(ranking), skipped))


def sample_quota(pool: Pool, rules: Rules) -> int:
    """`max_per_sample`, or more where the samples are too few to fill the batch with it."""
    if not pool.slices:
        return rules.max_per_sample
    batch = rules.budget + len(pool.kept)
    return max(rules.max_per_sample, ceil(batch / len(pool.slices)))


def shortfall(picked: int, rules: Rules, candidates: int, skipped: Counter[str]) -> str:
    """Why fewer slices than the budget were chosen; empty when it was met."""
    if picked >= rules.budget:
        return ""
    left = candidates - picked
    if left <= 0:
        return f"only {picked} of {rules.budget}: no other slice of the pool is left"
    causes = []
    if skipped["gap"]:
        causes.append(
            f"{skipped['gap']} lie within {rules.min_gap} slices of a chosen one (min_gap)"
        )
    if skipped["quota"]:
        causes.append(f"{skipped['quota']} are of samples with their share (max_per_sample)")
    return (
        f"only {picked} of {rules.budget}: of {count(left, 'slice')} left, {' and '.join(causes)}"
    )


def _skips(skipped: Counter[str], quota: int, min_gap: int) -> tuple[str, ...]:
    sentences = {
        "quota": f"passed over {skipped['quota']} above it: {quota} of their sample already chosen",
        "gap": f"passed over {skipped['gap']} above it: within {min_gap} slices of a chosen one",
        "rejected": f"passed over {skipped['rejected']} above it: "
        f"within {min_gap} slices of a rejected one",
    }
    return tuple(sentence for rule, sentence in sentences.items() if skipped[rule])


def _nearest(candidate: SliceId, labelled: Spacing) -> str:
    distance = labelled.distance(candidate)
    if distance is None:
        return "no slice of this sample is labelled yet"
    return f"nearest labelled slice {count(distance, 'slice')} away"
