"""mIoU as the contract defines it, and the agreement of two predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui.metrics import agreement, class_iou, cohen_kappa, mean_iou, total

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


@pytest.mark.parametrize(
    ("matrix", "kappa", "alike"),
    [
        ([[20, 5], [10, 15]], 0.4, 0.7),  # a textbook's: 0.7 seen, 0.5 by chance
        ([[30, 0], [0, 70]], 1.0, 1.0),
        ([[0, 50], [50, 0]], -1.0, 0.0),
        ([[100, 0], [0, 0]], 1.0, 1.0),  # one class on either side: alike, not 0 / 0
        ([[25, 25], [25, 25]], 0.0, 0.5),
    ],
)
def test_kappa_is_agreement_beyond_chance(
    matrix: list[list[int]], kappa: float, alike: float
) -> None:
    assert cohen_kappa(matrix) == pytest.approx(kappa)
    assert agreement(matrix) == pytest.approx(alike)


def test_nothing_compared_agrees_in_nothing() -> None:
    assert cohen_kappa(np.zeros((3, 3), int)) is None
    assert agreement(()) is None


@given(masks)
def test_kappa_never_exceeds_the_agreement(pair: tuple[np.ndarray, np.ndarray]) -> None:
    matrix = confusion(*pair)
    kappa, alike = cohen_kappa(matrix), agreement(matrix)
    assert kappa is not None
    assert alike is not None
    assert -1 <= kappa <= alike <= 1
    assert cohen_kappa(matrix.T) == pytest.approx(kappa)
