"""Masks as class ids, labelled slices, normalisation."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui.config import Classes
from altui.errors import AltuiError
from altui.jobs.folder import LabelSpec
from altui.worker.normalise import Normaliser
from altui.worker.samples import IGNORED, LabelledSlices, class_ids, open_samples

from .made import IGNORE, Array, label, make_project

CLASSES = Classes(names=("background", "bone", "implant"), ignore=200)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint64])
def test_masks_of_any_whole_dtype_become_class_ids(dtype: type) -> None:
    mask: Array = np.array([[0, 1], [2, 200]], dtype)
    assert class_ids(mask, CLASSES, "x").tolist() == [[0, 1], [2, IGNORED]]
    assert class_ids(mask, CLASSES, "x").dtype == np.uint8


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.array([[0, 3]], np.uint8), "x has the value 3, which is no class"),
        (np.array([[0, 255]], np.uint8), "value 255"),
        (np.array([[0, 256]], np.uint16), "value 256"),
        (np.array([[0, -1]], np.int16), "value -1"),
        (np.array([[0.0, 1.0]], np.float32), "float32"),
    ],
)
def test_other_values_are_refused_by_name(mask: Array, said: str) -> None:
    with pytest.raises(AltuiError, match=said) as caught:
        class_ids(mask, CLASSES, "x")
    assert caught.value.hint


def test_labels_are_read_once_and_the_least_used_go_first(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    labels = [label(tmp_path, "b", 1), label(tmp_path, "a", 4), label(tmp_path, "a", 0)]
    size = 72 * 88 * 3
    with open_samples(tmp_path, config) as samples:
        slices = LabelledSlices(labels, samples, tmp_path, config.classes, budget=2 * size)
        first = slices.read(0)
        assert slices.read(0)[0] is first[0]
        for number in (1, 2):
            slices.read(number)
        assert slices.read(2)[0] is slices.read(2)[0]
        assert slices.read(0)[0] is not first[0]
        assert (slices.read(0)[0] == first[0]).all()
        assert first[0].shape == (1, 72, 88)
        assert [(x.sample, x.index) for x in slices.labels] == [("a", 0), ("a", 4), ("b", 1)]


def test_pixels_are_counted_by_class_with_ignored_ones_apart(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    mask = np.full((72, 88), IGNORE, np.uint8)
    mask[:10], mask[10:12] = 0, 2
    with open_samples(tmp_path, config) as samples:
        slices = LabelledSlices([label(tmp_path, "a", 0, mask)], samples, tmp_path, config.classes)
        pixels = slices.pixels()
    assert pixels[[0, 1, 2, 255]].tolist() == [880, 0, 176, 60 * 88]


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    with open_samples(tmp_path, config) as samples:

        def opened(*labels: LabelSpec) -> LabelledSlices:
            return LabelledSlices(labels, samples, tmp_path, config.classes)

        good = label(tmp_path, "a", 0)
        for wrong in ({"sample": "x"}, {"index": 6}):
            with pytest.raises(AltuiError, match="no such slice"):
                opened(good.model_copy(update=wrong))
        with pytest.raises(AltuiError, match="no slice is labelled"):
            opened()
        turned = label(tmp_path, "b", 0, np.zeros((88, 72), np.uint8))
        with pytest.raises(AltuiError, match=r"label of b:0 is 88 × 72"):
            opened(turned).read(0)


def test_masks_of_another_shape_fail_before_training(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    tifffile.imwrite(tmp_path / "t-mask.tif", np.zeros((5, 72, 88), np.uint8))
    with (
        pytest.raises(AltuiError, match="sample t: t-mask.tif is 5"),
        open_samples(tmp_path, config),
    ):
        pass


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
        (4, 5),
    )
)
def test_normalised_values_are_finite_and_bounded(values: Array) -> None:
    found = Normaliser(100.0, 900.0)(values)
    assert found.dtype == np.float32
    assert (np.abs(found) <= 3).all()


def test_normalisation_maps_the_window_whatever_the_scale() -> None:
    for low, high in ((0.0, 255.0), (20_000.0, 41_000.0), (-1e-4, 3e-4)):
        middle = (low + high) / 2
        values = np.array([low, middle, high, high + 10 * (high - low), np.nan], np.float64)
        found = Normaliser(low, high)(values)
        assert found.tolist() == pytest.approx([-2, 0, 2, 3, -2], abs=0.01)


def test_context_slices_are_channels_and_the_stacks_ends_are_repeated(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"model": {"context_slices": 2}})
    stack = tifffile.imread(tmp_path / "a.tif")
    with open_samples(tmp_path, config) as samples:
        sample = samples["a"]
        for index, expected in {0: [0, 0, 0, 1, 2], 2: [0, 1, 2, 3, 4], 5: [3, 4, 5, 5, 5]}.items():
            found = sample.channels(index)
            assert found.shape == (5, 72, 88)
            assert found.dtype == np.float32
            assert (found == sample.normalise(stack[expected])).all()
        together = sample.channels_of(range(1, 5))
        assert (together == np.stack([sample.channels(index) for index in range(1, 5)])).all()
        slices = LabelledSlices([label(tmp_path, "a", 5)], samples, tmp_path, config.classes)
        assert slices.channels == 5
        assert (slices.read(0)[0] == stack[[3, 4, 5, 5, 5]]).all()
