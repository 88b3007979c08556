"""The sample project: what the README and the rest of the tests rely on."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from altui import Project
from altui.config import Config, Sample, load

PROJECT = Path(__file__).parent.parent / "sample_project"
BACKGROUND, BONE, LAYER, IMPLANT = range(4)


@pytest.fixture(scope="module")
def config() -> Config:
    return load(PROJECT / "altui.toml")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """`sample_project/make.py`, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("sample_project_make", PROJECT / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def images_of(sample: Sample, project: Path = PROJECT) -> npt.NDArray[np.uint16]:
    path = project / sample.images
    if path.is_dir():
        return np.stack([tifffile.imread(page) for page in sorted(path.glob("*.tif"))])
    return np.asarray(tifffile.imread(path))


def masks_of(sample: Sample, project: Path = PROJECT) -> npt.NDArray[np.uint8]:
    assert sample.masks is not None
    return np.asarray(tifffile.imread(project / sample.masks))


def test_splits(config: Config) -> None:
    assert [len(config.split(split)) for split in ("train", "validation", "test")] == [8, 2, 2]
    assert [sample.name for sample in config.samples] == [f"screw{n:02d}" for n in range(1, 13)]


def test_it_is_small() -> None:
    size = sum(path.stat().st_size for path in PROJECT.rglob("*") if path.is_file())
    assert size < 8_000_000


def test_stacks_and_masks_fit_together(config: Config) -> None:
    shapes = set()
    for sample in config.samples:
        images, masks = images_of(sample), masks_of(sample)
        assert images.dtype == np.uint16
        assert masks.dtype == np.uint8
        assert images.shape == masks.shape
        slices, height, width = images.shape
        assert 24 <= slices <= 40
        assert 110 <= height <= 140
        assert 110 <= width <= 140
        shapes.add((height, width))
    assert any(height != width for height, width in shapes)
    assert len(shapes) > 5


def test_masks_hold_the_declared_classes_only(config: Config) -> None:
    for sample in config.samples:
        assert np.unique(masks_of(sample)).tolist() == list(range(len(config.classes.names)))


def test_the_degradation_layer_is_rare(config: Config) -> None:
    for sample in config.samples:
        masks = masks_of(sample)
        share = np.bincount(masks.ravel(), minlength=4) / masks.size
        assert 0.005 < share[LAYER] < 0.03
        assert share[LAYER] < share[IMPLANT] < share[BONE]
        assert share[BACKGROUND] > 0.3


def test_some_slices_say_more_than_others(config: Config) -> None:
    masks = [masks_of(sample) for sample in config.samples]
    without_implant = [not (page == IMPLANT).any() for stack in masks for page in stack]
    assert 20 <= sum(without_implant) <= 60
    for stack in masks:
        layer = (stack == LAYER).mean(axis=(1, 2))
        assert layer.max() > 3 * layer.min()


def test_neighbouring_slices_are_alike(config: Config) -> None:
    for sample in config.samples:
        masks = masks_of(sample)
        neighbours = (masks[1:] != masks[:-1]).mean()
        far_apart = (masks[12:] != masks[:-12]).mean()
        assert neighbours < 0.5 * far_apart


def test_the_layer_looks_brighter_than_bone_and_darker_than_metal(config: Config) -> None:
    for sample in config.samples:
        images, masks = images_of(sample), masks_of(sample)
        grey = [images[masks == class_id] for class_id in range(4)]
        medians = [float(np.median(values)) for values in grey]
        assert medians == sorted(medians)
        # Thresholds are not enough: the two overlap.
        assert np.percentile(grey[LAYER], 25) < np.percentile(grey[BONE], 97)


def test_both_ways_of_reading_are_needed(config: Config) -> None:
    kinds = set()
    for sample in config.samples:
        path = PROJECT / sample.images
        if path.is_file():
            with tifffile.TiffFile(path) as tiff:
                kinds.add((tifffile.COMPRESSION(tiff.pages.first.compression), tiff.is_bigtiff))
    plain, deflate = tifffile.COMPRESSION.NONE, tifffile.COMPRESSION.ADOBE_DEFLATE
    assert {(deflate, False), (plain, False), (plain, True)} <= kinds


@pytest.mark.parametrize("name", ["screw03", "screw04", "screw06"])
def test_making_a_sample_again_gives_the_same_pixels(
    name: str, config: Config, maker: ModuleType, tmp_path: Path
) -> None:
    screw = next(screw for screw in maker.SCREWS if screw.name == name)
    maker.write(tmp_path, screw)
    sample = next(sample for sample in config.samples if sample.name == name)
    assert images_of(sample, tmp_path).tobytes() == images_of(sample).tobytes()
    assert masks_of(sample, tmp_path).tobytes() == masks_of(sample).tobytes()


def test_the_returned_masks_are_a_round_s_worth(tmp_path: Path) -> None:
    project = Project.open(shutil.copytree(PROJECT, tmp_path / "project"))
    project.approve_all()
    report = project.import_labels(project.root / "returned")
    assert report.exit_status == 0
    assert len(report.of("accepted")) == 8
    assert project.status().state == "labelled"
