"""The gain of a round and the interval that its samples bear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.metrics import class_iou, mean_iou
from altui.rounds.gain import Comparison, Confusions, compare, miou_interval
from altui.rounds.student import student_t


def confusions(*matrices: np.ndarray) -> Confusions:
    return tuple((f"t{n}", tuple(map(tuple, m.tolist()))) for n, m in enumerate(matrices))


def sample(hits: int, misses: int) -> np.ndarray:
    return np.array([[hits, misses], [misses, hits]])


def compared(before: Confusions, after: Confusions) -> Comparison:
    found = compare(before, after)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("freedom", "tabled"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (120, 1.980)],
)
def test_students_t_is_that_of_the_tables(freedom: int, tabled: float) -> None:
    assert student_t(freedom) == pytest.approx(tabled, rel=2e-3)


def test_the_gain_is_of_all_pixels_together() -> None:
    before, after = [sample(80, 20), sample(300, 200)], [sample(85, 15), sample(400, 100)]
    found = compared(confusions(*before), confusions(*after))
    first, second = np.sum(before, 0), np.sum(after, 0)
    assert found.miou.gain == pytest.approx((mean_iou(second) or 0) - (mean_iou(first) or 0))
    gains = class_iou(second) - class_iou(first)
    assert [change.gain for change in found.classes] == pytest.approx(gains.tolist())


def test_samples_that_agree_give_a_narrow_interval_and_the_same_each_time() -> None:
    before = confusions(*(sample(80 + i, 20 - i) for i in range(6)))
    after = confusions(*(sample(85 + 2 * i, 15 - 2 * i) for i in range(6)))
    found = compared(before, after)
    compare.cache_clear()
    assert compared(before, after) == found
    assert found.miou.gain is not None
    assert found.miou.interval is not None
    low, high = found.miou.interval
    assert 0 < low < found.miou.gain < high
    assert found.samples == 6


def test_the_level_has_an_interval_of_its_own_wider_than_the_gains() -> None:
    before = confusions(*(sample(50 + 6 * i, 50 - 6 * i) for i in range(6)))
    after = confusions(*(sample(52 + 6 * i, 48 - 6 * i) for i in range(6)))
    level, gain = miou_interval(after), compared(before, after).miou.interval
    assert level is not None
    assert gain is not None
    miou = mean_iou(np.sum([rows for _, rows in after], 0)) or 0
    assert 0 <= level[0] < miou < level[1] <= 1
    assert level[1] - level[0] > gain[1] - gain[0]
    assert miou_interval(after[:1]) is None
    assert miou_interval(()) is None


def test_two_samples_that_differ_bear_next_to_nothing() -> None:
    before = confusions(sample(50, 50), sample(50, 50))
    found = compared(before, confusions(sample(54, 46), sample(52, 48)))
    assert found.miou.interval is not None
    low, high = found.miou.interval
    assert low < -0.05  # though both gained
    assert high > 0.1


def test_one_sample_bears_no_interval() -> None:
    found = compared(confusions(sample(5, 5)), confusions(sample(6, 4)))
    assert found.miou.gain is not None
    assert found.miou.interval is None


def test_a_class_of_one_sample_has_no_interval_of_its_own() -> None:
    rare = np.array([[50, 0, 0], [0, 40, 10], [0, 5, 45]])
    common = np.array([[50, 10, 0], [10, 50, 0], [0, 0, 0]])
    found = compared(
        confusions(common, common, rare), confusions(common + 1 * (common > 9), common, rare)
    )
    assert found.classes[0].interval is not None
    assert found.classes[2].gain == pytest.approx(0)
    assert found.classes[2].interval is None


def test_a_class_that_is_nowhere_has_no_gain() -> None:
    absent = np.array([[50, 10, 0], [10, 50, 0], [0, 0, 0]])
    found = compared(confusions(absent, absent), confusions(absent, absent))
    assert found.classes[2].gain is None
    assert found.miou.gain == 0


def test_other_samples_are_no_pairs() -> None:
    before = confusions(sample(50, 50), sample(60, 40))
    after = (*before, ("t9", ((70, 30), (30, 70))))
    found = compared(before, after)
    assert found.miou.gain is not None
    assert found.miou.interval is None


def test_samples_are_pairs_in_whatever_order_they_come() -> None:
    before = confusions(sample(50, 50), sample(60, 40), sample(90, 10))
    after = confusions(sample(54, 46), sample(62, 38), sample(91, 9))
    assert compared(before, after[::-1]) == compared(before, after)
    assert compared(before, after).samples == 3


def test_what_cannot_be_compared() -> None:
    two = confusions(sample(5, 5))
    assert compare((), two) is None
    assert compare(two, ()) is None
    assert compare(two, confusions(np.eye(3, dtype=int))) is None


@given(st.lists(st.tuples(*[st.integers(0, 500)] * 8), min_size=2, max_size=7))
def test_the_interval_holds_the_gain_whatever_the_figures(rows: list[tuple[int, ...]]) -> None:
    before = tuple((f"t{n}", ((a, b), (c, d))) for n, (a, b, c, d, *_) in enumerate(rows))
    after = tuple((f"t{n}", ((a, b), (c, d))) for n, (*_, a, b, c, d) in enumerate(rows))
    found = compared(before, after)
    for change in (found.miou, *found.classes):
        if change.interval is not None:
            assert change.gain is not None
            assert -1 <= change.interval[0] <= change.gain <= change.interval[1] <= 1


class Population:
    """Test samples of which each gains differently."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(5)
        self.truth = self._gain(self.draw(20_000))

    def draw(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(count, 3, 3) each, before and after."""
        pixels = self.random.lognormal(8, 0.5, (count, 1)) * self.random.dirichlet(
            (20, 10, 2), count
        )
        first = self.random.normal((0.9, 0.8, 0.6), (0.03, 0.05, 0.12), (count, 3))
        second = first + self.random.normal((0.01, 0.02, 0.04), (0.01, 0.02, 0.05), (count, 3))
        return self._confusions(pixels, first), self._confusions(pixels, second)

    def _confusions(self, pixels: np.ndarray, right: np.ndarray) -> np.ndarray:
        hits = np.round(pixels * right.clip(0.05, 0.995))
        right_ones, wrong_ones = np.eye(3), np.roll(np.eye(3), 1, axis=1)
        found: np.ndarray = hits[:, :, None] * right_ones
        found += np.round(pixels - hits)[:, :, None] * wrong_ones
        return found

    def _gain(self, drawn: tuple[np.ndarray, np.ndarray]) -> float:
        first, second = (mean_iou(each.sum(0)) or 0 for each in drawn)
        return second - first


@pytest.mark.parametrize("count", [2, 3, 6, 12])
def test_the_interval_holds_the_truth_as_often_as_it_says(count: int) -> None:
    population = Population()
    held = 0
    for _ in range(200):
        first, second = population.draw(count)
        interval = compared(
            confusions(*first.astype(int)), confusions(*second.astype(int))
        ).miou.interval
        assert interval is not None
        held += interval[0] <= population.truth <= interval[1]
    assert held / 200 >= 0.90  # percentiles of the draws hold it 50 times of 100 for two samples
