import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from altui.widgets.layers import Look, framed, panned
from altui.widgets.resample import area_mean, highest, outlined, rarest_class

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
    frame = framed((height, width), columns, rows, 1.0)
    assert 1 <= frame.rows <= rows
    assert 1 <= frame.columns <= columns
    assert frame.rows == rows or frame.columns == columns
    assert (frame.top, frame.left, frame.height, frame.width) == (0, 0, height, width)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.integers(1, 100),
    st.integers(1, 60),
    st.floats(1, 100),
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=5),
)
def test_zoomed_and_panned_the_frame_stays_inside(
    shape: tuple[int, int],
    columns: int,
    rows: int,
    zoom: float,
    ways: list[tuple[float, float]],
) -> None:
    look = Look(zoom=zoom)
    for down, right in ways:
        frame = framed(shape, columns, rows, 1.0, look)
        look = panned(look, frame, shape, down, right)
    frame = framed(shape, columns, rows, 1.0, look)
    assert 0 <= frame.top <= frame.top + frame.height <= shape[0]
    assert 0 <= frame.left <= frame.left + frame.width <= shape[1]
    assert frame.cut(np.zeros(shape, np.uint8), shape).shape == (frame.height, frame.width)
    assert min(frame.cut(np.zeros((7, 9), np.uint8), shape).shape) > 0
    assert 1 <= frame.rows <= rows
    assert 1 <= frame.columns <= columns


def test_zoomed_in_all_the_space_is_used() -> None:
    frame = framed((1200, 1200), 60, 44, 1.0, Look(zoom=2.0))
    assert (frame.rows, frame.columns) == (44, 60)
    assert (frame.height, frame.width) == (600, 818)
    assert (frame.top, frame.left) == (300, 191)


def test_samples_twice_as_high_as_wide_are_half_as_many() -> None:
    def size(shape: tuple[int, int], columns: int, rows: int, aspect: float) -> tuple[int, int]:
        frame = framed(shape, columns, rows, aspect)
        return frame.rows, frame.columns

    assert size((1200, 1200), 60, 44, 1.0) == (44, 44)
    assert size((1200, 1200), 60, 22, 2.0) == (22, 44)
    assert size((600, 1200), 60, 60, 1.0) == (30, 60)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
def test_the_mean_of_any_type(dtype: str) -> None:
    image = np.random.default_rng(1).normal(0, 100, (90, 70)).astype(dtype)
    image[0, 0] = np.iinfo(dtype).max if dtype[0] != "f" else 1e9
    expected = covered(90, 8) @ image.astype(float) @ covered(70, 5).T
    np.testing.assert_allclose(area_mean(image, 8, 5), expected, rtol=1e-4, atol=0.02)


@given(IMAGES, SIDE, SIDE)
def test_the_highest_of_what_a_sample_covers(image: Bytes, rows: int, columns: int) -> None:
    pooled = highest(image, rows, columns)
    assert pooled.shape == (rows, columns)
    if rows <= image.shape[0] and columns <= image.shape[1]:
        assert pooled.max() == image.max()


@given(arrays(np.uint8, st.tuples(SIDE, SIDE), elements=st.integers(0, 3)))
def test_outlines_are_the_pixels_with_another_class_beside_them(ids: Bytes) -> None:
    padded = np.pad(ids, 1, mode="edge")
    beside = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    expected = np.where(np.any([each != ids for each in beside], axis=0), ids, 0)
    np.testing.assert_array_equal(outlined(ids), expected)


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
