"""Masks named as their images, of samples that are folders of slices."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from altui import Project
from altui.labels.verdict import Verdict
from altui.slices import SliceId
from tests.labels.conftest import save_as

CONFIG = """\
[project]
name = "x"
[classes]
names = ["background", "bone"]
[query]
budget = 4
min_gap = 1
"""
SAMPLE = '[[samples]]\nname = "{}"\nsplit = "{}"\nimages = "{}"\nmasks = "masks/{}.tif"\n'
FIRST = {"one": 1, "many": 101, "also": 1, "held": 1}  # number of the first file


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Samples of six slices: `one` and `also` both have rec_0001 to rec_0006."""
    rng, tables = np.random.default_rng(0), []
    for name, first in FIRST.items():
        for z in range(6):
            image = rng.normal(90, 9, (20, 24)).astype(np.uint16)
            save_as(
                tmp_path
                / "raw"
                / name
                / f"{'scan' if name == 'held' else 'rec'}_{first + z:04d}.tif",
                image,
            )
        save_as(tmp_path / "masks" / f"{name}.tif", np.zeros((6, 20, 24), np.uint8))
        split = "validation" if name == "held" else "train"
        tables.append(SAMPLE.format(name, split, f"raw/{name}", name))
    (tmp_path / "altui.toml").write_text(
        CONFIG + "".join(tables) + '[stopping]\nsplit = "validation"\n'
    )
    opened = Project.open(tmp_path)
    for slice_id in ("one:2", "many:2", "many:5"):
        opened.pick(slice_id)
    opened.approve_all()
    return opened


def verdict(project: Project, tmp_path: Path, name: str) -> Verdict:
    mask = np.zeros((20, 24), np.uint8)
    mask[5:12, 6:14] = 1
    path = save_as(tmp_path / "back" / name, mask)
    [found] = project.import_labels(path.parent, dry_run=True, unasked=True).verdicts
    return found


@pytest.mark.parametrize(
    "name", ["rec_0103.tif", "REC_0103_mask.png", "many/rec_0103.tif", "rec_0103 labels.tif"]
)
def test_a_mask_named_as_its_image(project: Project, tmp_path: Path, name: str) -> None:
    found = verdict(project, tmp_path, name)
    assert (found.slice, found.outcome) == (SliceId("many", 2), "accepted")


def test_the_same_name_in_two_samples_needs_the_folder(project: Project, tmp_path: Path) -> None:
    found = verdict(project, tmp_path, "rec_0003.tif")
    assert (found.outcome, found.code) == ("refused", "ambiguous")
    assert "the images of one:2, also:2" in found.message


def test_a_number_that_says_another_slice_is_not_guessed_at(
    project: Project, tmp_path: Path
) -> None:
    found = verdict(project, tmp_path, "one/rec_0003.tif")
    assert (found.outcome, found.code) == ("refused", "ambiguous")
    assert "may be one:3, by its number, or one:2, whose image is named rec_0003" in found.message


def test_altuis_own_names_and_held_out_images(project: Project, tmp_path: Path) -> None:
    assert verdict(project, tmp_path, "many_z2.tif").slice == SliceId("many", 2)


def test_images_of_a_held_out_sample(project: Project, tmp_path: Path) -> None:
    assert verdict(project, tmp_path, "scan_0002.tif").code == "held-out"


def test_what_file_a_slice_is(project: Project) -> None:
    assert project.image_file(SliceId("many", 2)) == "rec_0103.tif"
    path = project.root / "altui.toml"
    path.write_text(path.read_text().replace('"raw/many"', '"raw/many/rec_*.tif"'))
    assert Project.open(project.root).image_file(SliceId("many", 5)) == "rec_0106.tif"
    tifffile.imwrite(project.root / "raw" / "stack.tif", np.zeros((6, 20, 24), np.uint16))
    path.write_text(path.read_text().replace('"raw/many/rec_*.tif"', '"raw/stack.tif"'))
    assert Project.open(project.root).image_file(SliceId("many", 2)) == ""
