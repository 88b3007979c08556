"""The folders of CVAT's "Segmentation mask 1.1", which is Pascal VOC's."""

from pathlib import PurePath

CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
PICTURES = ("JPEGImages", "images")


def is_beside(place: PurePath) -> bool:
    """Whether a file of such an export is not a mask of classes: of single objects, or the
    picture itself. `place`: within the export; the pictures' own folders are kept below
    `SegmentationClass`.
    """
    known = (part for part in place.parent.parts if part in (CLASSES, OBJECTS, *PICTURES))
    return next(known, CLASSES) != CLASSES
