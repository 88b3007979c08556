"""From grey values to 8 bits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from altui.volumes.intensity import Window, window_of
from altui.volumes.stack import open_stack


def window(folder: Path, data: Any, **how: Any) -> Window:
    tifffile.imwrite(folder / "a.tif", data, photometric="minisblack")
    with open_stack(folder, "a.tif") as stack:
        return window_of(stack, **how)


def test_window_leaves_out_the_tails(tmp_path: Path) -> None:
    data = np.random.default_rng(0).integers(1000, 2001, (30, 64, 64)).astype(np.uint16)
    data[:, 0, 0] = 65535
    found = window(tmp_path, data)
    assert found.low == pytest.approx(1005, abs=3)
    assert found.high == pytest.approx(1995, abs=3)
    assert window(tmp_path, data, percentiles=(0, 100), slices=30).high == 65535


def test_large_slices_are_subsampled_evenly(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(2000, dtype=np.uint16), (2000, 1))
    found = window(tmp_path, ramp[None])
    assert found.low == pytest.approx(10, abs=10)
    assert found.high == pytest.approx(1990, abs=10)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.int16])
@pytest.mark.parametrize("value", [0, 7, 100])
def test_constant_slices(tmp_path: Path, dtype: Any, value: int) -> None:
    found = window(tmp_path, np.full((5, 8, 8), value, dtype))
    assert found.low == value < found.high


def test_few_bright_pixels_on_one_value(tmp_path: Path) -> None:
    data = np.zeros((5, 64, 64), np.uint16)
    data[:, 5, 5] = 300
    assert window(tmp_path, data) == Window(0, 300)


def test_nan_and_infinities_do_not_count(tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((6, 32, 32)).astype(np.float32)
    data[:, :16, ::2] = np.nan
    data[:, 16:, 0] = np.inf
    data[:, 16:, 1] = -np.inf
    found = window(tmp_path, data)
    assert 0 <= found.low < 0.05
    assert 0.95 < found.high <= 1
    assert window(tmp_path, np.full((5, 8, 8), np.nan, np.float32)) == Window(0, 1)


def test_to_uint8() -> None:
    image = np.array([[np.nan, -np.inf, -5, 100], [200, 300, 1e30, np.inf]], np.float32)
    expected = [[0, 0, 0, 0], [128, 255, 255, 255]]
    np.testing.assert_array_equal(Window(100, 300).to_uint8(image), expected)
    before = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert Window(0, 5).to_uint8(before).tolist() == [[0, 51, 102], [153, 204, 255]]
    assert before.tolist() == [[0, 1, 2], [3, 4, 5]]


images = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
)


@pytest.mark.filterwarnings("error")
@given(images)
def test_any_image(tmp_path_factory: pytest.TempPathFactory, image: Any) -> None:
    found = window(tmp_path_factory.getbasetemp(), image[None])
    assert found.low < found.high
    shown = found.to_uint8(image)
    assert shown.dtype == np.uint8
    assert shown.shape == image.shape
    order = np.argsort(image, axis=None)
    finite = order[np.isfinite(image.ravel()[order])]
    assert (np.diff(shown.ravel()[finite].astype(int)) >= 0).all()
