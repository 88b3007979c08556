"""Masks as annotation tools send them, all the way in: the label is the right mask."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

from altui import AltuiError, Project
from altui.cli import main
from altui.labels.accept import read_label
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Array, Save, codes, right_mask

Asked = tuple[SliceId, ...]
DATA = Path(__file__).parent / "data"
ONE = SliceId("screw1", 3)  # what the files in data/ are of
RIGHT: Any = {"trust": True, "unasked": True}  # it is what the round asks for only by chance


def outcomes(report: Any) -> list[tuple[str, str, str]]:
    return sorted((v.outcome, v.code, str(v.slice)) for v in report.verdicts)


def assert_labelled(project: Project, *slices: SliceId) -> None:
    """That those have their right masks as labels, and no others have one."""
    labels = project.workspace.store.history().current_labels
    assert set(labels) == set(slices)
    for one in slices:
        assert np.array_equal(read_label(project.workspace, labels[one]), right_mask(project, one))


def volume(project: Project, sample: str) -> Array:
    """The right masks of all slices of a sample."""
    return np.stack([right_mask(project, SliceId(sample, index)) for index in range(SLICES)])


def test_cvat(project: Project) -> None:
    report = project.import_labels(DATA / "cvat.zip", **RIGHT)
    assert [v.outcome for v in report.verdicts] == ["accepted"], report.verdicts
    assert report.verdicts[0].file.endswith("cvat.zip/SegmentationClass/screw1_z0003.png")
    assert "number objects" in report.notes[0]
    assert_labelled(project, ONE)


def test_cvat_unpacked(project: Project, back: Path) -> None:
    with zipfile.ZipFile(DATA / "cvat.zip") as archive:
        archive.extractall(back)
    project.import_labels(back, **RIGHT)
    assert_labelled(project, ONE)


def test_a_cvat_label_that_is_no_class(project: Project, back: Path) -> None:
    with zipfile.ZipFile(DATA / "cvat.zip") as archive:
        archive.extractall(back)
    table = back / "labelmap.txt"
    table.write_text(table.read_text().replace("implant", "screw"))
    report = project.import_labels(back, **RIGHT)
    assert outcomes(report) == [("refused", "names", str(ONE))]
    assert '"screw"' in report.verdicts[0].message
    config = project.root / "altui.toml"
    config.write_text(config.read_text() + '[import.names]\nScrew = "implant"\n')
    Project.open(project.root).import_labels(back, **RIGHT)
    assert_labelled(project, ONE)


def test_label_studio_json(project: Project) -> None:
    report = project.import_labels(DATA / "label_studio.json", **RIGHT)
    assert outcomes(report) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


def test_label_studio_png(project: Project, back: Path) -> None:
    alone = project.import_labels(DATA / "label_studio_png.zip", **RIGHT)
    assert [v.outcome for v in alone.verdicts] == ["refused"], "the names hold no image"
    said = project.import_labels(DATA / "label_studio_png.zip", slice_id=ONE, **RIGHT)
    assert outcomes(said) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)
    with zipfile.ZipFile(DATA / "label_studio_png.zip") as archive:
        archive.extractall(back)
    (back / "tasks.json").write_bytes((DATA / "label_studio.json").read_bytes())
    both = project.import_labels(back, **RIGHT)
    assert {v.outcome for v in both.verdicts} == {"unchanged"}
    assert len(both.verdicts) == 2


def test_label_studio_numpy(project: Project) -> None:
    said = project.import_labels(DATA / "label_studio_numpy.zip", slice_id=ONE, **RIGHT)
    assert outcomes(said) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("napari.tif", "screw1_z0003_labels.tif"),
        ("itk_slice.nrrd", "screw1_z0003.nrrd"),
        ("coco.json", "instances_default.json"),
    ],
)
def test_one_slice_of_a_tool(project: Project, back: Path, file: str, name: str) -> None:
    shutil.copy(DATA / file, back / name)
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("napari_stack.tif", "screw1_labels.tif"),
        ("itk.nii.gz", "screw1-segmentation.nii.gz"),
        ("itk.nrrd", "Screw1.nrrd"),
        ("itk.tif", "screw1.tif"),
        ("slicer.seg.nrrd", "screw1.seg.nrrd"),
        ("slicer_layers.seg.nrrd", "Segmentation screw1.seg.nrrd"),
    ],
)
def test_a_stack_of_a_tool(project: Project, back: Path, file: str, name: str) -> None:
    """Only one slice of the sample is labelled; the rest are not asked for."""
    shutil.copy(DATA / file, back / name)
    report = project.import_labels(back, unasked=True)
    assert [v.outcome for v in report.verdicts if v.slice == ONE] == ["accepted"]
    labels = project.workspace.store.history().current_labels
    assert np.array_equal(read_label(project.workspace, labels[ONE]), right_mask(project, ONE))


def test_label_studio_with_two_annotations(project: Project, back: Path) -> None:
    [task] = json.loads((DATA / "label_studio.json").read_text())
    task["annotations"].append({**task["annotations"][0], "id": 6})
    (back / "export.json").write_text(json.dumps([task]))
    [verdict] = project.import_labels(back, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "label-studio")


def coco(project: Project, segmentation: Any, category: str = "implant") -> str:
    height, width = right_mask(project, ONE).shape
    return json.dumps(
        {
            "images": [
                {"id": 1, "file_name": "a/screw1_z0003.jpg", "height": height, "width": width},
                {"id": 2, "file_name": "screw1_z0004.jpg", "height": height, "width": width},
            ],
            "categories": [{"id": 4, "name": "Bone"}, {"id": 9, "name": category}],
            "annotations": [
                {"id": i, "image_id": 1, "category_id": c, "segmentation": s, "iscrowd": 0}
                for i, (c, s) in enumerate(zip((4, 9), segmentation, strict=True))
            ],
        }
    )


@pytest.mark.parametrize("spelled", [True, False])
def test_coco_runs(project: Project, back: Path, spelled: bool) -> None:
    tools = pytest.importorskip("pycocotools.mask")
    mask = right_mask(project, ONE)
    encoded = []
    for value in (1, 2):
        rle = tools.encode(np.asfortranarray(mask == value, np.uint8))
        counts: Any = rle["counts"].decode()
        if not spelled:
            runs = np.flatnonzero(np.diff(np.r_[0, (mask == value).T.ravel(), 0])).tolist()
            counts = np.diff([0, *runs, mask.size]).tolist()
        encoded.append({"size": list(rle["size"]), "counts": counts})
    (back / "instances.json").write_text(coco(project, encoded))
    report = project.import_labels(back, **RIGHT)
    assert outcomes(report) == [("accepted", "ok", str(ONE))]
    assert report.notes == (f"{back}/instances.json: 1 of 2 images have no annotation",)
    assert_labelled(project, ONE)


def test_coco_polygons(project: Project, back: Path) -> None:
    pytest.importorskip("pycocotools")
    box, inner = [5, 6, 23, 6, 23, 25, 5, 25], [8, 10, 20, 10, 20, 22, 8, 22]
    (back / "instances.json").write_text(coco(project, [[box], [inner]]))
    report = project.import_labels(back, **RIGHT)
    assert outcomes(report) == [("accepted", "ok", str(ONE))]
    [label] = project.workspace.store.history().labels
    mask = read_label(project.workspace, label)
    assert set(np.unique(mask)) == {0, 1, 2}
    assert (mask == 2).sum() == 144, "later annotations lie over earlier ones"


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
def test_a_whole_sample(project: Project, asked: Asked, back: Path, dtype: str) -> None:
    # As napari saves a labels layer: the annotator labelled only what was asked for.
    one = next(s for s in asked if s.sample == "screw10")
    stack = np.zeros((SLICES, *right_mask(project, one).shape), dtype)
    stack[one.index] = right_mask(project, one)
    tifffile.imwrite(back / "screw10_labels.tif", stack, compression="zlib")
    report = project.import_labels(back)
    assert outcomes(report) == [("accepted", "ok", str(one))]
    assert report.verdicts[0].file.endswith(f"screw10_labels.tif#{one.index}")
    assert f"{SLICES - 1} slices of the sample" in report.notes[0]
    assert_labelled(project, one)


def test_a_whole_sample_that_nobody_labelled(project: Project, back: Path) -> None:
    stack = np.zeros(volume(project, "screw1").shape, np.uint8)
    tifffile.imwrite(back / "screw1.tif", stack)
    assert [v.code for v in project.import_labels(back).verdicts] == ["unlabelled"]
    tifffile.imwrite(back / "screw2.tif", stack)
    codes_found = {v.code for v in project.import_labels(back).verdicts}
    assert codes_found == {"unlabelled", "held-out"}


def test_a_stack_of_the_round(project: Project, asked: Asked, tmp_path: Path) -> None:
    """In the manifest's order; all must be of one size to lie in one TIFF."""
    bundle = project.export(tmp_path / "bundle")
    manifest = json.loads((bundle.folder / "manifest.json").read_text())
    assert sorted(map(str, asked)) == sorted(manifest["slices"])
    place = manifest["slices"].index(str(asked[0]))
    shape = right_mask(project, asked[0]).shape
    stack = np.zeros((len(asked), *shape), np.uint8)
    stack[place] = right_mask(project, asked[0])
    done = bundle.folder / "done.tif"
    tifffile.imwrite(done, stack, photometric="minisblack")
    report = project.import_labels(done)
    assert {v.slice for v in report.verdicts} == set(asked)
    assert next(v.outcome for v in report.verdicts if v.slice == asked[0]) == "accepted"
    done.rename(tmp_path / "done.tif")
    (bundle.folder / "manifest.json").unlink()
    assert [v.code for v in project.import_labels(tmp_path / "done.tif").verdicts] == ["stack"]


def test_imagej_slice_labels(project: Project, asked: Asked, back: Path) -> None:
    mine = [SliceId("screw1", index) for index in (2, 7, 9)]
    stack = np.stack([right_mask(project, one) for one in mine])
    labels = [one.file_stem(SLICES) + ".tif\nmore of it" for one in mine]
    tifffile.imwrite(back / "Stack.tif", stack, imagej=True, metadata={"Labels": labels})
    project.import_labels(back, **RIGHT)
    assert_labelled(project, *mine)


def archived(folder: Path, target: Path) -> Path:
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in folder.rglob("*"):
                archive.write(file, file.relative_to(folder))
    else:
        mode: Any = "w:" + target.suffix.lstrip(".").replace("tar", "")
        with tarfile.open(target, mode) as archive:
            archive.add(folder, "masks")
    return target


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_archives(
    project: Project, asked: Asked, save: Save, back: Path, tmp_path: Path, ending: str
) -> None:
    save(asked[0])
    save(asked[1], f"{asked[1].sample}/{asked[1].index:04d}.png")
    save(asked[2], "deep/er/" + asked[2].file_stem(SLICES) + ".tif", np.zeros((3, 3), np.uint8))
    (back / ".hidden.tif").write_bytes(b"")
    report = project.import_labels(archived(back, tmp_path / f"round.{ending}"))
    assert [v.outcome for v in report.verdicts].count("accepted") == 2
    assert codes(report)[asked[2].file_stem(SLICES) + ".tif"] == "shape"
    assert_labelled(project, *asked[:2])


def test_an_archive_named_as_its_sample(project: Project, back: Path, tmp_path: Path) -> None:
    Image.fromarray(right_mask(project, ONE)).save(back / "0003.png")
    project.import_labels(archived(back, tmp_path / "screw1.zip"), **RIGHT)
    assert_labelled(project, ONE)


def test_by_the_option(project: Project, back: Path, save: Save) -> None:
    save(ONE, "whatever.tif")
    arguments = ["import-labels", str(project.root), str(back), "--unasked", "accept"]
    assert CliRunner().invoke(main, arguments).exit_code == 1
    told = CliRunner().invoke(main, [*arguments, "--slice", str(ONE)])
    assert told.exit_code == 0, told.output
    assert_labelled(project, ONE)
    save(ONE, "another.tif")
    with pytest.raises(AltuiError, match="is for one mask"):
        project.import_labels(back, slice_id=ONE)
    assert CliRunner().invoke(main, [*arguments, "--slice", "screw1"]).exit_code == 1
    wrong = project.import_labels(back / "another.tif", slice_id=SliceId("nobody", 3))
    assert [v.code for v in wrong.verdicts] == ["no-such-slice"]
    strange = CliRunner().invoke(
        main, ["import-labels", str(project.root), "--from-oracle", "--slice", "a:1"]
    )
    assert strange.exit_code == 2


def test_a_folder_that_counts_from_1(project: Project, back: Path, save: Save) -> None:
    mine = [SliceId("screw1", index) for index in (3, 7, SLICES - 1)]
    for one in mine:
        save(one, f"screw1/slice {one.index + 1:03d}.png")
    report = project.import_labels(back, **RIGHT)
    assert "numbered from 1" in report.notes[0]
    assert_labelled(project, *mine)


def test_other_json_lies_about(project: Project, back: Path, save: Save, asked: Asked) -> None:
    save(asked[0])
    (back / "settings.json").write_text('{"theme": "dark"}')
    assert [v.outcome for v in project.import_labels(back).verdicts] == ["accepted"]
    told = project.import_labels(back / "settings.json")
    assert [v.code for v in told.verdicts] == ["format"]
