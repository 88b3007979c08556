"""Bundles for each tool: opened with the tool's own library, changed, saved with it, imported.

Libraries that are too heavy for every run (datumaro, label-studio-sdk, napari, SimpleITK) are
used where they are installed; what they check is checked here without them too.
"""

import importlib.util
import io
import json
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from altui import AltuiError, Project
from altui.colours import HUES, IGNORED, class_colour, hexadecimal
from altui.labels.accept import read_label
from altui.labels.bundle import TOOLS
from altui.labels.bundle.brush import encode_brush
from altui.labels.formats.brush import decode_brush
from altui.slices import SliceId
from tests.labels.conftest import SAMPLES, SLICES, Array, codes, right_mask
from tests.labels.test_bundle import Asked, files, prediction, with_predictions

NAMES = ("background", "bone", "implant")


@pytest.fixture
def predicted(project: Project, asked: Asked) -> Project:
    """Every slice of the round has a starting mask."""
    with_predictions(project, asked)
    return project


def stem(one: SliceId) -> str:
    return one.file_stem(SLICES)


def start(one: SliceId) -> Array:
    return prediction(*SAMPLES[one.sample][1], 1)


def assert_labelled(project: Project, masks: dict[SliceId, Array]) -> None:
    labels = project.workspace.store.history().current_labels
    assert set(labels) == set(masks)
    for one, mask in masks.items():
        assert np.array_equal(read_label(project.workspace, labels[one]), mask)


def corrected(project: Project, one: SliceId) -> Array:
    """What the annotator saves: the right mask, with some of it left out of training."""
    mask = right_mask(project, one).copy()
    mask[:3, :3] = 255
    return mask


@pytest.mark.parametrize("tool", TOOLS)
def test_every_bundle_has_its_manifest_instruction_and_colours(
    predicted: Project, asked: Asked, tmp_path: Path, tool: Any
) -> None:
    made = predicted.export(tmp_path / "bundle", tool=tool)
    assert (made.tool, made.premasks, set(made.slices)) == (tool, 3, set(asked))
    manifest = json.loads((made.folder / "manifest.json").read_text())
    listed = {entry["path"] for entry in manifest["files"]}
    inner = {name for name in listed if ".zip/" in name}
    assert files(made.folder) == {*(listed - inner), "manifest.json"}
    assert (manifest["tool"], manifest["bundle"]) == (tool, made.id)
    note = (made.folder / "README.txt").read_text()
    assert note.startswith("Small [b]screws[/b] {in} bone: round 1, 3 slices to label\n")
    assert 5 < note.count("\n") < 60, "one page"
    assert max(map(len, note.splitlines())) <= 100
    assert "{" not in note.replace("{in}", ""), "no placeholder is left"
    for name in NAMES[1:]:
        assert name in (made.folder / "classes.csv").read_text()
    for one in asked:
        picture = np.array(Image.open(made.folder / "views" / f"{stem(one)}.png"))
        assert np.array_equal(picture, predicted.view(one))


@pytest.mark.parametrize("tool", TOOLS)
def test_what_nobody_edited_is_not_a_label(predicted: Project, tmp_path: Path, tool: Any) -> None:
    """The bundle as it went out; what it holds beside masks is never taken for one."""
    made = predicted.export(tmp_path / "bundle", tool=tool)
    if tool == "label-studio":  # its starting masks are within its tasks
        with pytest.raises(AltuiError, match="no masks in"):
            predicted.import_labels(made.folder)
        return
    report = predicted.import_labels(made.folder)
    assert not report.of("accepted")
    assert {v.code for v in report.verdicts} == {"unedited"}
    assert len(report.verdicts) == 3


@pytest.mark.parametrize("tool", TOOLS)
def test_a_first_round_has_nothing_to_start_from(
    project: Project, tmp_path: Path, tool: Any
) -> None:
    made = project.export(tmp_path / "bundle", tool=tool, context=0)
    assert made.premasks == 0
    assert not files(made.folder / "masks")
    assert not (made.folder / "annotations.zip").exists()
    assert "predict" not in (made.folder / "README.txt").read_text()


PATH = re.compile(r"(?<![\w/.])(?:[\w-]+/)+(?:[\w.-]*\w)?|(?<![\w/.…])[\w-]+\.(?:[a-z]{2,4}\b)+")


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("tool", TOOLS)
def test_the_instruction_speaks_of_what_is_there(
    project: Project, asked: Asked, tmp_path: Path, tool: Any, network: bool, context: int
) -> None:
    if network:
        with_predictions(project, asked)
    folder = project.export(tmp_path / "bundle", tool=tool, context=context).folder
    note = (folder / "README.txt").read_text()
    opening, saving = re.split(r"^Save", note, maxsplit=1, flags=re.M)
    named = set(PATH.findall(opening))
    assert named, "it names files"
    missing = {name for name in named if not (folder / name).exists()}
    assert missing <= {f"{stem(min(asked))}.tif"}, "how a mask is named, for TIFFs"
    for name in PATH.findall(saving):
        assert (folder / name).parent.is_dir(), "where masks are to be saved"
    words = " ".join(note.split())
    assert ("predict" in words) is network
    assert ("unsure" in words) is network
    assert ("neighbours" in words) is (context > 0)
    assert "  " not in words
    assert " ." not in words.replace(" .../", "").replace(" .zip", "")


def test_neighbours_along_z(project: Project, asked: Asked, tmp_path: Path) -> None:
    one = next(s for s in asked if s.sample == "screw10")
    folder = project.export(tmp_path / "bundle", context=3).folder / "context"
    [path] = folder.glob(f"{stem(one)}*")
    around = tifffile.imread(path)
    indices = [i for i in range(one.index - 3, one.index + 4) if 0 <= i < SLICES]
    place = indices.index(one.index)
    assert path.name == f"{stem(one)}_{place + 1}of{len(indices)}_context.tif"
    for page, index in zip(around, indices, strict=True):
        assert np.array_equal(page, project.view(SliceId(one.sample, index)))


def test_neighbours_at_the_ends_of_a_sample(project: Project, tmp_path: Path) -> None:
    from altui.labels.bundle.content import contents

    ends = (SliceId("screw1", 0), SliceId("screw1", SLICES - 1), SliceId("screw1", 1))
    found = [(one.around, one.place) for one in contents(project.workspace, ends, 2)]
    assert found == [((0, 1, 2), "1of3"), ((9, 10, 11), "3of3"), ((0, 1, 2, 3), "2of4")]


def test_colours_are_one_for_each_class() -> None:
    colours = [class_colour(i) for i in range(255)]
    assert len({*colours, IGNORED}) == 256
    assert [class_colour(i + 1) for i in range(len(HUES))] == [hue.rgb for hue in HUES]
    assert all(0 <= part <= 255 for colour in colours for part in colour)


# CVAT


def test_cvat_reads_its_own_way_back(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    """annotations.zip, through the reader that also takes what CVAT exports."""
    made = predicted.export(tmp_path / "bundle", tool="cvat")
    moved = (made.folder / "annotations.zip").rename(tmp_path / "cvat.zip")
    report = predicted.import_labels(moved, trust=True)
    assert {v.outcome for v in report.verdicts} == {"accepted"}
    assert_labelled(predicted, {one: start(one) for one in asked})
    with zipfile.ZipFile(moved) as archive:
        table = archive.read("labelmap.txt").decode().splitlines()
        listed = archive.read("ImageSets/Segmentation/default.txt").decode().split()
        objects = np.array(
            Image.open(io.BytesIO(archive.read(f"SegmentationObject/{stem(asked[0])}.png")))
        )
    assert table[1:] == [
        "background:0,0,0::",
        "bone:86,180,233::",
        "implant:230,159,0::",
        "ignore:128,128,128::",
    ]
    assert listed == list(map(stem, sorted(asked)))
    # By PASCAL VOC's colour table, object 1 is (128, 0, 0).
    assert {tuple(c) for c in objects.reshape(-1, 3)} == {(0, 0, 0), (128, 0, 0)}
    labels = json.loads((made.folder / "labels.json").read_text())
    assert [(one["name"], one["color"]) for one in labels] == [
        ("bone", "#56b4e9"),
        ("implant", "#e69f00"),
        ("ignore", "#808080"),
    ]


def test_cvat_pictures_with_context(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    made = predicted.export(tmp_path / "bundle", tool="cvat", context=1)
    with zipfile.ZipFile(made.folder / "images.zip") as archive:
        names = set(archive.namelist())
        one = asked[0]
        picture = np.array(Image.open(io.BytesIO(archive.read(f"{stem(one)}.png"))))
        before = archive.read(f"related_images/{stem(one)}_png/z-1.png")
    assert np.array_equal(picture, predicted.view(one))
    neighbour = SliceId(one.sample, one.index - 1)
    assert np.array_equal(np.array(Image.open(io.BytesIO(before))), predicted.view(neighbour))
    assert {name for name in names if "/" not in name} == {f"{stem(s)}.png" for s in asked}
    assert f"related_images/{stem(one)}_png/uncertainty.png" in names


@pytest.mark.parametrize("name", ["bone: inner", "#1", "two\nlines", "Background"])
def test_names_that_cvat_cannot_hold(folder: Path, tmp_path: Path, name: str) -> None:
    config = folder / "altui.toml"
    text = config.read_text().replace('"background"', '"air"')
    config.write_text(text.replace('"implant"', json.dumps(name)))
    project = Project.open(folder)
    project.approve_all()
    with pytest.raises(AltuiError, match="CVAT"):
        project.export(tmp_path / "bundle", tool="cvat")
    assert not list(tmp_path.glob("*bundle*"))
    project.export(tmp_path / "bundle", tool="label-studio")


def test_cvat_by_datumaro(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    """Read as CVAT reads an upload, drawn anew, written as CVAT writes its export."""
    pytest.importorskip("datumaro")
    from datumaro.components.annotation import AnnotationType, Mask
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image as Media

    made = predicted.export(tmp_path / "bundle", tool="cvat")
    with zipfile.ZipFile(made.folder / "annotations.zip") as archive:
        archive.extractall(tmp_path / "upload")
    upload = Dataset.import_from(str(tmp_path / "upload"), "voc_segmentation")
    categories = upload.categories()
    items = {item.id: item for item in upload}
    assert set(items) == set(map(stem, asked))
    labels = categories[AnnotationType.label]
    colours = categories[AnnotationType.mask].colormap
    assert {one.name: tuple(colours[i]) for i, one in enumerate(labels.items)} == {
        name: IGNORED if name == "ignore" else class_colour(i)
        for i, name in enumerate((*NAMES, "ignore"))
    }
    returned = []
    for one in asked:
        [mask] = items[stem(one)].annotations  # no object is made of the background
        assert labels.items[mask.label].name == "bone"
        assert np.array_equal(mask.image, start(one) == 1)
        drawn = corrected(predicted, one)
        ids = {1: "bone", 2: "implant", 255: "ignore"}
        annotations = [
            Mask(image=drawn == value, label=labels.find(name)[0], id=i + 1, group=i + 1)
            for i, (value, name) in enumerate(ids.items())
        ]
        media = Media.from_numpy(data=np.zeros((*drawn.shape, 3), np.uint8))
        returned.append(DatasetItem(id=stem(one), media=media, annotations=annotations))
    dataset = Dataset.from_iterable(returned, categories=categories)
    dataset.export(str(tmp_path / "download"), "voc_segmentation", save_media=False)
    report = predicted.import_labels(tmp_path / "download")
    assert {v.outcome for v in report.verdicts} == {"accepted"}, report.verdicts
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


# Label Studio


def annotated(task: dict[str, Any], mask: Array, encode: Any) -> dict[str, Any]:
    """The task as Label Studio exports it, once someone has drawn this mask."""
    height, width = mask.shape
    result = [
        {
            "id": name,
            "type": "brushlabels",
            "from_name": "label",
            "to_name": "image",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {"format": "rle", "rle": encode(mask == value), "brushlabels": [name]},
        }
        for value, name in ((1, "bone"), (2, "implant"), (255, "ignore"))
    ]
    done = {"id": 1, "was_cancelled": False, "lead_time": 5400.0, "result": result}
    # Tasks that were imported together have the name of that file.
    return {"id": 1, **task, "annotations": [done], "file_upload": "a44c0069-tasks.json"}


def test_label_studio(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    made = predicted.export(tmp_path / "my bundle", tool="label-studio", context=1)
    config = ElementTree.parse(made.folder / "labeling-config.xml")
    brush, image = config.find("BrushLabels"), config.find("Image")
    assert brush is not None
    assert image is not None
    assert [(one.get("value"), one.get("background")) for one in brush] == [
        ("bone", hexadecimal(class_colour(1))),
        ("implant", hexadecimal(class_colour(2))),
        ("ignore", hexadecimal(IGNORED)),
    ]
    tasks = json.loads((made.folder / "tasks.json").read_text())
    by_slice = {task["data"]["slice"]: task for task in tasks}
    assert set(by_slice) == {str(one) for one in asked}
    used = {one.get("value", "")[1:] for one in config.iter("Image")}
    for one in asked:
        task = by_slice[str(one)]
        assert used | {"slice"} == set(task["data"])
        url = task["data"]["image"]
        assert url == f"/data/local-files/?d=my%20bundle/views/{stem(one)}.png"
        [given] = task["predictions"]
        [stroke] = given["result"]
        assert stroke["value"]["brushlabels"] == ["bone"]
        assert (stroke["from_name"], stroke["to_name"]) == (brush.get("name"), image.get("name"))
        mask = decode_brush(stroke["value"]["rle"], *start(one).shape)
        assert np.array_equal(mask, start(one) == 1)
    returned = [
        annotated(by_slice[str(one)], corrected(predicted, one), encode_brush) for one in asked
    ]
    (tmp_path / "project-1-at-2026.json").write_text(json.dumps(returned))
    report = predicted.import_labels(tmp_path / "project-1-at-2026.json")
    assert {v.outcome for v in report.verdicts} == {"accepted"}, report.verdicts
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})
    label = predicted.labels()[asked[0]][-1].label
    assert (label.minutes, label.minutes_by) == (90.0, "tool")


@given(
    some.integers(1, 40).flatmap(
        lambda width: some.lists(
            some.lists(some.booleans(), min_size=width, max_size=width), min_size=1, max_size=40
        )
    )
)
def test_brush_masks_come_back_as_they_were(rows: list[list[bool]]) -> None:
    mask = np.array(rows, bool)
    assert np.array_equal(decode_brush(encode_brush(mask), *mask.shape), mask)


def test_brush_masks_of_many_pixels() -> None:
    """Runs longer than one count can say."""
    mask = np.zeros((700, 600), bool)
    mask[300:600] = True
    assert np.array_equal(decode_brush(encode_brush(mask), *mask.shape), mask)
    assert len(encode_brush(mask)) < 200


def test_label_studio_by_its_own_library(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    pytest.importorskip("label_studio_sdk")
    from label_studio_sdk.converter.brush import decode_rle, mask2rle
    from label_studio_sdk.label_interface import LabelInterface

    made = predicted.export(tmp_path / "bundle", tool="label-studio")
    interface = LabelInterface((made.folder / "labeling-config.xml").read_text())
    interface.validate()
    assert set(interface.get_tag("label").labels) == {*NAMES[1:], "ignore"}
    [tags] = interface.labels
    colours = {name: tag.attr["background"] for name, tag in tags.items()}
    assert colours["implant"] == hexadecimal(class_colour(2))
    tasks = json.loads((made.folder / "tasks.json").read_text())
    returned = []
    for one, task in zip(sorted(asked), tasks, strict=True):
        assert interface.validate_task({"data": task["data"]})
        for one_given in task["predictions"]:
            assert interface.validate_prediction(one_given, return_errors=True) == []
        [stroke] = task["predictions"][0]["result"]
        decoded = np.reshape(decode_rle(stroke["value"]["rle"]), (*start(one).shape, 4))
        assert np.array_equal(decoded[..., 3] > 0, start(one) == 1)
        assert (decoded == decoded[..., :1]).all()
        mask = corrected(predicted, one)
        returned.append(
            annotated(task, mask, lambda m: [int(b) for b in mask2rle(m * np.uint8(255))])
        )
    (tmp_path / "export.json").write_text(json.dumps(returned))
    assert predicted.import_labels(tmp_path / "export.json").exit_status == 0
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


# ITK-SNAP


def test_itk_snap(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    nibabel: Any = pytest.importorskip("nibabel")
    made = predicted.export(tmp_path / "bundle", tool="itk-snap", context=2)
    for one in asked:
        [path] = (made.folder / "masks").glob(f"{stem(one)}_*.nii.gz")
        place = int(path.name.split("_")[-1].split("of")[0]) - 1
        image = nibabel.load(made.folder / "images" / path.name.removesuffix(".gz"))
        segmentation = nibabel.load(path)
        assert image.shape == segmentation.shape
        assert np.array_equal(image.affine, segmentation.affine)
        values = np.asanyarray(image.dataobj)
        assert values.dtype == SAMPLES[one.sample][2], "values untouched"
        for plane in range(values.shape[2]):
            expected = predicted.image(SliceId(one.sample, one.index - place + plane))
            assert np.array_equal(values[..., plane].T, expected)
        labels = np.asanyarray(segmentation.dataobj).copy()
        assert np.array_equal(labels[..., place].T, start(one))
        assert labels.sum() == labels[..., place].sum()
        labels[..., place] = corrected(predicted, one).T
        labels[..., place - 1] = 2  # the annotator went on to a neighbour
        nibabel.save(nibabel.Nifti1Image(labels, segmentation.affine), path)
    sent = (made.folder / "masks").rename(tmp_path / "masks")  # without the manifest
    report = predicted.import_labels(sent)
    assert {v.outcome for v in report.verdicts} == {"accepted"}, report.verdicts
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


def test_itk_snap_labels(predicted: Project, tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    made = predicted.export(tmp_path / "bundle", tool="itk-snap")
    lines = (made.folder / "labels.txt").read_text().splitlines()
    rows = [line.split(maxsplit=7) for line in lines if not line.startswith("#")]
    assert [(int(r[0]), tuple(map(int, r[1:4])), r[7]) for r in rows] == [
        (0, (0, 0, 0), '"background"'),
        (1, class_colour(1), '"bone"'),
        (2, class_colour(2), '"implant"'),
        (255, IGNORED, '"ignore"'),
    ]
    assert [r[4:7] for r in rows] == [["0"] * 3, *[["1"] * 3] * 3]


def test_itk_snap_without_nibabel(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(AltuiError, match="another package") as caught:
        project.export(tmp_path / "bundle", tool="itk-snap")
    assert "altui[medical]" in caught.value.hint
    assert not list(tmp_path.glob("*bundle*"))


def test_itk_snap_by_itk(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    """ITK-SNAP reads and writes with ITK: geometry and orientation are ITK's identity."""
    itk: Any = pytest.importorskip("SimpleITK")
    made = predicted.export(tmp_path / "bundle", tool="itk-snap")
    for one in asked:
        [path] = (made.folder / "masks").glob(f"{stem(one)}_*.nii.gz")
        place = int(path.name.split("_")[-1].split("of")[0]) - 1
        image = itk.ReadImage(made.folder / "images" / path.name.removesuffix(".gz"))
        assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
        assert np.array_equal(itk.GetArrayFromImage(image)[place], predicted.image(one))
        segmentation = itk.ReadImage(path)
        labels = itk.GetArrayFromImage(segmentation)
        labels[place] = corrected(predicted, one)
        written = itk.GetImageFromArray(labels)
        written.CopyInformation(image)
        itk.WriteImage(written, path)
    assert predicted.import_labels(made.folder).exit_status == 0
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


# napari


def script(folder: Path) -> ModuleType:
    """The bundle's own script, as a module."""
    spec = importlib.util.spec_from_file_location("in_bundle", folder / "open_in_napari.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_napari_files(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    made = predicted.export(tmp_path / "bundle", tool="napari")
    own = script(made.folder)
    assert own.stems(made.folder) == sorted(map(stem, asked))
    assert own.classes(made.folder)[1] == (1, "bone", hexadecimal(class_colour(1)))
    for one in asked:
        mask = tifffile.imread(made.folder / "masks" / f"{stem(one)}.tif")
        assert np.array_equal(mask, start(one))
        # As napari writes a labels layer.
        path = made.folder / "masks" / f"{stem(one)}.tif"
        tifffile.imwrite(path, corrected(predicted, one).astype(np.int32), compression="zlib")
    assert predicted.import_labels(made.folder / "masks").exit_status == 0
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


def test_napari_by_its_own_model(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    """The script, on napari's viewer without a window; one mask saved by napari's writer."""
    pytest.importorskip("napari")
    from napari.components import ViewerModel
    from napari.plugins import _initialize_plugins

    _initialize_plugins()  # as napari's window does
    made = predicted.export(tmp_path / "bundle", tool="napari")
    own, viewer = script(made.folder), ViewerModel()
    first, second, third = sorted(asked, key=stem)
    labels = own.show(viewer, made.folder, stem(first))
    assert [layer.name for layer in viewer.layers] == [
        "neighbours along z",
        "slice",
        "uncertainty",
        stem(first),
    ]
    assert np.array_equal(viewer.layers["slice"].data, predicted.image(first))
    assert np.array_equal(labels.data, start(first))
    assert tuple(np.round(labels.get_color(1)[:3] * 255).astype(int)) == class_colour(1)
    around = viewer.layers["neighbours along z"].data
    assert np.array_equal(around[viewer.dims.current_step[0]], predicted.view(first))
    labels.data[...] = corrected(predicted, first)
    own.go(viewer, made.folder, 1)  # saves what was changed
    labels = own.mask_layer(viewer, made.folder)
    assert labels.name == stem(second)
    labels.data[...] = corrected(predicted, second)
    own.save(viewer, made.folder)
    own.go(viewer, made.folder, 1)
    labels = own.mask_layer(viewer, made.folder)
    labels.data = corrected(predicted, third).astype(np.int32)
    labels.save(str(made.folder / "masks" / f"{labels.name}.tif"), plugin="napari")
    assert predicted.import_labels(made.folder / "masks").exit_status == 0
    assert_labelled(predicted, {one: corrected(predicted, one) for one in asked})


# What comes back by names alone


def test_a_neighbour_is_never_taken_for_the_slice(
    project: Project, asked: Asked, back: Path
) -> None:
    one = asked[0]
    stack = np.zeros((5, *right_mask(project, one).shape), np.uint8)
    stack[0], stack[1] = right_mask(project, one), 2
    path = back / f"{stem(one)}_1of5.tif"
    tifffile.imwrite(path, stack, photometric="minisblack")
    assert codes(project.import_labels(back)) == {f"{path.name}#0": "ok"}
    assert_labelled(project, {one: right_mask(project, one)})
    path.rename(back / f"{stem(one)}_6of5.tif")
    assert project.import_labels(back).exit_status == 1, "no such place: the stack is not guessed"


def test_pictures_saved_anew_are_no_masks(predicted: Project, asked: Asked, tmp_path: Path) -> None:
    made = predicted.export(tmp_path / "bundle", tool="label-studio", context=1)
    for path in (made.folder / "context").iterdir():
        with Image.open(path) as picture:
            Image.fromarray(np.zeros(picture.size[::-1], np.uint8)).save(path)
    (made.folder / "manifest.json").unlink()
    report = predicted.import_labels(made.folder, dry_run=True)
    assert not [v for v in report.verdicts if v.file.endswith("_context.png")]
