"""The query strategies. Each is a pure function of a pool and the rules."""

from dataclasses import replace

import numpy as np

from altui.errors import AltuiError
from altui.query.components import SCORE_AGAIN
from altui.query.greedy import Spacing, sample_quota, take_in_order
from altui.query.pool import Batch, Pick, Pool, Rules, Strategy
from altui.slices import SliceId
from altui.text import count as count_of
from altui.text import did_you_mean, listing, plain


def initial(pool: Pool, rules: Rules) -> Batch:
    """One slice a sample, near its middle: the start of the published experiment.

    The jitter (a tenth of the sample either way, drawn from the seed) keeps the first
    slices from all showing the same height.
    """
    have_one = {kept.sample for kept in pool.kept}
    picks: list[Pick] = []
    short: list[str] = []
    for number, (sample, count) in enumerate(pool.slices.items()):
        if sample in have_one or len(picks) == rules.budget:
            continue
        reach = count // 10
        jitter = np.random.default_rng([abs(rules.seed), number]).integers(-reach, reach + 1)
        batch = _nearest_to(count // 2 + int(jitter), sample, pool, replace(rules, budget=1))
        picks += batch.picks
        if batch.shortfall:
            short.append(sample)
    return Batch(tuple(picks), f"no slice is left to choose in {listing(short)}" if short else "")


def _nearest_to(start: int, sample: str, pool: Pool, rules: Rules) -> Batch:
    """The allowed slice of `sample` nearest to index `start`."""
    alone = replace(pool, slices={sample: pool.slices[sample]})
    middle = pool.slices[sample] // 2
    ranking = sorted(alone.candidates(), key=lambda c: (abs(c.index - start), c.index))
    return take_in_order(
        ranking,
        alone,
        rules,
        lambda candidate, place: (
            None,
            f"one slice a sample to begin with; "
            f"{count_of(abs(candidate.index - middle), 'slice')} from the middle",
        ),
    )


def random(pool: Pool, rules: Rules) -> Batch:
    """Every slice of the pool with the same chance."""
    every = [SliceId(s, i) for s, count in pool.slices.items() for i in range(count)]
    order = np.random.default_rng([abs(rules.seed), rules.round]).permutation(len(every))
    # Drawn over all slices, not over what is left: a rejection then only brings the next.
    open_slices = set(pool.candidates())
    ranking = [every[place] for place in order if every[place] in open_slices]
    return take_in_order(ranking, pool, rules, lambda candidate, place: (None, "drawn at random"))


def equidistant(pool: Pool, rules: Rules) -> Batch:
    """Spread along z: each pick is the slice farthest from all labelled and chosen ones.

    Samples take turns: those with the fewest chosen slices for their length come first.
    """
    near = Spacing(pool.labelled | pool.kept | pool.rejected)
    quota = sample_quota(pool, rules)
    free: dict[str, list[SliceId]] = {sample: [] for sample in pool.slices}
    for candidate in pool.candidates():
        free[candidate.sample].append(candidate)
    chosen = {s: sum(kept.sample == s for kept in pool.kept) for s in pool.slices}
    picks: list[Pick] = []
    while len(picks) < rules.budget:
        best: tuple[float, SliceId] | None = None
        for sample, mine in free.items():
            if chosen[sample] >= quota or not mine:
                continue
            farthest = max(mine, key=lambda c: (_clearance(c, near, pool), -c.index))
            room = _clearance(farthest, near, pool)
            if room >= max(rules.min_gap, 1) and (best is None or room > best[0]):
                best = (room, farthest)
        if best is None:
            break
        room, pick = best
        picks.append(Pick(pick, float(room), (f"{room:.0f} slices from any chosen one",)))
        near.add(pick)
        free[pick.sample].remove(pick)
        chosen[pick.sample] += 1
    if len(picks) == rules.budget:
        return Batch(tuple(picks))
    why = f"no other slice lies {rules.min_gap} slices or more from the chosen ones"
    return Batch(tuple(picks), f"only {len(picks)} of {rules.budget}: {why}")


def _clearance(candidate: SliceId, near: Spacing, pool: Pool) -> float:
    """Slices to the nearest taken one; in an untouched sample its middle is farthest."""
    distance = near.distance(candidate)
    if distance is not None:
        return float(distance)
    count = pool.slices[candidate.sample]
    return count - abs(candidate.index - count // 2)


def entropy(pool: Pool, rules: Rules) -> Batch:
    """The most uncertain first: mean predictive entropy over the predicted foreground.

    The mean, not the sum, so that large slices are not favoured; over the foreground, so
    that empty surroundings do not water it down.
    """
    return by_component(pool, rules, "entropy_foreground", "entropy over the predicted foreground")


def by_component(pool: Pool, rules: Rules, column: str, words: str) -> Batch:
    """Rank by one score component, highest first; ties in the samples' order."""
    if pool.components is None:
        raise AltuiError("there are no scores yet", "choose a strategy that needs no model")
    components = pool.components
    if column not in components.columns or components.columns[column].ndim != 1:
        raise AltuiError(f'the scores hold no component "{column}"', SCORE_AGAIN)
    scores = {
        SliceId(components.samples[sample], int(index)): float(score)
        for sample, index, score in zip(
            components.sample, components.index, components.columns[column], strict=True
        )
    }
    candidates = [candidate for candidate in pool.candidates() if candidate in scores]
    ranking = sorted(candidates, key=lambda candidate: -_finite(scores[candidate]))
    total = len(ranking)
    return take_in_order(
        ranking,
        pool,
        rules,
        lambda candidate, place: (
            scores[candidate] if np.isfinite(scores[candidate]) else None,
            f"{words}: place {place} of {total}",
        ),
    )


def _finite(score: float) -> float:
    return score if np.isfinite(score) else -np.inf


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(
            "initial",
            "one slice a training sample, near its middle (round 1: needs no model)",
            initial,
            one_per_sample=True,
        ),
        Strategy("random", "every slice with the same chance", random),
        Strategy("equidistant", "spread along z, far from what is labelled", equidistant),
        Strategy(
            "entropy",
            "most uncertain first: mean entropy over the predicted foreground",
            entropy,
            needs_scores=True,
        ),
    )
}


def strategy_named(name: str) -> Strategy:
    """Raises AltuiError with the nearest known name."""
    try:
        return STRATEGIES[name]
    except KeyError:
        raise AltuiError(
            f'no strategy is named "{plain(name)}"{did_you_mean(name, STRATEGIES)}',
            f"the strategies are {listing(STRATEGIES)}; see: altui strategies",
        ) from None
