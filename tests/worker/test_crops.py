"""Crops: reproducible, true to the slice, with every class in sight; augmentation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Augmentation
from altui.jobs.folder import LabelSpec
from altui.worker.augment import light, place, sample
from altui.worker.crops import Batch, draw
from altui.worker.normalise import FloatArray, Normaliser
from altui.worker.samples import IGNORED, ClassIds, LabelledSlices, open_samples

from .made import IGNORE, Array, label, make_project, two_labels

STILL = Augmentation(
    flips=False,
    rotations="none",
    scale=0,
    elastic=0,
    gamma=0,
    contrast=0,
    brightness=0,
    noise=0,
)
LIKE = Normaliser(-2.0, 2.0)  # grey values within -2..2 stay as they are


def drawn(
    root: Path,
    labels: list[LabelSpec],
    training: dict[str, Any],
    augmentation: Augmentation = STILL,
    step: int = 0,
    context: int = 0,
) -> Batch:
    config = make_project(root, {"training": training, "model": {"context_slices": context}})
    with open_samples(root, config) as samples:
        slices = LabelledSlices(labels, samples, root, config.classes)
        return draw(slices, config.training, augmentation, step)


def ramps(height: int = 40, width: int = 60) -> tuple[FloatArray, ClassIds]:
    """An image (2, height, width) of each pixel's row and column, as grey values in -2..2,
    and a mask that tells in which ninth of the image a pixel lies."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    ninths = np.floor(3 * rows / height) * 3 + np.floor(3 * columns / width)
    image = (np.stack([rows, columns]) / 100).astype(np.float32)
    return image, ninths.astype(np.uint8)


@pytest.mark.parametrize("crop", [64, 100])
@pytest.mark.parametrize("context", [0, 1])
def test_crops_are_reproducible_and_their_masks_fit(
    tmp_path: Path, crop: int, context: int
) -> None:
    """Also for slices (72 × 88) smaller than the crop."""
    make_project(tmp_path)
    labels = two_labels(tmp_path)
    settings = {"crop": crop}
    turned = STILL.model_copy(update={"rotations": "quarter", "flips": True})
    batch, again, other = (
        drawn(tmp_path, labels, settings, turned, step, context) for step in (5, 5, 6)
    )
    assert (batch.images == again.images).all()
    assert (batch.masks == again.masks).all()
    assert (batch.images != other.images).any()
    assert batch.images.shape == (4, 1 + 2 * context, crop, crop)
    assert batch.images.dtype == np.float32
    # What is added around a small slice is ignored, and only that.
    assert (batch.masks == IGNORED).sum() == 4 * (crop**2 - min(crop, 72) * min(crop, 88))
    # The implant is brighter than the background wherever the crop was turned to.
    means = [batch.images[:, context][batch.masks == number].mean() for number in range(3)]
    assert means[0] < means[1] < means[2]


def test_a_batch_takes_every_slice_before_one_comes_twice(tmp_path: Path) -> None:
    make_project(tmp_path)
    masks = [np.full((72, 88), number, np.uint8) for number in range(3)]
    labels = [label(tmp_path, "a", number, masks[number]) for number in range(3)]
    for step in range(5):
        batch = drawn(tmp_path, labels, {"crop": 72, "batch": 3}, step=step)
        assert sorted(batch.masks[:, 36, 36].tolist()) == [0, 1, 2]


def test_an_unturned_crop_is_a_part_of_the_slice_pixel_by_pixel(tmp_path: Path) -> None:
    import tifffile

    config = make_project(tmp_path)
    labels = [label(tmp_path, "a", 2)]
    batch = drawn(tmp_path, labels, {"crop": 40, "batch": 8, "class_share": 0.5})
    with open_samples(tmp_path, config) as samples:
        whole = samples["a"].channels(2)[0]
    mask = tifffile.imread(tmp_path / "a-mask.tif")[2]
    windows = np.lib.stride_tricks.sliding_window_view(mask, (40, 40))
    places = set()
    for image, ids in zip(batch.images[:, 0], batch.masks, strict=True):
        found = np.argwhere((windows == ids).all((2, 3)))
        fits = [
            (int(row), int(column))
            for row, column in found
            if np.allclose(whole[row : row + 40, column : column + 40], image, atol=1e-3)
        ]
        assert len(fits) == 1
        places.add(fits[0])
    assert len(places) > 3


def test_a_thin_rare_class_is_seen_as_often_as_the_config_says(tmp_path: Path) -> None:
    make_project(tmp_path)
    mask = np.zeros((72, 88), np.uint8)
    mask[:36] = 1
    mask[70, 86:] = 2  # two pixels in a corner, that a random crop rarely holds
    labels = [label(tmp_path, "a", 0, mask)]

    def share(class_share: float) -> float:
        settings = {"crop": 32, "batch": 32, "class_share": class_share}
        crops = np.concatenate(
            [drawn(tmp_path, labels, settings, step=step).masks for step in range(8)]
        )
        return float((crops == 2).any((1, 2)).mean())

    assert share(0.0) < 0.02
    assert share(0.6) == pytest.approx(0.6 / 3, abs=0.08)
    assert share(1.0) == pytest.approx(1 / 3, abs=0.08)


def test_no_crop_is_centred_on_an_ignored_pixel(tmp_path: Path) -> None:
    make_project(tmp_path)
    mask = np.full((72, 88), IGNORE, np.uint8)
    mask[50, 60] = 2
    labels = [label(tmp_path, "a", 0, mask)]
    settings = {"crop": 32, "batch": 8, "class_share": 1.0}
    assert (drawn(tmp_path, labels, settings).masks[:, 16, 16] == 2).all()
    nothing = [label(tmp_path, "a", 0, np.full((72, 88), IGNORE, np.uint8))]
    assert (drawn(tmp_path, nothing, settings).masks == IGNORED).all()


def test_the_pixel_of_a_class_is_any_of_its_pixels(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    mask: Array = np.zeros((72, 88), np.uint8)
    mask[3, 4], mask[3, 9], mask[20, 1] = 2, 2, 2
    mask[40:42, 5] = IGNORE
    with open_samples(tmp_path, config) as samples:
        slices = LabelledSlices([label(tmp_path, "a", 0, mask)], samples, tmp_path, config.classes)
        found = {slices.pixel_of_any_class(0, 0.99, x) for x in np.arange(0, 1, 0.1)}
        assert found == {(3, 4), (3, 9), (20, 1)}
        assert set(slices.class_rows(0)) == {0, 2, IGNORED}
        for pixel in np.linspace(0, 0.999999, 200):
            at = slices.pixel_of_any_class(0, 0.0, float(pixel))
            assert at is not None
            assert mask[at] == 0


@given(
    seed=st.integers(0, 10_000),
    row=st.integers(0, 89),
    column=st.integers(0, 119),
    crop=st.integers(32, 80),
)
def test_with_all_switched_off_the_grey_values_are_those_on_disk(
    seed: int, row: int, column: int, crop: int
) -> None:
    """16-bit values come back from the normalised ones, one by one."""
    values = np.random.default_rng(seed)
    image = values.integers(0, 1 << 16, (2, 90 + crop, 120 + crop), dtype=np.uint16)
    mask = values.integers(0, 3, image.shape[1:], dtype=np.uint8)
    middle = (crop - 1) / 2
    random = np.random.default_rng(seed)
    places = place((row + middle, column + middle), crop, STILL, random)
    found, ids = sample(image, mask, Normaliser(0.0, 65535.0), places)
    found = light(found, STILL, random)
    window = np.s_[row : row + crop, column : column + crop]
    assert (np.rint((found / 4 + 0.5) * 65535) == image[:, *window]).all()
    assert (ids == mask[window]).all()


AUGMENTATIONS = st.builds(
    Augmentation,
    flips=st.booleans(),
    rotations=st.sampled_from(["any", "quarter", "none"]),
    **dict.fromkeys(
        ("scale", "elastic", "gamma", "contrast", "brightness", "noise"), st.floats(0, 1)
    ),
)


@given(settings=AUGMENTATIONS, seed=st.integers(0, 10_000), crop=st.integers(32, 70))
def test_whatever_is_done_masks_hold_class_ids_and_grey_values_are_finite(
    settings: Augmentation, seed: int, crop: int
) -> None:
    image, _ = ramps()
    random = np.random.default_rng(seed)
    mask = np.array([3, 200, IGNORED], np.uint8)[random.integers(0, 3, image.shape[1:])]
    places = place((10.0, 50.0), crop, settings, random)
    found, ids = sample(image, mask, LIKE, places)
    lit = light(found, settings, random)
    assert set(np.unique(ids)) <= {3, 200, IGNORED}
    assert ids.dtype == np.uint8
    assert lit.shape == (2, crop, crop)
    assert lit.dtype == np.float32
    assert np.isfinite(lit).all()


@pytest.mark.parametrize(("index", "same"), [(0, (0, 1)), (5, (1, 2))])
def test_at_a_stacks_ends_the_neighbour_is_the_slice_itself(
    tmp_path: Path, index: int, same: tuple[int, int]
) -> None:
    """Channels are turned, bent and lit alike, so those of one slice stay one."""
    make_project(tmp_path)
    labels = [label(tmp_path, "a", index)]
    settings = Augmentation(noise=0)  # the only one that is each pixel's own
    images = drawn(tmp_path, labels, {"crop": 48}, settings, context=1).images
    assert (images[:, same[0]] == images[:, same[1]]).all()
    assert (images[:, 0] != images[:, 2]).any()


@given(
    seed=st.integers(0, 10_000),
    row=st.floats(0, 39),
    column=st.floats(0, 59),
    crop=st.integers(32, 70),
)
def test_image_and_mask_move_alike(seed: int, row: float, column: float, crop: int) -> None:
    """However it is turned, scaled and bent, a crop's pixels are those of the places."""
    image, mask = ramps()
    settings = Augmentation(scale=0.5, elastic=0.03)
    places = place((row, column), crop, settings, np.random.default_rng(seed))
    found, ids = sample(image, mask, LIKE, places)
    within = (places >= 0).all(0) & (places[0] <= 39) & (places[1] <= 59)
    assert np.allclose(found[:, within] * 100, places[:, within], atol=0.01)
    nearest = np.rint(places).astype(int)
    outside = (nearest < 0).any(0) | (nearest[0] > 39) | (nearest[1] > 59)
    assert (ids[outside] == IGNORED).all()
    assert (ids[~outside] == mask[nearest[0][~outside], nearest[1][~outside]]).all()


def test_beyond_the_edges_the_image_is_reflected() -> None:
    image, mask = ramps()
    places = place((5.5, 30.5), 32, STILL, np.random.default_rng(0))
    assert (places[0, :, 0] == np.arange(-10, 22)).all()
    found, ids = sample(image, mask, LIKE, places)
    assert np.allclose(found[0, :, 0] * 100, np.abs(np.arange(-10, 22)), atol=1e-3)
    assert (ids[:10] == IGNORED).all()
    assert (ids[10:] != IGNORED).all()


def directions(settings: Augmentation) -> set[tuple[int, int]]:
    """Where a crop's downward direction points in the slice, in degrees, and its handedness."""
    found = set()
    for seed in range(80):
        places = place((50.0, 50.0), 33, settings, np.random.default_rng(seed))
        down = places[:, 17, 16] - places[:, 16, 16]
        right = places[:, 16, 17] - places[:, 16, 16]
        assert np.hypot(*down) == pytest.approx(1, abs=1e-3)
        turned = int(round(float(np.degrees(np.arctan2(down[1], down[0]))))) % 360
        found.add((turned, int(round(float(down[0] * right[1] - down[1] * right[0])))))
    return found


def test_flips_and_rotations_can_be_switched_off_apart() -> None:
    def turned(flips: bool, rotations: str) -> Augmentation:
        return STILL.model_copy(update={"flips": flips, "rotations": rotations})

    assert directions(turned(False, "none")) == {(0, 1)}
    assert directions(turned(True, "none")) == {(0, 1), (0, -1), (180, 1), (180, -1)}
    quarters = {(angle, 1) for angle in (0, 90, 180, 270)}
    assert directions(turned(False, "quarter")) == quarters
    assert len(directions(turned(True, "quarter"))) == 8
    any_angle = directions(turned(False, "any"))
    assert len(any_angle) > 60
    assert {hand for _, hand in any_angle} == {1}


def test_scale_and_bending_stay_within_their_strength() -> None:
    sizes, bent = [], []
    for seed in range(200):
        random = np.random.default_rng(seed)
        scaled = place((50, 50), 65, STILL.model_copy(update={"scale": 0.25}), random)
        sizes.append((scaled[0, -1, 0] - scaled[0, 0, 0]) / 64)
        random = np.random.default_rng(seed)
        bends = place((50, 50), 65, STILL.model_copy(update={"elastic": 0.02}), random)
        straight = place((50, 50), 65, STILL, np.random.default_rng(seed))
        bent.append((bends - straight).std())
    assert 0.8 <= min(sizes) < 0.83
    assert 1.2 < max(sizes) <= 1.2501
    assert 0.1 < np.mean(bent) < 0.02 * 65
    assert max(bent) < 2 * 0.02 * 65


def test_bending_is_smooth_enough_to_fold_nothing() -> None:
    for seed in range(100):
        places = place(
            (50, 50), 128, Augmentation(rotations="none", flips=False), np.random.default_rng(seed)
        )
        assert (np.diff(places[0], axis=0) > 0).all()
        assert (np.diff(places[1], axis=1) > 0).all()


@pytest.mark.parametrize("key", ["gamma", "contrast", "brightness", "noise"])
def test_light_changes_by_each_setting_and_by_none_without(key: str) -> None:
    image = np.linspace(-2, 2, 32 * 32, dtype=np.float32).reshape(1, 32, 32)
    assert light(image, STILL, np.random.default_rng(1)) is image
    strong = STILL.model_copy(update={key: 0.2})
    once, again, other = (light(image, strong, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert once.dtype == np.float32
    assert (once == again).all()
    assert np.abs(once - other).max() > 0.01
    assert 0.002 < np.abs(once - image).mean() < 1
    if key == "gamma":  # black and white stay what they are
        assert np.allclose(once[0, [0, -1], [0, -1]], [-2, 2], atol=1e-3)
    if key != "noise":  # what is brighter stays brighter
        assert (np.diff(once.ravel()) >= 0).all()


def test_a_switch_changes_nothing_but_its_own() -> None:
    """The other random numbers stay the same, so that settings can be compared."""
    with_noise = Augmentation(noise=0.1)
    places = [
        place((20, 30), 64, settings, np.random.default_rng(4))
        for settings in (Augmentation(noise=0.0), with_noise)
    ]
    assert (places[0] == places[1]).all()
    image = np.zeros((1, 8, 8), np.float32)
    bright = [
        light(image, STILL.model_copy(update=update), np.random.default_rng(3)).mean()
        for update in ({"brightness": 0.5}, {"brightness": 0.5, "contrast": 0.5})
    ]
    assert bright[0] == bright[1]
