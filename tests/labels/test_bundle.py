"""What annotators get, and what comes back of it."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from altui import AltuiError, Project
from altui.labels.manifest import find_manifest
from altui.slices import SliceId
from altui.workspace import Workspace
from tests.labels.conftest import SAMPLES, SLICES, Array, Save, codes, right_mask

Asked = tuple[SliceId, ...]


def with_predictions(project: Project, slices: Asked, fill: int = 1) -> None:
    """A finished round 1 whose job predicted some slices, and round 2 with them approved."""
    store, workspace = project.workspace.store, project.workspace
    folder = workspace.jobs / "train-001" / "predictions"
    folder.mkdir(parents=True)
    maps = workspace.jobs / "train-001" / "uncertainty"
    maps.mkdir()
    for header in workspace.train:
        small = np.full((SLICES, 8, 8), 200, np.uint8)
        tifffile.imwrite(maps / f"{header.name}.tif", small, compression="zlib")
        pages = np.full((SLICES, header.height, header.width), 255, np.uint8)
        for one in slices:
            if one.sample == header.name:
                pages[one.index] = prediction(header.height, header.width, fill)
        tifffile.imwrite(folder / f"{header.name}.tif", pages, compression="zlib")
    with store.write() as transaction:
        event = transaction.event("run", 1, note="train-001")
        transaction.insert("jobs", id="train-001", event=event, kind="train", round=1)
        end = transaction.event("collect", 1)
        transaction.insert("job_ends", job="train-001", event=end, state="finished")
        for split, sample in (("validation", "screw1-b"), ("test", "screw2")):
            transaction.insert(
                "confusions", job="train-001", split=split, sample=sample, matrix="[[1, 0], [0, 1]]"
            )


def prediction(height: int, width: int, fill: int) -> Array:
    mask = np.zeros((height, width), np.uint8)
    mask[4:20, 6:25] = fill
    return mask


@pytest.fixture
def bundle(project: Project, asked: Asked, tmp_path: Path) -> Path:
    """A bundle with starting masks for all but the last slice."""
    with_predictions(project, asked[:-1])
    made = project.export(tmp_path / "out" / "bundle")
    assert made.premasks == 2
    return made.folder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_images_are_untouched(bundle: Path, project: Project, asked: Asked) -> None:
    for one in asked:
        stem = one.file_stem(SLICES)
        image = tifffile.imread(bundle / "images" / f"{stem}.tif")
        assert image.dtype == SAMPLES[one.sample][2]
        with project.workspace.images(one.sample) as stack:
            assert np.array_equal(image, stack.read(one.index))
        view = Image.open(bundle / "views" / f"{stem}.png")
        assert view.mode == "L"
        pixels = np.array(view)
        assert pixels.shape == image.shape
        assert np.array_equal(pixels, project.view(one))
        assert pixels.min() < 20
        assert pixels.max() > 230


def test_manifest_has_every_file_and_nothing_else(bundle: Path, project: Project) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    assert files(bundle) == {*listed, "manifest.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest
    assert manifest["round"] == 1
    assert manifest["project"] == project.config.project.name
    assert manifest["created_by"] == "anna"
    assert find_manifest(bundle / "masks", bundle) is not None


def test_classes_and_note(bundle: Path, asked: Asked) -> None:
    with (bundle / "classes.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["id", "name", "colour"],
        ["0", "background", "#000000"],
        ["1", "bone", "#56b4e9"],
        ["2", "implant", "#e69f00"],
        ["255", "ignore", "#808080"],
    ]
    note = (bundle / "README.txt").read_text()
    assert "Small [b]screws[/b] {in} bone: round 1, 3 slices" in note
    assert f"{min(asked).file_stem(SLICES)}.tif" in note
    assert "Classes: 0 background, 1 bone, 2 implant, 255 ignore\n" in note
    assert "masks/" in note


def test_premasks_where_a_network_predicted(bundle: Path, asked: Asked) -> None:
    for one in asked[:-1]:
        mask = tifffile.imread(bundle / "masks" / f"{one.file_stem(SLICES)}.tif")
        _, (height, width), _ = SAMPLES[one.sample]
        assert mask.dtype == np.uint8
        assert np.array_equal(mask, prediction(height, width, 1))
    assert not (bundle / "masks" / f"{asked[-1].file_stem(SLICES)}.tif").exists()


def test_maps_show_where_the_network_is_unsure(
    bundle: Path, project: Project, asked: Asked
) -> None:
    for one in asked:
        shown = np.array(Image.open(bundle / "views" / f"{one.file_stem(SLICES)}_uncertainty.png"))
        assert shown.shape == SAMPLES[one.sample][1]
        assert (shown == 200).all()
        found = project.uncertainty(one)
        assert found is not None
        assert found.shape == (8, 8)
    assert "_uncertainty.png" in (bundle / "README.txt").read_text()


@pytest.mark.parametrize("manifest", [True, False])
def test_a_map_is_never_taken_for_a_mask(
    bundle: Path, project: Project, asked: Asked, manifest: bool
) -> None:
    """Neither as it went out nor saved anew, as a picture whose values are all classes."""
    path = bundle / "views" / f"{asked[0].file_stem(SLICES)}_uncertainty.png"
    if not manifest:
        (bundle / "manifest.json").unlink()
    for _ in range(2):
        assert codes(project.import_labels(path)) == {path.name: "not-a-mask"}
        assert path.name not in codes(project.import_labels(bundle, dry_run=True))
        Image.fromarray(right_mask(project, asked[0])).save(path)


def test_first_bundle_has_no_premasks(project: Project, tmp_path: Path) -> None:
    made = project.export(tmp_path / "deep" / "er" / "bundle")
    assert made.premasks == 0
    assert not (made.folder / "masks").exists()
    note = (made.folder / "README.txt").read_text()
    assert "masks/" not in note
    assert "uncertainty" not in note
    assert not list(made.folder.rglob("*uncertainty*"))


def test_damaged_predictions_are_no_obstacle(
    project: Project, asked: Asked, tmp_path: Path
) -> None:
    with_predictions(project, asked)
    folder = project.workspace.jobs / "train-001" / "predictions"
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert project.export(tmp_path / "bundle").premasks == 0


def test_only_approved_slices(folder: Path, tmp_path: Path) -> None:
    project = Project.open(folder)
    with pytest.raises(AltuiError, match="no slice of round 1 is approved") as caught:
        project.export(tmp_path / "bundle")
    assert "altui approve" in caught.value.hint
    one = project.proposals().slate.decisions[1].slice
    project.approve(one)
    made = project.export(tmp_path / "bundle")
    assert made.slices == (one,)
    assert len(list((made.folder / "images").iterdir())) == 1


def test_a_stack_that_cannot_be_read_is_no_fault_of_the_slice(
    project: Project, tmp_path: Path
) -> None:
    project.approve_all()
    other = project.workspace.train[-1].name
    (project.root / project.workspace.sample(other).images).write_bytes(b"no TIFF")
    with pytest.raises(AltuiError) as caught:
        Project(Workspace(project.root)).export(tmp_path / "bundle")
    assert caught.value.message.startswith(f'sample "{other}"')


def test_never_into_altuis_own_state(project: Project, tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(project.workspace.state)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (project.workspace.jobs / "bundle", tmp_path / "state" / "bundle"):
        with pytest.raises(AltuiError, match="altui's own state"):
            project.export(place)
        assert not place.exists()
    with pytest.raises(AltuiError, match="is there already"):
        project.export(tmp_path / "loop")


def test_never_over_something(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "mask.tif").write_bytes(b"hours of work")
    occupied = [target, target / "mask.tif", tmp_path / "link"]
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for place in occupied:
        with pytest.raises(AltuiError, match="is there already"):
            project.export(place)
    with pytest.raises(AltuiError, match="could not be written"):
        project.export(target / "mask.tif" / "bundle")
    with pytest.raises(AltuiError, match="could not be written"):
        project.export(tmp_path / ("a" * 300))
    assert files(target) == {"mask.tif"}
    (target / "mask.tif").unlink()
    project.export(target)
    assert (target / "manifest.json").exists()
    assert (target.stat().st_mode & 0o055) == 0o055, "readable for the others, as usual"


def test_a_damaged_image_leaves_nothing(project: Project, tmp_path: Path) -> None:
    assert project.workspace.headers
    for path in (project.root / "images" / "screw10").iterdir():
        path.write_bytes(path.read_bytes()[:-600])
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AltuiError, match="truncated"):
        project.export(out / "bundle")
    assert not list(out.iterdir())


def test_the_bundle_itself_comes_back(bundle: Path, project: Project, asked: Asked) -> None:
    report = project.import_labels(bundle)
    assert report.exit_status == 1
    assert set(codes(report).values()) == {"unedited"}
    assert len(report.verdicts) == 2, "images and pictures are passed over"

    first, second = (bundle / "masks" / f"{one.file_stem(SLICES)}.tif" for one in asked[:-1])
    tifffile.imwrite(first, right_mask(project, asked[0]))
    for place in (bundle, bundle / "masks", bundle.parent):
        assert codes(project.import_labels(place, dry_run=True)) == {
            first.name: "ok",
            second.name: "unedited",
        }
    assert codes(project.import_labels(second)) == {second.name: "unedited"}
    assert project.import_labels(bundle).exit_status == 3


def test_unedited_masks_go_in_when_trusted(bundle: Path, project: Project) -> None:
    report = project.import_labels(bundle, trust=True)
    assert [v.outcome for v in report.verdicts] == ["accepted", "accepted"]


def test_new_masks_beside_unedited_ones(
    bundle: Path, project: Project, asked: Asked, save: Save
) -> None:
    for one in asked:
        path = save(one)
        path.rename(bundle / path.name)
    report = project.import_labels(bundle)
    assert [v.outcome for v in report.verdicts] == ["accepted"] * 3
    assert report.exit_status == 0
    assert any(note.startswith("2 masks of the bundle passed over") for note in report.notes)


def test_a_mask_saved_over_the_image(
    bundle: Path, project: Project, asked: Asked, save: Save
) -> None:
    path = save(asked[2])
    path.replace(bundle / "images" / path.name)
    report = project.import_labels(bundle)
    assert [v.slice for v in report.of("accepted")] == [asked[2]]


def test_a_copied_picture_given_by_name(bundle: Path, project: Project, asked: Asked) -> None:
    picture = bundle / "views" / f"{asked[0].file_stem(SLICES)}.png"
    assert codes(project.import_labels(picture)) == {picture.name: "not-a-mask"}


def test_a_bundle_without_masks(project: Project, tmp_path: Path) -> None:
    made = project.export(tmp_path / "bundle")
    with pytest.raises(AltuiError, match="no masks in"):
        project.import_labels(made.folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', "[" * 100_000, "\udcff", ""])
def test_other_peoples_manifests(
    project: Project, asked: Asked, save: Save, back: Path, text: str
) -> None:
    save(asked[0])
    (back / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert project.import_labels(back).exit_status == 0
