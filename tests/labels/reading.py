"""Opening and decoding a file by itself, without a project around it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.config import Config
from altui.labels.formats import open_masks, suffix_of
from altui.labels.formats.base import Pixels, Source, refusing, whole_numbers
from altui.labels.formats.label_map import LabelMap
from altui.labels.read import decoded
from altui.labels.scratch import Scratch
from altui.labels.values import to_class_ids
from altui.labels.verdict import Refusal

CLASSES = ("background", "bone", "degradation layer", "implant")


def config(classes: tuple[str, ...] = CLASSES, **tables: Any) -> Config:
    """`tables`: those of `[import]`."""
    return Config.model_validate(
        {
            "project": {"name": "x"},
            "classes": {"names": classes},
            "samples": [
                {"name": "a", "split": "train", "images": "a.tif"},
                {"name": "b", "split": "test", "images": "b.tif", "masks": "m.tif"},
            ],
            "import": tables,
        }
    )


def read_all(path: Path, room: int = 1 << 24) -> list[Pixels]:
    """Every mask of a file. Raises Refusal."""
    with Scratch(room) as scratch:
        source = Source(path, suffix_of(path), scratch)
        with refusing(path):
            masks = open_masks(source)
        return [decoded(masks, index, path) for index in range(masks.count)]


def read_mask(path: Path) -> npt.NDArray[np.integer]:
    """The only mask of a file, in grey, as it stands there. Raises Refusal."""
    [pixels] = read_all(path)
    if pixels.values.ndim == 3:
        raise Refusal("rgb", "in colour")
    return whole_numbers(pixels.values)


def ids(pixels: Pixels, given: Config | None = None, **colours: str) -> npt.NDArray[Any]:
    """Class ids; `colours`: `ff0000="bone"`, as a labelmap has them. Raises Refusal."""
    beside = {int(colour.lstrip("_"), 16): (name,) for colour, name in colours.items()}
    return to_class_ids(pixels, given or config(), LabelMap(beside, {}))
