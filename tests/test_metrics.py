"""mIoU as the contract defines it, and the interval of a gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui.metrics import class_iou, gain_interval, mean_iou, total

masks = st.tuples(
    hnp.arrays(np.uint8, 60, elements=st.integers(0, 3)),
    hnp.arrays(np.uint8, 60, elements=st.integers(0, 3)),
)


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int = 4) -> np.ndarray:
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


@given(masks)
def test_iou_is_what_its_name_says(pair: tuple[np.ndarray, np.ndarray]) -> None:
    labels, predictions = pair
    iou = class_iou(confusion(labels, predictions))
    present = []
    for number in range(4):
        union = ((labels == number) | (predictions == number)).sum()
        if union:
            both = ((labels == number) & (predictions == number)).sum()
            assert iou[number] == pytest.approx(both / union)
            present.append(both / union)
        else:
            assert np.isnan(iou[number])
    assert mean_iou(confusion(labels, predictions)) == pytest.approx(np.mean(present))


def test_a_class_in_neither_is_left_out_of_the_mean() -> None:
    assert mean_iou(np.array([[5, 0, 0], [0, 5, 0], [0, 0, 0]])) == 1.0


def test_a_class_only_predicted_counts() -> None:
    assert mean_iou(np.array([[5, 0, 5], [0, 10, 0], [0, 0, 0]])) == pytest.approx((0.5 + 1) / 3)


def test_nothing_labelled() -> None:
    assert mean_iou(np.zeros((3, 3), int)) is None


def test_one_matrix_over_all_samples() -> None:
    parts = {"a": np.eye(2, dtype=int), "b": 2 * np.eye(2, dtype=int)}
    assert total(parts).tolist() == [[3, 0], [0, 3]]


def sample(hits: int, misses: int) -> np.ndarray:
    return np.array([[hits, misses], [misses, hits]])


def test_the_interval_holds_the_gain_and_is_the_same_each_time() -> None:
    before = {f"t{i}": sample(80 + i, 20 - i) for i in range(6)}
    after = {f"t{i}": sample(85 + 2 * i, 15 - 2 * i) for i in range(6)}
    interval = gain_interval(before, after)
    assert interval == gain_interval(before, after)
    assert interval is not None
    low, high = interval
    second, first = mean_iou(total(after)), mean_iou(total(before))
    assert first is not None
    assert second is not None
    assert 0 < low < second - first < high


def test_samples_that_disagree_give_a_wide_interval() -> None:
    before = {"a": sample(50, 50), "b": sample(50, 50)}
    agreeing = gain_interval(before, {"a": sample(60, 40), "b": sample(60, 40)})
    differing = gain_interval(before, {"a": sample(80, 20), "b": sample(40, 60)})
    assert agreeing is not None
    assert differing is not None
    assert differing[1] - differing[0] > agreeing[1] - agreeing[0] + 0.1
    assert differing[0] < 0 < differing[1]


def test_one_sample_says_nothing_of_others() -> None:
    assert gain_interval({"a": sample(5, 5)}, {"a": sample(6, 4)}) is None
