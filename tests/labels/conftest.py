"""A small project whose samples differ in size, type and storage, and helpers to return masks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from altui import Project
from altui.slices import SliceId

Array = npt.NDArray[Any]
SLICES = 12
# Names that hold each other, end in digits or have dots, on purpose.
SAMPLES: dict[str, tuple[str, tuple[int, int], str]] = {
    "screw1": ("train", (40, 48), "uint16"),
    "screw10": ("train", (44, 36), "uint8"),
    "bone.2": ("train", (48, 48), "float32"),
    "screw1-b": ("validation", (40, 48), "uint16"),
    "screw2": ("test", (40, 48), "uint16"),
}
CONFIG = """\
[project]
name = "Small [b]screws[/b] {in} bone"
[classes]
names = ["background", "bone", "implant"]
{samples}
[query]
budget = 3
min_gap = 2
[model]
encoder_weights = "none"
"""


def make_stack(seed: int, shape: tuple[int, int], dtype: str) -> tuple[Array, Array]:
    """(slices, height, width) images and uint8 masks: a disc in a box, off centre."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    masks = np.zeros((SLICES, *shape), np.uint8)
    for z in range(SLICES):
        masks[z][(y > 5 + seed) & (y < 25) & (x > 4) & (x < 22 + z // 2)] = 1
        masks[z][np.hypot(y - 16, x - 14) < 6] = 2
    grey = np.array([40.0, 90.0, 200.0])[masks] + rng.normal(0, 6, masks.shape)
    factor = {"uint8": 1.0, "uint16": 200.0, "float32": 0.01}[dtype]
    return (grey.clip(0, 255) * factor).astype(dtype), masks


def write_project(root: Path) -> Path:
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    tables = []
    for seed, (name, (split, shape, dtype)) in enumerate(SAMPLES.items()):
        images, masks = make_stack(seed, shape, dtype)
        tifffile.imwrite(root / "masks" / f"{name}.tif", masks, compression="zlib")
        if name == "screw10":  # one sample as a folder of slices
            (root / "images" / name).mkdir()
            for z, image in enumerate(images):
                tifffile.imwrite(root / "images" / name / f"z{z:02d}.tif", image)
            where = f"images/{name}"
        else:
            tifffile.imwrite(root / "images" / f"{name}.tif", images)
            where = f"images/{name}.tif"
        tables.append(
            f'[[samples]]\nname = "{name}"\nsplit = "{split}"\nimages = "{where}"\n'
            f'masks = "masks/{name}.tif"\n'
        )
    (root / "altui.toml").write_text(CONFIG.replace("{samples}", "\n".join(tables)))
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def project(folder: Path) -> Project:
    """Round 1 is approved: one slice of each of the three training samples."""
    opened = Project.open(folder)
    opened.approve_all()
    return opened


@pytest.fixture
def asked(project: Project) -> tuple[SliceId, ...]:
    return project.proposals().slate.approved


@pytest.fixture
def back(tmp_path: Path) -> Path:
    """The folder in which masks come back."""
    folder = tmp_path / "back"
    folder.mkdir()
    return folder


Save = Callable[..., Path]


@pytest.fixture
def save(project: Project, back: Path) -> Save:
    """Write a slice's right mask (or another array) as it might come back."""

    def write(slice_id: SliceId, name: str = "", mask: Array | None = None) -> Path:
        path = back / (name or slice_id.file_stem(SLICES) + ".tif")
        path.parent.mkdir(parents=True, exist_ok=True)
        return save_as(path, right_mask(project, slice_id) if mask is None else mask)

    return write


def save_as(path: Path, mask: Array) -> Path:
    """By its ending: TIFF or PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        from PIL import Image

        Image.fromarray(mask).save(path)
    else:
        tifffile.imwrite(path, mask, photometric="minisblack")
    return path


def right_mask(project: Project, slice_id: SliceId) -> Array:
    with project.workspace.masks(slice_id.sample) as stack:
        return stack.read(slice_id.index)


def label_of(project: Project, slice_id: SliceId) -> Array:
    mask = project.label(slice_id)
    assert mask is not None
    return mask


def codes(report: Any) -> dict[str, str]:
    """Each file's name and the code of its verdict."""
    return {Path(verdict.file).name: verdict.code for verdict in report.verdicts}
