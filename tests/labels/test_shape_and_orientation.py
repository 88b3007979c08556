"""What is checked of a decoded mask."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Classes
from altui.labels.checks.orientation import TURNS, fit_edges, gradients_of, shrink
from altui.labels.checks.shape import check_shape, count_classes
from altui.labels.runs import runs_of
from altui.labels.verdict import Refusal
from altui.volumes.stack import open_stack
from altui.workspace import Header
from tests.labels.conftest import Array

CLASSES = Classes(names=("background", "bone", "implant"), ignore=255)
HEADER = Header("screw1", "train", 12, 40, 48, "uint16")
SAMPLE_PROJECT = Path(__file__).parents[2] / "sample_project"


@pytest.mark.parametrize(
    ("shape", "cause"),
    [
        ((48, 40), "transposed or turned"),
        ((80, 96), "scaled by 2"),
        ((20, 24), "scaled by 0.5, or cropped to a window"),
        ((40, 47), "cropped"),
        ((53, 64), "scaled by 1.3.$"),
        ((64, 64), "padded to a multiple of 64"),
        ((64, 53), "scaled by 1.3., and transposed"),
        ((39, 30), "cropped"),
        ((41, 30), "48 × 40$"),
        ((42, 50), "with a border of 1 pixel$"),
        ((42, 51), "48 × 40$"),
    ],
)
def test_shape_and_its_likely_cause(shape: tuple[int, int], cause: str) -> None:
    with pytest.raises(Refusal, match=cause) as caught:
        check_shape(np.zeros(shape, np.uint8), HEADER)
    assert caught.value.code == "shape"
    assert caught.value.figures == {
        "width": shape[1],
        "height": shape[0],
        "wanted_width": 48,
        "wanted_height": 40,
    }
    assert f"{shape[1]} × {shape[0]}" in caught.value.message


@pytest.mark.parametrize(
    ("side", "cause"),
    [
        (512, ": cropped to a window of the slice, of which .*, or scaled by 0.427$"),
        (600, ": scaled by 0.5, or cropped to a window"),
        (1216, ": padded to a multiple of 64, or with a border of 8 pixels, or scaled by 1.01$"),
        (2400, ": scaled by 2, or with a border of 600 pixels$"),
        (1700, "1200 × 1200: with a border of 250 pixels, or scaled by 1.42$"),
    ],
)
def test_a_square_slice_leaves_several_causes(side: int, cause: str) -> None:
    square = Header("screw1", "train", 12, 1200, 1200, "uint16")
    with pytest.raises(Refusal, match=cause):
        check_shape(np.zeros((side, side), np.uint8), square)


def test_right_shape() -> None:
    check_shape(np.zeros((40, 48), np.uint8), HEADER)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
def test_undeclared_values_are_named_and_counted(dtype: type) -> None:
    mask: Array = np.zeros((40, 48), dtype)
    mask[0, :5] = 7
    mask[1, 0] = 100
    mask[2, :3] = 255  # ignored
    with pytest.raises(Refusal) as caught:
        count_classes(runs_of(mask), CLASSES)
    assert caught.value.code == "values"
    assert "7 (5 pixels), 100 (1 pixel)" in caught.value.message
    assert "255 (" not in caught.value.message


def test_negative_and_huge_values() -> None:
    for value in (-1, -255, 256, 65535, 2**40):
        with pytest.raises(Refusal, match=str(value)):
            count_classes(runs_of(np.full((4, 4), value)), CLASSES)
    with pytest.raises(Refusal):
        count_classes(runs_of(np.full((4, 4), 2**64 - 1, np.uint64)), CLASSES)


def test_ignore_is_what_the_config_says() -> None:
    classes = Classes(names=("a", "b"), ignore=9)
    count_classes(runs_of(np.array([[0, 1, 9]], np.uint8)), classes)
    with pytest.raises(Refusal, match="255"):
        count_classes(runs_of(np.array([[0, 1, 255]], np.uint8)), classes)


@pytest.fixture(scope="module")
def slices() -> list[tuple[Array, Array]]:
    """Some images and masks of every stack of the sample project."""
    pairs = []
    for masks_path in sorted((SAMPLE_PROJECT / "masks").glob("*.tif")):
        images_path = SAMPLE_PROJECT / "samples" / masks_path.name
        if not images_path.exists():
            images_path = images_path.with_suffix("")
        with open_stack(SAMPLE_PROJECT, str(images_path)) as images:  # noqa: SIM117
            with open_stack(SAMPLE_PROJECT, str(masks_path)) as masks:
                for index in range(0, images.slices, 6):
                    pairs.append((images.read(index), masks.read(index)))
    return pairs


def better_way(mask: Array, image: Array) -> str:
    """How a mask fits the image's edges better; empty where it lies well."""
    fit = fit_edges(mask, gradients_of(image), 255)
    return fit.words if fit and fit.is_convincing() else ""


def plainly(mask: Array, image: Array) -> tuple[float, dict[str, float]]:
    """How the class boundaries fit the image's edges as the mask lies and turned; the definition
    of `fit_edges`, for slices that are small enough to be looked at as they are.
    """
    grey = np.clip(image.astype(float), *np.percentile(image, [1, 99]))
    wide = np.pad(grey, 2, mode="edge")
    smooth = sum(
        wide[y : y + len(grey) + 2, x : x + grey.shape[1] + 2] for y in range(3) for x in range(3)
    )
    assert not isinstance(smooth, int)
    edges = np.hypot(smooth[2:, 1:-1] - smooth[:-2, 1:-1], smooth[1:-1, 2:] - smooth[1:-1, :-2])
    edges = np.minimum(edges, np.percentile(edges, 99))

    def fit(turned: Array) -> float:
        boundary = np.zeros(turned.shape, bool)
        boundary[:-1] |= turned[:-1] != turned[1:]
        boundary[:, :-1] |= turned[:, :-1] != turned[:, 1:]
        return float(edges[boundary].mean() / edges.mean() - 1)

    turned = {name: turn(mask) for name, turn in TURNS.items()}
    return fit(mask), {name: fit(one) for name, one in turned.items() if one.shape == mask.shape}


@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([np.uint8, np.uint16, np.float32]))
def test_edges_fit_as_they_plainly_do(seed: int, square: bool, kind: type) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 3, (12, 12 if square else 10))
    mask = np.kron(coarse, np.ones((8, 8), int)).astype(np.uint8)
    turn = rng.choice(list(TURNS))
    image: Array = TURNS[turn](mask) if square else mask
    image = (60 * image + rng.integers(0, 40, image.shape)).astype(kind)
    fit, (own, turned) = fit_edges(mask, gradients_of(image), 255), plainly(mask, image)
    assert fit is not None
    # A turned mask has its boundary on the other side of the pixels' edges.
    assert fit.own == pytest.approx(own, abs=0.15)
    assert fit.best == pytest.approx(max(turned.values()), abs=0.3)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.float64])
def test_shrunk_to_the_corners_mean(step: int, kind: type) -> None:
    image: Array = np.random.default_rng(0).integers(0, 100, (23, 37)).astype(kind)
    squares = image[: 23 // step * step, : 37 // step * step].reshape(23 // step, step, -1, step)
    corners = squares[:, [0, -1]][..., [0, -1]].astype(float)
    assert np.allclose(shrink(image, step), corners.mean((1, 3)))


def test_right_masks_are_not_doubted(slices: list[tuple[Array, Array]]) -> None:
    for image, mask in slices:
        assert better_way(mask, image) == ""


def test_careless_masks_are_not_doubted(slices: list[tuple[Array, Array]]) -> None:
    """Drawn two pixels beside the edge, or with half of the slice left out."""
    for image, mask in slices:
        assert better_way(np.roll(mask, 2, axis=1), image) == ""
        half = mask.copy()
        half[: len(half) // 2] = 255
        assert better_way(half, image) == ""


@pytest.mark.parametrize("words", TURNS)
def test_turned_masks_are_told(slices: list[tuple[Array, Array]], words: str) -> None:
    told = []
    for image, mask in slices:
        turned = TURNS[words](mask)
        if turned.shape == image.shape and not np.array_equal(turned, mask):
            told.append(bool(better_way(turned, image)))
    assert told
    assert np.mean(told) > 0.9


def test_the_way_back_is_named(slices: list[tuple[Array, Array]]) -> None:
    image, mask = slices[2]
    assert better_way(np.flipud(mask), image) == "mirrored top to bottom"
    assert better_way(np.fliplr(mask), image) == "mirrored left to right"
    assert better_way(np.rot90(mask, 2), image) == "turned by 180°"
