"""COCO: polygons, and runs in its two spellings, of annotations on named images."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from altui.labels.formats.base import Masks, Pixels, missing
from altui.labels.verdict import Refusal
from altui.text import plain
from altui.volumes.base import Damaged, check_size

MAX_POINTS = 1_000_000
MAX_REGIONS = 10_000  # of an image; each is drawn on all of it


class Image(NamedTuple):
    file: str
    height: int
    width: int
    annotations: list[dict[str, Any]]


def is_coco(document: Any) -> bool:
    return isinstance(document, dict) and all(
        isinstance(document.get(key), list) for key in ("images", "annotations", "categories")
    )


def read_coco(document: dict[str, Any]) -> Masks:
    """One mask an image that has annotations; the others are noted. Raises Damaged."""
    try:
        names = {int(one["id"]): str(one["name"]) for one in document["categories"]}
        images = {
            int(one["id"]): Image(
                str(one["file_name"]).replace("\\", "/"), int(one["height"]), int(one["width"]), []
            )
            for one in document["images"]
        }
        for one in document["annotations"]:
            if int(one["category_id"]) not in names:
                raise Damaged(f"has no category {plain(one['category_id'])}")
            images[int(one["image_id"])].annotations.append(one)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Damaged(f"is not as COCO defines it ({plain(error)[:80]})") from None
    labelled = [image for image in images.values() if image.annotations]
    without = len(images) - len(labelled)
    notes = (f"{without} of {len(images)} images have no annotation",) if without else ()
    if not labelled:
        raise Refusal("coco", "holds no annotation")
    return Masks(
        len(labelled),
        tuple((image.height, image.width) for image in labelled),
        lambda index: _draw(labelled[index], names),
        tuple(image.file for image in labelled),
        notes,
        tool="COCO",
    )


def _draw(image: Image, names: dict[int, str]) -> Pixels:
    """A later annotation lies over the ones before it; what none covers is 0."""
    check_size(image.height, image.width)
    if len(image.annotations) > MAX_REGIONS:
        raise Refusal("too-large", f"has more than {MAX_REGIONS:,} annotations of one image")
    used = list(dict.fromkeys(int(one["category_id"]) for one in image.annotations))
    values = np.zeros((image.height, image.width), np.uint16)
    for one in image.annotations:
        area = _area(one.get("segmentation"), image.height, image.width)
        values[area] = used.index(int(one["category_id"])) + 1
    return Pixels(values, {number: names[one] for number, one in enumerate(used, 1)})


def _area(segmentation: Any, height: int, width: int) -> npt.NDArray[np.bool_]:
    """(height, width), true inside. Raises Refusal, Damaged."""
    if isinstance(segmentation, list) and segmentation:
        return _polygons(segmentation, height, width)
    if not isinstance(segmentation, dict):
        raise Refusal("coco", "holds an annotation that is a box only, without its outline")
    if list(segmentation.get("size", ())) != [height, width]:
        raise Damaged("an annotation is of another size than its image")
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        counts = _spelled_out(counts)
    return _runs(counts, height, width)


def _polygons(polygons: list[Any], height: int, width: int) -> npt.NDArray[np.bool_]:
    """What any of them covers, pixel by pixel as COCO's own tools have it."""
    try:
        from pycocotools import mask
    except ImportError:
        raise missing("coco", "COCO with polygons") from None
    checked: list[list[float]] = []
    steps = 0.0
    for polygon in polygons:
        points = np.asarray(polygon, np.float64)
        if points.ndim != 1 or len(points) < 6 or len(points) % 2 or len(points) > MAX_POINTS:
            raise Damaged("an outline is no list of x and y of three points or more")
        # The library is written in C and walks along every edge: no NaN, nothing far away.
        if not np.isfinite(points).all():
            raise Damaged("an outline has points that are no numbers")
        beyond = max(height, width)
        near = np.clip(points, -beyond, 2 * beyond)
        corners = near.reshape(-1, 2)
        steps += float(np.abs(corners - np.roll(corners, 1, axis=0)).max(axis=1).sum())
        if steps > height * width + 1000:
            raise Damaged("its outlines are longer than its image has pixels")
        checked.append(near.tolist())
    decoded = mask.decode(mask.merge(mask.frPyObjects(checked, height, width)))
    return np.asarray(decoded, bool)


def _runs(counts: Any, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Lengths of runs of out and in by turns, down the columns. Raises Damaged."""
    try:
        lengths = np.asarray(counts, np.int64)
    except (ValueError, TypeError, OverflowError):
        raise Damaged("an annotation's runs are no whole numbers") from None
    size = height * width
    if lengths.ndim != 1 or (lengths < 0).any() or (lengths > size).any() or lengths.sum() != size:
        raise Damaged("an annotation's runs do not fill its image")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(width, height).T


def _spelled_out(text: str) -> Sequence[int]:
    """COCO's compressed runs: five bits a character, the lowest first, a sixth bit where more
    follow; from the fourth on, each is the difference to the one two before. Raises Damaged.
    """
    counts: list[int] = []
    value = shift = 0
    for char in text.encode("ascii", "replace"):
        five = char - 48
        if not 0 <= five < 64 or shift > 35:
            raise Damaged("an annotation's runs are misspelled")
        value |= (five & 31) << shift
        shift += 5
        if five & 32:
            continue
        if five & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise Damaged("an annotation's runs are cut off")
    return counts
