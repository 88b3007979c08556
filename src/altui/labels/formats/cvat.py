"""CVAT's "Segmentation mask 1.1", which is Pascal VOC's: what its colours mean."""

import re
from pathlib import Path, PurePath

LABELMAP = "labelmap.txt"
CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
PICTURES = ("JPEGImages", "images")
MAX_BYTES = 1 << 20
LINE = re.compile(r"([^#:]+):(\d{1,3}),(\d{1,3}),(\d{1,3})(?::.*)?")


def read_labelmap(path: Path) -> dict[int, str]:
    """0xRRGGBB to label, from lines such as `bone:255,0,0::`; others are passed over.

    Raises OSError.
    """
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8", "replace")
    colours: dict[int, str] = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line.strip())
        if match:
            red, green, blue = (min(255, int(part)) for part in match.groups()[1:])
            colours[red << 16 | green << 8 | blue] = match[1].strip()
    return colours


def is_beside(place: PurePath) -> bool:
    """Whether a file of such an export is not a mask of classes: of single objects, or the
    picture itself.
    """
    return any(part in (OBJECTS, *PICTURES) for part in place.parent.parts)
