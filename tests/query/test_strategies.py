"""The strategies' rules, for any pool."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altui.errors import AltuiError
from altui.query.components import Components
from altui.query.draft import sample_quota
from altui.query.pool import Batch, Pool, Rules
from altui.query.strategies import STRATEGIES, strategy_named
from altui.slices import SliceId

NAMES = sorted(STRATEGIES)


CLASSES = 3


def components_for(slices: dict[str, int], seed: int) -> Components:
    """All that a scoring with a committee finds out, drawn at random."""
    names = tuple(slices)
    sample = np.repeat(np.arange(len(names)), [slices[name] for name in names]).astype(np.int32)
    index = np.concatenate([np.arange(slices[name]) for name in names]).astype(np.int32)
    rng, n = np.random.default_rng(seed), len(index)
    columns = {
        f"{measure}_{over}": rng.random(n, np.float32)
        for over in ("foreground", "mean", "top")
        for measure in ("entropy", "margin", "confidence", "bald")
    }
    columns["class_entropy"] = rng.random((n, CLASSES), np.float32)
    columns["class_fraction"] = rng.dirichlet(np.ones(CLASSES), n).astype(np.float32)
    columns["embedding"] = rng.standard_normal((n, 4), np.float32)
    return Components(names, sample, index, columns)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    slices = {f"s{number}": draw(st.integers(1, 30)) for number in range(draw(st.integers(1, 5)))}
    every = [SliceId(name, index) for name, count in slices.items() for index in range(count)]
    marks = draw(st.lists(st.sampled_from("....lkr"), min_size=len(every), max_size=len(every)))
    groups = {
        mark: frozenset(one for one, own in zip(every, marks, strict=True) if own == mark)
        for mark in "lkr"
    }
    return Pool(
        slices,
        labelled=groups["l"],
        kept=groups["k"],
        rejected=groups["r"],
        components=components_for(slices, draw(st.integers(0, 99))),
    )


rules = st.builds(
    Rules,
    budget=st.integers(1, 12),
    max_per_sample=st.integers(1, 4),
    min_gap=st.integers(0, 8),
    seed=st.integers(-5, 5),
    round=st.integers(1, 9),
)


def run(name: str, pool: Pool, rule: Rules) -> Batch:
    return STRATEGIES[name].choose(pool, rule)


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), rule=rules)
def test_only_open_slices_each_once(name: str, pool: Pool, rule: Rules) -> None:
    chosen = [pick.slice for pick in run(name, pool, rule).picks]
    assert len(chosen) == len(set(chosen)) <= rule.budget
    assert not set(chosen) & (pool.labelled | pool.kept | pool.rejected)
    assert all(0 <= one.index < pool.slices[one.sample] for one in chosen)


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), rule=rules)
def test_the_gap_is_kept_to_labelled_and_chosen_slices(name: str, pool: Pool, rule: Rules) -> None:
    chosen = [pick.slice for pick in run(name, pool, rule).picks]
    for place, one in enumerate(chosen):
        for other in [*chosen[:place], *pool.labelled, *pool.kept]:
            if other.sample == one.sample:
                assert abs(other.index - one.index) >= rule.min_gap


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), rule=rules)
def test_the_quota_is_kept(name: str, pool: Pool, rule: Rules) -> None:
    chosen = [pick.slice.sample for pick in run(name, pool, rule).picks]
    quota = sample_quota(pool, rule)
    for sample in set(chosen):
        kept = sum(one.sample == sample for one in pool.kept)
        assert chosen.count(sample) + kept <= quota


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), rule=rules)
def test_the_same_question_has_the_same_answer(name: str, pool: Pool, rule: Rules) -> None:
    assert run(name, pool, rule) == run(name, pool, rule)


@pytest.mark.parametrize("name", NAMES)
@given(pool=pools(), rule=rules)
def test_the_budget_is_met_or_the_shortfall_explained(name: str, pool: Pool, rule: Rules) -> None:
    if STRATEGIES[name].one_per_sample:  # its budget is the samples that have none yet
        samples = {one.sample for one in pool.kept}
        rule = replace(rule, budget=max(len(pool.slices) - len(samples), 1))
        if len(samples) == len(pool.slices):
            return
    batch = run(name, pool, rule)
    assert (len(batch.picks) == rule.budget) == (batch.shortfall == "")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(pool=pools(), rule=rules, scores=st.sampled_from([0.0, -0.0, 0.5, np.nan, np.inf, -np.inf]))
def test_scores_that_are_alike_or_none_still_give_a_batch(
    name: str, pool: Pool, rule: Rules, scores: float
) -> None:
    assert pool.components is not None
    columns = {n: np.full_like(found, scores) for n, found in pool.components.columns.items()}
    flat = replace(pool, components=replace(pool.components, columns=columns))
    batch = run(name, flat, rule)
    chosen = [pick.slice for pick in batch.picks]
    assert len(chosen) == len(set(chosen)) <= rule.budget
    assert bool(chosen) or batch.shortfall or STRATEGIES[name].one_per_sample
    assert all(pick.score is None or np.isfinite(pick.score) for pick in batch.picks)
    assert batch == run(name, flat, rule)


@given(pool=pools(), rule=rules)
def test_unconstrained_entropy_takes_the_true_top_k(pool: Pool, rule: Rules) -> None:
    free = replace(rule, min_gap=0, max_per_sample=1000)
    pool = replace(pool, rejected=frozenset())
    assert pool.components is not None
    scores = {
        SliceId(pool.components.samples[s], int(i)): float(v)
        for s, i, v in zip(
            pool.components.sample,
            pool.components.index,
            pool.components.columns["entropy_mean"],
            strict=True,
        )
    }
    best = sorted((scores[one] for one in pool.candidates()), reverse=True)[: free.budget]
    assert [pick.score for pick in run("entropy", pool, free).picks] == best


@given(pool=pools(), rule=rules)
def test_initial_gives_each_sample_one_slice(pool: Pool, rule: Rules) -> None:
    fresh = Pool(pool.slices)
    picks = run("initial", fresh, replace(rule, budget=len(pool.slices))).picks
    assert [pick.slice.sample for pick in picks] == list(pool.slices)
    for pick in picks:
        count = pool.slices[pick.slice.sample]
        assert abs(pick.slice.index - count // 2) <= count // 10


def test_a_rejected_slice_is_replaced_from_the_same_sample() -> None:
    pool = Pool({"a": 30, "b": 30})
    rule = Rules(2, 2, 5, 0, 1)
    first, second = (pick.slice for pick in run("initial", pool, rule).picks)
    again = replace(pool, kept=frozenset({second}), rejected=frozenset({first}))
    (replacement,) = run("initial", again, replace(rule, budget=1)).picks
    assert replacement.slice.sample == first.sample
    assert abs(replacement.slice.index - first.index) == 5  # not its look-alike neighbour


def test_neighbours_of_a_rejected_slice_are_taken_when_nothing_else_is_left() -> None:
    pool = Pool({"a": 3}, rejected=frozenset({SliceId("a", 1)}))
    assert len(run("random", pool, Rules(1, 1, 2, 0, 1)).picks) == 1


def test_random_draws_every_slice_alike() -> None:
    pool = Pool({"a": 10, "b": 30})
    share = sum(
        run("random", pool, Rules(1, 1, 0, seed, 1)).picks[0].slice.sample == "a"
        for seed in range(400)
    )
    assert 60 < share < 140  # 100 expected: by slices, not by samples


def test_equidistant_spreads_over_a_sample() -> None:
    picks = run("equidistant", Pool({"a": 41}), Rules(3, 3, 1, 0, 1)).picks
    assert sorted(pick.slice.index for pick in picks) == [0, 20, 40]
    assert [pick.reasons[0] for pick in picks] == [
        "the middle of a sample that has none yet",
        "20 slices from any labelled or chosen one",
        "20 slices from any labelled or chosen one",
    ]


def test_an_exhausted_pool_says_so() -> None:
    pool = Pool({"a": 2}, labelled=frozenset({SliceId("a", 0), SliceId("a", 1)}))
    for name in ("random", "equidistant", "entropy"):
        batch = run(
            name, replace(pool, components=components_for({"a": 2}, 0)), Rules(2, 2, 1, 0, 2)
        )
        assert batch.picks == ()
        assert batch.shortfall


def test_reasons_tell_what_was_passed_over_and_the_nearest_label() -> None:
    components = Components(
        ("a",),
        np.zeros(6, np.int32),
        np.arange(6, dtype=np.int32),
        {"entropy_mean": np.array([0.1, 0.9, 0.8, 0.2, 0.3, 0.0], np.float32)},
    )
    pool = Pool({"a": 6}, labelled=frozenset({SliceId("a", 0)}), components=components)
    (pick,) = run("entropy", pool, Rules(1, 1, 2, 0, 2)).picks
    assert pick.slice == SliceId("a", 2)
    assert pick.score == pytest.approx(0.8)
    assert "place 2 of 5" in pick.reasons[0]
    assert "passed over 1 above it: within 2 slices" in pick.reasons[1]
    assert pick.reasons[-1] == "nearest labelled slice 2 slices away: a:0"


def test_an_unknown_strategy_is_told_with_the_nearest() -> None:
    with pytest.raises(AltuiError, match='did you mean "entropy"'):
        strategy_named("entropi")
