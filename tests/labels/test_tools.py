"""Masks as annotation tools send them, all the way in: the label is the right mask."""

import json
import re
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
from altui.colours import class_colour
from altui.labels.accept import read_label
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Array, Save, codes, label_of, right_mask, save_as

Asked = tuple[SliceId, ...]
DATA = Path(__file__).parent / "data"
ONE = SliceId("screw1", 3)  # what the files in data/ are of
RIGHT: Any = {"trust": True, "unasked": True}  # it is what the round asks for only by chance


def outcomes(report: Any) -> list[tuple[str, str, str]]:
    return sorted((v.outcome, v.code, str(v.slice)) for v in report.verdicts)


def read_label_of(project: Project, one: SliceId) -> Array:
    history = project.workspace.store.history()
    return read_label(project.workspace, history.current_labels[one])


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


@pytest.mark.parametrize(
    "table",
    [
        "\ufeffbackground:0,0,0::\r\nbone:250,50,83::\r\nimplant:51,221,255::\r\n",
        "bone:250, 50, 83::\nImplant: 51, 221, 255::\n",  # as edited by hand, without black
    ],
)
def test_cvat_with_the_pictures_own_folders(project: Project, back: Path, table: str) -> None:
    """They are kept below SegmentationClass, whatever their names."""
    with zipfile.ZipFile(DATA / "cvat.zip") as archive:
        archive.extractall(back)
    for kind in ("SegmentationClass", "SegmentationObject"):
        (back / kind / "images" / "screw1").mkdir(parents=True)
        (back / kind / "screw1_z0003.png").rename(back / kind / "images" / "screw1" / "3.png")
    (back / "JPEGImages").mkdir(exist_ok=True)
    (back / "JPEGImages" / "screw1_z0003.png").write_bytes(b"a picture")
    (back / "labelmap.txt").write_text(table, encoding="utf-8")
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


SNAP = """\
# ITK-SnAP Label Description File
    0     0    0    0        0  0  0    "Clear Label"
    1   255    0    0        1  1  1    "Implant"
    2     0  255    0      0.5  1  1    "bone"
    3     0    0  255        1  1  1    "Label 3"
"""
CSV = "Value,Name,Color\n1,implant,#ff0000\n2,Bone,#00FF00\n,glue,\n"


@pytest.mark.parametrize(
    ("name", "text"), [("labels.txt", SNAP), ("anna.label", SNAP), ("label_map.csv", CSV)]
)
@pytest.mark.parametrize("colour", [True, False])
def test_a_label_map(project: Project, back: Path, name: str, text: str, colour: bool) -> None:
    """Another numbering, and other colours, than the project's."""
    (back / name).write_text(text)
    numbers = np.array([0, 2, 1], np.uint8)[right_mask(project, ONE)]
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], np.uint8)
    (back / "masks").mkdir()
    mask = back / "masks" / "screw1_z0003.png"
    config = project.root / "altui.toml"
    config.write_text(config.read_text() + '[import.colours]\n"#000000" = "background"\n')
    opened = Project.open(project.root)
    Image.fromarray(colours[numbers] if colour else numbers).save(mask)
    given = opened.import_labels(mask, back / name, dry_run=True, **RIGHT)
    assert outcomes(given) == [("accepted", "ok", str(ONE))]
    assert outcomes(opened.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(opened, ONE)


def test_a_bundles_own_label_map_is_of_class_ids(project: Project, tmp_path: Path) -> None:
    """Also where a class was renamed since."""
    folder = project.export(tmp_path / "bundle").folder
    config = project.root / "altui.toml"
    config.write_text(config.read_text().replace('"implant"', '"screw"'))
    renamed = Project.open(project.root)
    Image.fromarray(right_mask(project, ONE)).save(folder / "screw1_z0003.png")
    assert outcomes(renamed.import_labels(folder, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(renamed, ONE)


def test_a_bundle_of_before_classes_were_moved(
    project: Project, asked: Asked, tmp_path: Path
) -> None:
    """Its ids mean what they meant when it went out."""
    bundle = project.export(tmp_path / "bundle").folder
    one = asked[0]
    save_as(bundle / f"{one.file_stem(SLICES)}_mask.png", right_mask(project, one))
    config = project.root / "altui.toml"
    names = '["background", "bone", "implant"]'
    assert names in config.read_text()
    before = config.read_text()

    def with_classes(now: str) -> Project:
        config.write_text(before.replace(names, now))
        return Project.open(project.root)

    [gone] = with_classes('["background", "implant"]').import_labels(bundle).verdicts
    assert (gone.code, "bone" in gone.message) == ("names", True)
    added = with_classes('["background", "callus", "implant", "bone"]')
    assert [v.outcome for v in added.import_labels(bundle).verdicts] == ["accepted"]
    assert np.array_equal(label_of(added, one), np.array([0, 3, 2])[right_mask(project, one)])


def test_masks_in_the_colours_of_the_bundle(project: Project, tmp_path: Path) -> None:
    folder = project.export(tmp_path / "bundle").folder
    colours = np.array([class_colour(0), class_colour(1), class_colour(2)], np.uint8)
    Image.fromarray(colours[right_mask(project, ONE)]).save(folder / "screw1_z0003.png")
    assert outcomes(project.import_labels(folder, **RIGHT)) == [("accepted", "ok", str(ONE))]
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


def test_all_of_label_studios_parts_are_kept(project: Project) -> None:
    project.import_labels(DATA / "label_studio_png.zip", slice_id=ONE, **RIGHT)
    label = project.revisions(ONE)[-1].label
    assert label.tool == "Label Studio"
    kept = project.root / label.original
    with zipfile.ZipFile(DATA / "label_studio_png.zip") as sent, zipfile.ZipFile(kept) as archive:
        parts = {name: sent.read(name) for name in sent.namelist()}
        assert {name: archive.read(name) for name in archive.namelist()} == parts
    again = project.import_labels(DATA / "label_studio_png.zip", slice_id=ONE, **RIGHT)
    assert [v.outcome for v in again.verdicts] == ["unchanged"]
    assert len(list((project.root / ".altui" / "originals").rglob("*.*"))) < 2


@pytest.mark.parametrize(
    ("file", "name", "tool"),
    [
        ("cvat.zip", "cvat.zip", "CVAT"),
        ("label_studio.json", "export.json", "Label Studio"),
        ("coco.json", "export.json", "COCO"),
        ("napari.tif", "screw1_z0003.tif", "tifffile.py"),
        ("slicer.seg.nrrd", "screw1.seg.nrrd", "3D Slicer"),
    ],
)
def test_the_tool_is_on_record(
    project: Project, back: Path, file: str, name: str, tool: str
) -> None:
    shutil.copy(DATA / file, back / name)
    project.import_labels(back, **RIGHT)
    assert project.revisions(ONE)[-1].label.tool == tool


@pytest.mark.parametrize(
    ("options", "tool"),
    [
        ({"imagej": True, "metadata": {"ImageJ": "1.54f"}}, "ImageJ 1.54f"),
        ({"software": "Pad"}, "Pad"),
        (
            {"software": "Dragon\x1b[31mfly", "bigtiff": True, "byteorder": ">"},
            "Dragon\\x1b[31mfly",
        ),
        ({"software": False, "metadata": None}, ""),
    ],
)
def test_the_tool_of_a_tiff(
    project: Project, back: Path, options: dict[str, Any], tool: str
) -> None:
    tifffile.imwrite(back / "screw1_z0003.tif", right_mask(project, ONE), **options)
    project.import_labels(back, **RIGHT)
    assert project.revisions(ONE)[-1].label.tool == tool


def test_the_tool_by_the_bundle(project: Project, tmp_path: Path) -> None:
    folder = project.export(tmp_path / "bundle", tool="napari").folder
    shutil.copy(DATA / "napari.tif", folder / "screw1_z0003.tif")
    project.import_labels(folder / "screw1_z0003.tif", **RIGHT)
    assert project.revisions(ONE)[-1].label.tool == "napari"


def test_label_studios_parts_are_not_numbered_by_slice(project: Project, tmp_path: Path) -> None:
    """Task and annotation have numbers, too: they say nothing of the slice."""
    (tmp_path / "screw1").mkdir()
    with zipfile.ZipFile(DATA / "label_studio_png.zip") as archive:
        archive.extractall(tmp_path / "screw1")
    for part in (tmp_path / "screw1").iterdir():
        part.rename(part.with_name(part.name.replace("annotation-5", "annotation-7")))
    [verdict] = project.import_labels(tmp_path / "screw1", **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "no-such-slice")
    assert "send its JSON export along" in verdict.message
    (tmp_path / "screw1").rename(tmp_path / "screw1_z0003")
    named = project.import_labels(tmp_path / "screw1_z0003", **RIGHT)
    assert outcomes(named) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


@pytest.mark.parametrize(
    "image",
    [
        "https://store.example/a.b/screw1_z0003.png?X-Amz-Date=2026.1&sig=a/c.d",
        "s3://bucket/masks/screw1_z0003.png",
        "/data/local-files/?d=my%20stacks/screw1/0003.png",
        "/data/upload/12/1a2b3c4d-Screw1_z3.png",
        "/data/local-files/?d=round.1/screw1_z0003.tif",
    ],
)
def test_label_studios_images(project: Project, back: Path, image: str) -> None:
    [task] = json.loads((DATA / "label_studio.json").read_text())
    seen = {"file_upload": "1a2b3c4d-tasks.json", "data": {"by": "Dr. A. screw9", "picture": image}}
    task |= seen
    (back / "export.json").write_text(json.dumps([task]))
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


def test_of_several_annotations_the_ground_truth_counts(project: Project, back: Path) -> None:
    [task] = json.loads((DATA / "label_studio.json").read_text())
    [done] = task["annotations"]
    task["annotations"] = [{**done, "id": 6, "result": done["result"][:1]}]
    task["annotations"].append({**done, "ground_truth": True})
    (back / "export.json").write_text(json.dumps([task]))
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


@pytest.mark.parametrize("tool", ["label-studio", "coco"])
def test_an_export_without_masks_is_told(project: Project, back: Path, tool: str) -> None:
    """Other programs' JSON is passed over; where nothing else is there, it is told too."""
    (back / "settings.json").write_text('{"theme": "dark"}')
    assert [v.code for v in project.import_labels(back).verdicts] == ["format"]
    [task] = json.loads((DATA / "label_studio.json").read_text())
    empty = {"images": [{"id": 1, "file_name": "a.png", "height": 9, "width": 9}]}
    empty |= {"annotations": [], "categories": []}
    document = empty if tool == "coco" else [{**task, "annotations": []}]
    (back / "export.json").write_text(json.dumps(document))
    report = project.import_labels(back)
    assert ([v.code for v in report.verdicts], report.exit_status) == ([tool], 1)


@pytest.mark.parametrize("between", ["by-1-label", "by-who@lab.example-brush", "label"])
def test_label_studios_parts_are_named_by_its_configuration(
    project: Project, tmp_path: Path, between: str
) -> None:
    """By who drew them, too."""
    (tmp_path / "screw1_z0003").mkdir()
    with zipfile.ZipFile(DATA / "label_studio_png.zip") as archive:
        archive.extractall(tmp_path / "screw1_z0003")
    for part in (tmp_path / "screw1_z0003").iterdir():
        part.rename(part.with_name(re.sub("-(?:by-.*-)?tag-", f"-{between}-", part.name)))
    [verdict] = project.import_labels(tmp_path / "screw1_z0003", **RIGHT).verdicts
    assert (verdict.outcome, verdict.code, str(verdict.slice)) == ("accepted", "ok", str(ONE))
    assert_labelled(project, ONE)


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


def cropped(
    target: Path, corner: tuple[int, int, int], ends: tuple[int, int, int], file: str = "slicer"
) -> Path:
    """As 3D Slicer saves a segmentation with "Crop to minimum extent"; x, y, z."""
    nrrd: Any = pytest.importorskip("nrrd")
    values, header = nrrd.read(DATA / f"{file}.seg.nrrd")
    window = tuple(slice(at, end) for at, end in zip(corner, ends, strict=True))
    values = values[(..., *window)]
    header |= {"sizes": np.array(values.shape)}
    header["Segmentation_ReferenceImageExtentOffset"] = " ".join(map(str, corner))
    nrrd.write(str(target), values, header)
    return target


@pytest.mark.parametrize("file", ["slicer", "slicer_layers"])
@pytest.mark.parametrize(("first", "last"), [(3, 4), (2, 9)])
def test_a_segmentation_cropped_to_what_is_labelled(
    project: Project, back: Path, file: str, first: int, last: int
) -> None:
    cropped(back / "Screw1.seg.nrrd", (5, 6, first), (23, 25, last), file)
    report = project.import_labels(back, unasked=True)
    assert [v.outcome for v in report.verdicts if v.slice == ONE] == ["accepted"]
    assert np.array_equal(read_label_of(project, ONE), right_mask(project, ONE))


def test_a_cropped_segmentation_of_a_slice_among_its_neighbours(
    project: Project, back: Path
) -> None:
    cropped(back / "screw1_z0003_4of12.seg.nrrd", (5, 6, 2), (23, 25, 9))
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


@pytest.mark.parametrize("said", ["-5 6 3", "5 6", "5 6 3.5", "40 6 3", "5 30 3", "5 6 12"])
def test_a_cropped_segmentation_that_fits_nowhere(project: Project, back: Path, said: str) -> None:
    nrrd: Any = pytest.importorskip("nrrd")
    path = cropped(back / "screw1.seg.nrrd", (5, 6, 3), (23, 25, 4))
    values, header = nrrd.read(path)
    nrrd.write(str(path), values, header | {"Segmentation_ReferenceImageExtentOffset": said})
    [verdict] = project.import_labels(back, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "shape")


@pytest.mark.parametrize("name", ["Screw1.seg.nrrd", "screw1_z0003_4of12.seg.nrrd"])
@pytest.mark.parametrize("file", ["slicer_cropped", "slicer_itk_cropped"])
@pytest.mark.parametrize("said", ["0 0 0", None])
def test_a_cropped_segmentation_is_placed_by_its_origin(
    project: Project, back: Path, file: str, name: str, said: str | None
) -> None:
    with_header(back / name, DATA / f"{file}.seg.nrrd", OFFSET=said)
    report = project.import_labels(back, unasked=True)
    assert [v.outcome for v in report.verdicts if v.slice == ONE] == ["accepted"]
    assert np.array_equal(read_label_of(project, ONE), right_mask(project, ONE))
    weaker = any("cut out of its image at column 4, row 5, slice 2" in n for n in report.notes)
    assert weaker is (file == "slicer_itk_cropped")


def with_header(target: Path, source: Path, **changes: Any) -> Path:
    """`OFFSET` and `GEOMETRY`: of the image, as Slicer writes them; None takes a field away."""
    nrrd: Any = pytest.importorskip("nrrd")
    values, header = nrrd.read(source)
    for key, value in changes.items():
        field = FIELDS.get(key, key.replace("_", " "))
        header.pop(field, None)
        if value is not None:
            header[field] = value
    nrrd.write(str(target), values, header)
    return target


FIELDS = {
    "OFFSET": "Segmentation_ReferenceImageExtentOffset",
    "GEOMETRY": "Segmentation_ConversionParameters",
}
LARGER = "Reference image geometry|-1;0;0;0;0;-1;0;0;0;0;1;0;0;0;0;1;0;63;0;39;0;11;|"


@pytest.mark.parametrize(
    ("file", "changes", "code"),
    [
        ("slicer_itk_cropped", {"space_origin": (0, 0, 0)}, "stack"),
        ("slicer_itk_cropped", {"space_origin": None}, "stack"),
        ("slicer_itk_cropped", {"space_origin": (4, 5.5, 2)}, "stack"),
        ("slicer_itk_cropped", {"space_origin": (4, -5, 2)}, "stack"),
        ("slicer_itk_cropped", {"space_origin": (30, 5, 2)}, "shape"),
        ("slicer_itk_cropped", {"space_origin": (4, 5, 9)}, "shape"),
        ("slicer_itk_cropped", {"space_origin": (4, 5, 1e300)}, "stack"),
        ("slicer_itk_cropped", {"space": None, "space_dimension": 3}, "stack"),
        ("slicer_itk_cropped", {"GEOMETRY": LARGER}, "shape"),
        ("slicer_cropped", {"GEOMETRY": None}, "stack"),
        ("slicer_cropped", {"space_origin": (9, 9, 9)}, "stack"),
        ("slicer_cropped", {"space_directions": np.diag([0.01] * 3)}, "stack"),
    ],
)
def test_a_cropped_segmentation_whose_place_is_not_told(
    project: Project, back: Path, file: str, changes: Any, code: str
) -> None:
    with_header(back / "screw1.seg.nrrd", DATA / f"{file}.seg.nrrd", **changes)
    verdicts = project.import_labels(back, **RIGHT).verdicts
    assert {(verdict.outcome, verdict.code) for verdict in verdicts} == {("refused", code)}


@pytest.mark.parametrize("origin", [(7, 9, 3), (-23.5, -19.5, 0)])
def test_a_whole_segmentation_may_have_any_origin(
    project: Project, back: Path, origin: tuple[float, ...]
) -> None:
    with_header(back / "screw1.seg.nrrd", DATA / "slicer.seg.nrrd", space_origin=origin)
    report = project.import_labels(back, unasked=True)
    assert [v.outcome for v in report.verdicts if v.slice == ONE] == ["accepted"]
    assert np.array_equal(read_label_of(project, ONE), right_mask(project, ONE))


def test_some_slices_of_a_volume_with_an_origin_of_its_own(project: Project, back: Path) -> None:
    """Where rows and columns are whole, an origin beside 0 is not that of a part."""
    nrrd: Any = pytest.importorskip("nrrd")
    values, header = nrrd.read(DATA / "slicer.seg.nrrd")
    header |= {"sizes": np.array([48, 40, 7])}
    for origin, outcome in (((9, 9, 2), "refused"), ((0, 0, 2), "accepted")):
        path = back / "screw1.seg.nrrd"
        nrrd.write(str(path), values[..., 2:9], header | {"space origin": origin})
        verdicts = project.import_labels(back, **RIGHT).verdicts
        assert {v.outcome for v in verdicts if v.slice in (None, ONE)} == {outcome}


def test_a_placed_stack_in_a_bundle_may_be_the_rounds(project: Project, tmp_path: Path) -> None:
    bundle = project.export(tmp_path / "bundle")
    nrrd: Any = pytest.importorskip("nrrd")
    values, header = nrrd.read(DATA / "slicer.seg.nrrd")
    three = values[4:24, 5:26, 2:5]
    header |= {"sizes": np.array(three.shape), "space origin": (4, 5, 2)}
    nrrd.write(str(bundle.folder / "screw1.seg.nrrd"), three, header)
    [verdict] = project.import_labels(bundle.folder, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "ambiguous")


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


def test_coco_with_its_pictures(project: Project, back: Path) -> None:
    (back / "annotations").mkdir()
    (back / "images" / "default").mkdir(parents=True)
    shutil.copy(DATA / "coco.json", back / "annotations" / "instances_default.json")
    Image.fromarray(right_mask(project, ONE) * 50).save(back / "images/default/screw1_z0003.png")
    assert outcomes(project.import_labels(back, **RIGHT)) == [("accepted", "ok", str(ONE))]
    assert_labelled(project, ONE)


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


def test_a_whole_sample_with_an_earlier_slice_improved(
    project: Project, asked: Asked, back: Path
) -> None:
    """Of slices that are labelled, changed ones are new revisions, and empty ones nothing."""
    one = next(s for s in asked if s.sample == "screw1")
    earlier = SliceId("screw1", (one.index + 4) % SLICES)
    Image.fromarray(right_mask(project, earlier)).save(back / f"{earlier.file_stem(SLICES)}.png")
    project.import_labels(back, unasked=True)
    stack = np.zeros_like(volume(project, "screw1"))
    stack[one.index] = right_mask(project, one)
    tifffile.imwrite(back / "screw1.tif", stack)
    assert outcomes(project.import_labels(back / "screw1.tif")) == [("accepted", "ok", str(one))]
    stack[earlier.index] = right_mask(project, earlier)
    stack[earlier.index][0, :3] = 1
    tifffile.imwrite(back / "screw1.tif", stack)
    report = project.import_labels(back / "screw1.tif")
    places = [int(v.file.split("#")[1]) for v in report.verdicts]
    assert places == sorted((one.index, earlier.index))
    assert len(project.revisions(earlier)) == 2
    assert np.array_equal(read_label_of(project, earlier), stack[earlier.index])


def test_a_whole_sample_in_colour(project: Project, asked: Asked, tmp_path: Path) -> None:
    one = next(s for s in asked if s.sample == "screw1")
    folder = project.export(tmp_path / "bundle").folder
    colours = np.array([class_colour(0), class_colour(1), class_colour(2)], np.uint8)
    tifffile.imwrite(folder / "screw1.tif", colours[volume(project, "screw1")], photometric="rgb")
    assert outcomes(project.import_labels(folder)) == [("accepted", "ok", str(one))]
    assert_labelled(project, one)


def test_a_whole_sample_that_nobody_labelled(project: Project, back: Path) -> None:
    stack = np.zeros(volume(project, "screw1").shape, np.uint8)
    tifffile.imwrite(back / "screw1.tif", stack)
    assert [v.code for v in project.import_labels(back).verdicts] == ["unlabelled"]
    tifffile.imwrite(back / "screw2.tif", stack)
    codes_found = {v.code for v in project.import_labels(back).verdicts}
    assert codes_found == {"unlabelled", "held-out"}


def test_a_stack_that_is_no_whole_sample(project: Project, back: Path) -> None:
    stack = volume(project, "screw1")
    np.save(back / "screw1.npy", stack[:-1])
    [short] = project.import_labels(back).verdicts
    assert (short.code, "has 12; " in short.message) == ("stack", True)
    np.save(back / "screw1.npy", stack.T)
    [turned] = project.import_labels(back).verdicts
    assert (turned.code, "slices come first" in turned.message) == ("stack", True)


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
    held = project.import_labels(back / "another.tif", slice_id=SliceId("screw2", 3))
    assert [v.code for v in held.verdicts] == ["held-out"]
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
