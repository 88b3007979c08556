"""Tiny projects and job folders, with real TIFF files, for the worker's tests."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from altui.config import Config
from altui.jobs.folder import LOG, SPEC, JobFolder, JobSpec, LabelSpec

Array = npt.NDArray[Any]
IGNORE = 250
NAMES = ("background", "tissue", "implant")
EASY: dict[str, Any] = {"crop": 64, "batch": 4, "steps": 25, "steps_per_slice": 0}


def tomogram(seed: int, slices: int = 6, height: int = 72, width: int = 88) -> tuple[Array, Array]:
    """(slices, height, width) uint16 images and uint8 masks: a bright disc in a grey one."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    images, masks = [], []
    for index in range(slices):
        middle = height / 2 + index, width / 2 - index
        distance = np.hypot(rows - middle[0], columns - middle[1])
        mask = (distance < height * 0.35).astype(np.uint8) + (distance < height * 0.15)
        grey = np.array([1000, 1600, 2600])[mask] + random.normal(0, 120, mask.shape)
        images.append(grey.astype(np.uint16))
        masks.append(mask)
    return np.stack(images), np.stack(masks)


def make_project(root: Path, config: Mapping[str, Any] | None = None, **size: int) -> Config:
    """Two training samples, one for validation, one for test."""
    splits = {"a": "train", "b": "train", "v": "validation", "t": "test"}
    for seed, name in enumerate(splits):
        images, masks = tomogram(seed, **size)
        tifffile.imwrite(root / f"{name}.tif", images, photometric="minisblack")
        tifffile.imwrite(root / f"{name}-mask.tif", masks, photometric="minisblack")
    tables: dict[str, Any] = {
        "project": {"name": "tiny"},
        "classes": {"names": list(NAMES), "ignore": IGNORE},
        "samples": [
            {"name": n, "split": s, "images": f"{n}.tif", "masks": f"{n}-mask.tif"}
            for n, s in splits.items()
        ],
        "model": {"encoder": "resnet18", "encoder_weights": "none"},
        "training": EASY,
    }
    for table, values in (config or {}).items():
        tables[table] = {**tables.get(table, {}), **values}
    return Config.model_validate(tables)


def label(root: Path, sample: str, index: int, mask: Array | None = None) -> LabelSpec:
    """The oracle's mask of one slice, or `mask`, as an accepted label."""
    if mask is None:
        mask = tifffile.imread(root / f"{sample}-mask.tif")[index]
    path = root / "labels" / f"{sample}-{index}.tif"
    path.parent.mkdir(exist_ok=True)
    tifffile.imwrite(path, mask, photometric="minisblack")
    return LabelSpec(sample=sample, index=index, path=str(path.relative_to(root)), revision=1)


def make_job(root: Path, config: Config, labels: list[LabelSpec], name: str = "j1") -> JobFolder:
    path = root / "jobs" / name
    path.mkdir(parents=True)
    folder = JobFolder(path)
    spec = JobSpec(
        job=name,
        kind="train",
        round=1,
        project=str(root),
        config=config,
        labels=tuple(labels),
    )
    folder.write(SPEC, spec)
    return folder


def two_labels(root: Path, of_a: int = 2, of_b: int = 3) -> list[LabelSpec]:
    return [label(root, "a", of_a), label(root, "b", of_b)]


def start(folder: JobFolder, **environment: str) -> subprocess.Popen[bytes]:
    """The worker as the launcher starts it."""
    with (folder.path / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "altui.worker", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | environment,
        )


def log_of(folder: JobFolder) -> str:
    return (folder.path / LOG).read_text(encoding="utf-8")
