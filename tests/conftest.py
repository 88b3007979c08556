"""A small real project on disk, for every test that needs one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import settings

from altui import Project

# No test is timed: how long an example takes depends on what else the machine does.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

CONFIG = """\
[project]
name = "Tiny screws"

[classes]
names = ["background", "bone", "implant"]

{samples}
[query]
strategy = "entropy"
budget = 3
min_gap = 2

[model]
encoder = "resnet18"
encoder_weights = "none"

[training]
crop = 32
batch = 2
steps = {steps}
steps_per_slice = 0
{extra}
"""
SPLITS = {"s1": "train", "s2": "train", "s3": "train", "v1": "validation", "t1": "test"}
SLICES = 12


def make_stack(seed: int, height: int = 40, width: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """(slices, height, width) uint16 images and uint8 masks: a disc in a ring that drifts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    masks = np.zeros((SLICES, height, width), np.uint8)
    for z in range(SLICES):
        distance = np.hypot(y - height / 2 - seed % 3, x - width / 3 - z / 2)
        masks[z][distance < 14] = 1
        masks[z][distance < 7] = 2
    grey = np.array([9000, 14000, 30000])[masks]
    noisy = grey + rng.normal(0, 1200, masks.shape)
    return noisy.clip(0, 65535).astype(np.uint16), masks


def write_project(root: Path, steps: int = 4, extra: str = "") -> Path:
    """Write stacks, masks and altui.toml into `root`."""
    (root / "samples").mkdir(parents=True)
    (root / "masks").mkdir()
    tables = []
    for seed, (name, split) in enumerate(SPLITS.items()):
        images, masks = make_stack(seed)
        tifffile.imwrite(root / "samples" / f"{name}.tif", images)
        tifffile.imwrite(root / "masks" / f"{name}.tif", masks, compression="zlib")
        tables.append(
            f'[[samples]]\nname = "{name}"\nsplit = "{split}"\n'
            f'images = "samples/{name}.tif"\nmasks = "masks/{name}.tif"\n'
        )
    text = CONFIG.format(samples="\n".join(tables), steps=steps, extra=extra)
    (root / "altui.toml").write_text(text)
    return root


@pytest.fixture(autouse=True)
def _someone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALTUI_USER", "anna")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder: three training samples, one validation, one test, 12 slices each."""
    return write_project(tmp_path / "project")


@pytest.fixture
def project(folder: Path) -> Project:
    return Project.open(folder)


@pytest.fixture
def new_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write another project, with other settings."""

    def make(name: str = "other", steps: int = 4, extra: str = "") -> Path:
        return write_project(tmp_path / name, steps, extra)

    return make
