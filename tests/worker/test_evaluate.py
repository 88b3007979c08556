"""Confusion matrices and mIoU."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui.worker.evaluate import confusion
from altui.worker.samples import IGNORED

CLASSES = 4
LABELS = hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2, 3, IGNORED]))
PREDICTIONS = hnp.arrays(np.uint8, (5, 7), elements=st.integers(0, 3))


@given(LABELS, PREDICTIONS)
def test_the_confusion_matrix_counts_pixel_by_pixel(
    labels: np.ndarray, predictions: np.ndarray
) -> None:
    expected = np.zeros((CLASSES, CLASSES), int)
    for label, prediction in zip(labels.flat, predictions.flat, strict=True):
        if label != IGNORED:
            expected[label, prediction] += 1
    assert (confusion(labels, predictions, CLASSES) == expected).all()


@pytest.mark.parametrize("classes", [2, 255])
def test_ignored_pixels_stay_apart_from_the_last_class(classes: int) -> None:
    labels = np.array([[IGNORED, classes - 1, 0]], np.uint8)
    predictions = np.array([[0, classes - 1, classes - 1]], np.uint8)
    found = confusion(labels, predictions, classes)
    assert found.sum() == 2
    assert found[-1, -1] == 1
    assert found[0, -1] == 1
