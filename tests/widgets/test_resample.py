import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from altui.widgets.resample import area_mean, fitted, rarest_class

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
SIDE = st.integers(1, 40)
IMAGES = arrays(np.uint8, st.tuples(SIDE, SIDE))


def covered(length: int, samples: int) -> Floats:
    """(samples, length): the share of each sample's area that each pixel covers."""
    edges = np.linspace(0, length, samples + 1)
    pixels = np.arange(length)
    shares: Floats = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(shares, 0.0) * (samples / length)


@given(IMAGES, SIDE, SIDE)
def test_a_sample_is_the_mean_of_what_it_covers(image: Bytes, rows: int, columns: int) -> None:
    height, width = image.shape
    expected = covered(height, rows) @ image @ covered(width, columns).T
    np.testing.assert_allclose(area_mean(image, rows, columns), expected, atol=0.02)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200), st.integers(1, 120))
def test_the_picture_fits_and_fills_one_direction(
    height: int, width: int, columns: int, rows: int
) -> None:
    fit = fitted((height, width), columns, rows)
    assert 1 <= fit[0] <= rows
    assert 1 <= fit[1] <= columns
    assert fit[0] == rows or fit[1] == columns


def test_samples_twice_as_high_as_wide_are_half_as_many() -> None:
    assert fitted((1200, 1200), 60, 44) == (44, 44)
    assert fitted((1200, 1200), 60, 22, sample_aspect=2) == (22, 44)
    assert fitted((600, 1200), 60, 60) == (30, 60)


@given(IMAGES, SIDE, SIDE)
def test_each_sample_has_a_class_that_is_there(ids: Bytes, rows: int, columns: int) -> None:
    pooled = rarest_class(ids, rows, columns)
    assert pooled.shape == (rows, columns)
    assert set(np.unique(pooled)) <= set(np.unique(ids))


@given(st.integers(1, 10), st.integers(1, 10), st.integers(1, 12), st.data())
def test_each_sample_has_the_rarest_class_in_it(
    rows: int, columns: int, times: int, data: st.DataObject
) -> None:
    ids = data.draw(
        arrays(np.uint8, (rows * times, columns * times), elements=st.sampled_from([0, 1, 2, 255]))
    )
    counts = np.bincount(ids.ravel(), minlength=3)
    pooled = rarest_class(ids, rows, columns)
    blocks = ids.reshape(rows, times, columns, times).swapaxes(1, 2)
    for row, column in np.ndindex(rows, columns):
        there = sorted(set(np.unique(blocks[row, column]).tolist()) & {1, 2})
        if not there:
            assert pooled[row, column] in (0, 255)
        elif counts[1] != counts[2]:
            assert pooled[row, column] == min(there, key=lambda each: counts[each])


@pytest.mark.parametrize("line", [np.s_[601, :], np.s_[:, 17], np.s_[1199, :]])
def test_a_line_one_pixel_thin_is_unbroken(line: tuple[slice | int, ...]) -> None:
    ids = np.ones((1200, 1200), np.uint8)
    ids[300:900, 300:900] = 3
    ids[line] = 2
    pooled = rarest_class(ids, 44, 44)
    assert (pooled == 2).sum() == 44


def test_ignored_pixels_hide_no_class() -> None:
    ids = np.full((100, 100), 255, np.uint8)
    ids[50, 50] = 1
    assert (rarest_class(ids, 10, 10) == 1).sum() == 1
