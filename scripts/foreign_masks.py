"""Masks as other projects' own libraries write them: tests/labels/data.

Those libraries are too heavy for every test run, so their files are kept. To write them
again: a virtual environment with label-studio-sdk, datumaro, napari, SimpleITK (which
reads and writes as ITK-SNAP does) and slicerio (3D Slicer's own), then
`python scripts/foreign_masks.py tests/labels/data`.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CLASSES = ("background", "bone", "implant")
COLOURS = ((0, 0, 0), (250, 50, 83), (51, 221, 255))
SHAPE = (40, 48)
STEM = "screw1_z0003"
SLICES, INDEX = 12, 3


def right_mask() -> npt.NDArray[np.uint8]:
    """That of slice 3 of screw1 in tests/labels/conftest.py."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    mask = np.zeros(SHAPE, np.uint8)
    mask[(y > 5) & (y < 25) & (x > 4) & (x < 22 + 1)] = 1
    mask[np.hypot(y - 16, x - 14) < 6] = 2
    return mask


def right_volume() -> npt.NDArray[np.uint8]:
    """All slices of the sample, of which only that one is labelled."""
    volume = np.zeros((SLICES, *SHAPE), np.uint8)
    volume[INDEX] = right_mask()
    return volume


def cvat(target: Path) -> None:
    """CVAT's "Segmentation mask 1.1" is datumaro's VOC segmentation, zipped."""
    from datumaro.components.annotation import Mask
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image
    from datumaro.plugins.data_formats.voc.format import make_voc_categories

    labels = {n: [c, [], []] for n, c in zip(CLASSES, COLOURS, strict=True)}
    mask = right_mask()
    item = DatasetItem(
        id=STEM,
        media=Image.from_numpy(data=np.zeros((*SHAPE, 3), np.uint8)),
        annotations=[Mask(image=mask == i, label=i, id=i, z_order=i) for i in (1, 2)],
    )
    made = Dataset.from_iterable([item], categories=make_voc_categories(labels))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "cvat"
        made.export(str(folder), "voc_segmentation", save_media=False, label_map=labels)
        shutil.make_archive(str(target / "cvat"), "zip", folder)


def label_studio(target: Path) -> None:
    """A JSON export with brush masks, and the PNG export of the same task."""
    from label_studio_sdk.converter.brush import convert_task_dir, mask2rle

    mask = right_mask()
    strokes: list[dict[str, Any]] = [
        {
            "id": f"r{i}",
            "type": "brushlabels",
            "from_name": "tag",
            "to_name": "image",
            "original_width": SHAPE[1],
            "original_height": SHAPE[0],
            "image_rotation": 0,
            "value": {
                "format": "rle",
                "rle": [int(byte) for byte in mask2rle((mask == i) * np.uint8(255))],
                "brushlabels": [CLASSES[i]],
            },
        }
        for i in (1, 2)
    ]
    task = {
        "id": 7,
        "file_upload": f"1a2b3c4d-{STEM}.png",
        "data": {"image": f"/data/upload/1/1a2b3c4d-{STEM}.png"},
        "annotations": [{"id": 5, "was_cancelled": False, "result": strokes}],
    }
    (target / "label_studio.json").write_text(json.dumps([task]))
    with tempfile.TemporaryDirectory() as scratch:
        item = {"id": 7, "output": {"tag": [{**one, **one["value"]} for one in strokes]}}
        item |= {"annotation_id": 5, "completed_by": {"email": "anna@example.org"}}
        convert_task_dir([item], scratch, out_format="png")
        shutil.make_archive(str(target / "label_studio_png"), "zip", scratch)
    with tempfile.TemporaryDirectory() as scratch:
        convert_task_dir([item], scratch, out_format="numpy")
        shutil.make_archive(str(target / "label_studio_numpy"), "zip", scratch)


def coco(target: Path) -> None:
    """COCO instances: bone as an outline, the implant as runs."""
    from datumaro.components.annotation import AnnotationType, LabelCategories, Mask, Polygon
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image

    box = [5, 6, 23, 6, 23, 25, 5, 25]
    item = DatasetItem(
        id=STEM,
        media=Image.from_numpy(data=np.zeros((*SHAPE, 3), np.uint8)),
        annotations=[
            Polygon(box, label=1, id=1, group=1, z_order=1),
            Mask(image=right_mask() == 2, label=2, id=2, group=2, z_order=2),
        ],
    )
    categories = {AnnotationType.label: LabelCategories.from_iterable(CLASSES)}
    made = Dataset.from_iterable([item], categories=categories)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "coco"
        made.export(str(folder), "coco_instances", save_media=False)
        shutil.copy(next(folder.rglob("*.json")), target / "coco.json")


def napari(target: Path) -> None:
    """Labels layers as napari saves them: of one slice, and of a sample's stack."""
    from napari_builtins.io import napari_write_labels

    mask, volume = right_mask().astype(np.int32), right_volume().astype(np.int32)
    napari_write_labels(str(target / "napari.tif"), mask, {"name": "Labels"})
    napari_write_labels(str(target / "napari_stack.tif"), volume, {"name": "Labels"})


def itk(target: Path) -> None:
    """A sample's stack as ITK-SNAP saves its segmentation, which is ITK's way."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(right_volume())
    image.SetSpacing((0.005, 0.005, 0.005))
    for ending in ("nii.gz", "nrrd", "tif"):
        SimpleITK.WriteImage(image, str(target / f"itk.{ending}"), True)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(right_mask()), str(target / "itk_slice.nrrd"))


def slicer(target: Path) -> None:
    """3D Slicer's segmentations: segments apart, and overlapping ones, in layers."""
    import slicerio

    volume = right_volume().transpose()  # slicerio counts voxels along i, j, k
    for name, inner in (("slicer", volume == 1), ("slicer_layers", volume > 0)):
        made = slicerio.create_segmentation(volume.shape, np.eye(4))
        slicerio.add_segment(made, inner, {"name": "Bone", "color": [0.9, 0.8, 0.6]})
        slicerio.add_segment(made, volume == 2, {"name": "implant", "color": [0.2, 0.2, 0.9]})
        slicerio.write_segmentation(str(target / f"{name}.seg.nrrd"), made)
        if name == "slicer":
            itk_cropped(target)
    slicer_cropped(target)


PART = (slice(4, 24), slice(5, 26), slice(2, 7))  # x, y, z of what is labelled, and some more


def itk_cropped(target: Path) -> None:
    """A part of a segmentation as ITK cuts it out: only its origin tells where it was."""
    import SimpleITK

    whole = SimpleITK.ReadImage(str(target / "slicer.seg.nrrd"))
    part = whole[PART[0], PART[1], PART[2]]
    for key in whole.GetMetaDataKeys():
        if key.startswith("Segment"):
            part.SetMetaData(key, whole.GetMetaData(key))
    SimpleITK.WriteImage(part, str(target / "slicer_itk_cropped.seg.nrrd"), True)


def slicer_cropped(target: Path) -> None:
    """A part of a segmentation of a sample that was centred in 3D Slicer, with its voxels' size;
    the geometry of the image is written beside, in Slicer's right, front, up.
    """
    import slicerio

    spacing, first = 0.005, np.array([one.start for one in PART])
    sizes = np.array([SHAPE[1], SHAPE[0], SLICES])
    centre = -(sizes - 1) / 2 * spacing
    place = np.diag([spacing] * 3 + [1.0])
    place[:3, 3] = centre + first * spacing
    image = np.diag([-spacing, -spacing, spacing, 1.0])
    image[:3, 3] = centre * (-1, -1, 1)
    extent = ";".join(f"0;{size - 1}" for size in sizes)
    geometry = ";".join(f"{one:.17g}" for one in image.ravel()) + f";{extent};"
    volume = right_volume().transpose()[PART]
    made = slicerio.create_segmentation(volume.shape, place)
    made["conversionParameters"] = [
        {"name": name, "value": value, "description": "In words."}
        for name, value in (("Joint smoothing", "0"), ("Reference image geometry", geometry))
    ]
    slicerio.add_segment(made, volume == 1, {"name": "Bone", "color": [0.9, 0.8, 0.6]})
    slicerio.add_segment(made, volume == 2, {"name": "implant", "color": [0.2, 0.2, 0.9]})
    slicerio.write_segmentation(str(target / "slicer_cropped.seg.nrrd"), made)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cvat(folder)
    label_studio(folder)
    coco(folder)
    napari(folder)
    itk(folder)
    slicer(folder)
