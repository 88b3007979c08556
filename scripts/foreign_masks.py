"""Masks as other projects' own libraries write them: tests/labels/data.

Those libraries are too heavy for every test run, so their files are kept. To write them
again: a virtual environment with label-studio-sdk and datumaro, then
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


def right_mask() -> npt.NDArray[np.uint8]:
    """That of slice 3 of screw1 in tests/labels/conftest.py."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    mask = np.zeros(SHAPE, np.uint8)
    mask[(y > 5) & (y < 25) & (x > 4) & (x < 22 + 1)] = 1
    mask[np.hypot(y - 16, x - 14) < 6] = 2
    return mask


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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cvat(folder)
    label_studio(folder)
