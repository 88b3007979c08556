"""What each strategy chooses, against plain computations of the same."""

from dataclasses import replace

import numpy as np
import pytest

from altui.query.clasp import ENTROPY, inverse_temperature, turns
from altui.query.components import Components
from altui.query.pool import Pool, Rules
from altui.query.strategies import STRATEGIES
from altui.slices import SliceId

N = 40
FREE = Rules(6, 1000, 0, 0, 2)
MEASURES = {
    "entropy": "entropy",
    "margin": "margin",
    "least-confidence": "confidence",
    "bald": "bald",
}


def pool_with(**columns: np.ndarray) -> Pool:
    index = np.arange(N, dtype=np.int32)
    typed = {name: values.astype(np.float32) for name, values in columns.items()}
    return Pool({"a": N}, components=Components(("a",), np.zeros(N, np.int32), index, typed))


def chosen(name: str, pool: Pool, rules: Rules = FREE) -> list[int]:
    return [pick.slice.index for pick in STRATEGIES[name].choose(pool, rules).picks]


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("aggregation", ["foreground", "mean", "top"])
def test_the_true_top_k_when_nothing_constrains_it(name: str, aggregation: str) -> None:
    score = np.random.default_rng(3).random(N)
    pool = pool_with(**{f"{MEASURES[name]}_{aggregation}": score})
    rules = replace(FREE, aggregation=aggregation)  # type: ignore[arg-type]
    assert chosen(name, pool, rules) == np.argsort(-score)[:6].tolist()


@pytest.mark.parametrize("name", MEASURES)
def test_slices_without_a_score_come_last(name: str) -> None:
    score = np.full(N, np.nan)
    score[[4, 9]] = 0, 0.1
    assert chosen(name, pool_with(**{f"{MEASURES[name]}_mean": score}))[:3] == [9, 4, 0]


def test_coreset_is_k_center_greedy() -> None:
    points = np.random.default_rng(5).standard_normal((N, 3))
    pool = replace(pool_with(embedding=points), labelled=frozenset({SliceId("a", 7)}))
    centres = [7]
    for _ in range(6):
        away = np.linalg.norm(points[:, None] - points[centres], axis=2).min(1)
        centres.append(int(away.argmax()))
    assert chosen("coreset", pool) == centres[1:]


def test_coverage_takes_most_off_the_weighed_distance_to_the_labels() -> None:
    rng = np.random.default_rng(5)
    embedding, entropy = rng.normal(3, 2, (N, 4)), rng.random(N)
    labelled = [0, 17]
    pool = replace(
        pool_with(embedding=embedding, entropy_mean=entropy),
        labelled=frozenset(SliceId("a", index) for index in labelled),
    )
    points = (embedding - embedding.mean(0)) / embedding.std(0)
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    open_ones = [index for index in range(N) if index not in labelled]
    centres = list(labelled)
    for _ in range(4):
        left = [
            (entropy[open_ones] * apart[open_ones][:, [*centres, one]].min(1)).sum()
            for one in range(N)
        ]
        centres.append(int(np.argmin(left)))
    assert chosen("coverage", pool, replace(FREE, budget=4)) == centres[2:]


def test_foreground_random_takes_slices_with_foreground_first() -> None:
    share = np.zeros(N)
    share[[3, 8, 21, 30]] = 0.2
    pool = pool_with(class_fraction=np.stack([1 - share, share], 1))
    found = chosen("foreground-random", pool)
    assert set(found[:4]) == {3, 8, 21, 30}
    assert len(found) == 6
    # Beside a rejected slice, foreground still comes before none.
    wary = replace(pool, rejected=frozenset({SliceId("a", 9)}))
    assert set(chosen("foreground-random", wary, replace(FREE, min_gap=3))[:4]) == {3, 8, 21, 30}


@pytest.mark.parametrize(("slices", "stratified"), [(1, 0), (6, 4), (8, 5), (9, 6)])
def test_clasp_gives_two_thirds_to_the_classes_by_turns(slices: int, stratified: int) -> None:
    found = turns(slices, 3, np.random.default_rng(0))
    assert len(found) == slices
    assert found[stratified:] == [ENTROPY] * (slices - stratified)
    counts = [found[:stratified].count(one) for one in (1, 2, 3)]
    assert sum(counts) == stratified
    assert max(counts) - min(counts) <= 1


def test_clasp_noise_fades() -> None:
    assert [inverse_temperature(number) for number in (1, 2, 3, 4)] == [1, 1, 2, 4]
    assert inverse_temperature(1000) == inverse_temperature(32)
