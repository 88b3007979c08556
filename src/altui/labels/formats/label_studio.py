"""Label Studio: brush masks in its JSON and JSON-MIN, and its PNG and NumPy exports."""

import math
import re
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from altui.labels.formats.base import Masks, Pixels, Shape, Source
from altui.labels.formats.brush import decode_brush
from altui.labels.formats.npy import MAGIC as NPY
from altui.labels.formats.npy import open_npy
from altui.labels.formats.png import open_png
from altui.labels.verdict import Refusal
from altui.text import listing, plain
from altui.volumes.base import Damaged, check_size

# task-7-annotation-3-by-1-tag-bone-0.png, or .npy: a file for each brush stroke, 0 or 255.
# "tag" is the name that the project's configuration gives its brush.
EXPORTED = re.compile(
    r"task-(\d{1,9})-annotation-(\d{1,9})(?:-by-[^-]*)?-[^-]+-(.+)-(\d{1,9})\.(?:png|npy)", re.I
)
UPLOADED = re.compile(r"^(.*/)?upload/\d+/")
PICTURE = re.compile(r"\.(?:png|tiff?|jpe?g|bmp|webp|gif)(?:[?#]|$)", re.I)
TOOL, BRUSH = "Label Studio", "brushlabels"
MAX_REGIONS = 10_000  # of an image; each is drawn on all of it
OTHERS = ("polygonlabels", "rectanglelabels", "ellipselabels", "keypointlabels")


class Stroke(NamedTuple):
    """A region of one label, in the order in which it was drawn."""

    label: str
    rle: Any


class Task(NamedTuple):
    image: str
    shape: Shape | None
    strokes: list[Stroke]
    fault: str = ""
    minutes: float | None = None


def is_label_studio(document: Any) -> bool:
    tasks = document if isinstance(document, list) else [document]
    return bool(tasks) and all(
        isinstance(task, dict) and ("annotations" in task or "annotation_id" in task)
        for task in tasks
    )


def read_label_studio(document: Any) -> Masks:
    """One mask a task that has brush strokes; the others are noted. Raises Damaged."""
    tasks = document if isinstance(document, list) else [document]
    read = [task for task in map(_task, tasks) if task.strokes or task.fault]
    without = len(tasks) - len(read)
    notes = (f"{without} of {len(tasks)} tasks hold no brush mask",) if without else ()
    if not read:
        raise Refusal("label-studio", "holds no brush mask that somebody submitted")
    return Masks(
        len(read),
        tuple(task.shape for task in read),
        lambda index: _decode(read[index]),
        tuple(task.image for task in read),
        notes,
        tuple(task.minutes for task in read),
        TOOL,
    )


def image_of(task: Any) -> str:
    """A task's image, with the folders that it lies in: by its path, its URL or its `?d=` of
    local files. Of an upload, the folder is Label Studio's own. `file_upload` comes last: of
    tasks that came in one JSON, it is that JSON.
    """
    data = task.get("data", task)
    data = data if isinstance(data, dict) else {}
    named = [data.get("image"), task.get("image"), *data.values(), task.get("file_upload")]
    dotted = [one for one in named if isinstance(one, str) and "." in one]
    found = next(filter(PICTURE.search, dotted), dotted[0] if dotted else "")
    url, local, where = found.partition("?d=")
    path = where if local else url.split("?")[0].split("#")[0] if "://" in url else url
    place = PurePosixPath(UPLOADED.sub("", unquote(path).replace("\\", "/")))
    return "/".join(part for part in place.parts if part not in ("/", ".."))


def _task(task: dict[str, Any]) -> Task:
    image = image_of(task)
    if "annotations" in task:
        done = [
            one
            for one in _dicts(task["annotations"])
            if not one.get("was_cancelled") and one.get("result")
        ]
        # Of several, the one that somebody marked as the ground truth is meant.
        done = [one for one in done if one.get("ground_truth") is True] or done
        if len(done) > 1:
            who = listing((one.get("id") for one in done), shown=4)
            return Task(image, None, [], f"has several annotations ({who}); export one")
        results = [one for annotation in done for one in _dicts(annotation["result"])]
    else:  # JSON-MIN: the regions stand under the tag's own name
        results = [
            {"type": BRUSH, "value": one, **one}
            for key, value in task.items()
            if key != "data" and isinstance(value, list)
            for one in _dicts(value)
            if "rle" in one
        ]
    others = [one["type"] for one in results if one.get("type") in OTHERS]
    if others:
        return Task(image, None, [], f"holds {listing(sorted(set(others)))}; draw with the brush")
    brushed = _brushed(image, [one for one in results if _value(one).get("format") == "rle"])
    return brushed._replace(minutes=_minutes(task))


def _minutes(task: dict[str, Any]) -> float | None:
    """What Label Studio measured while the task was open, all annotations that count together:
    `lead_time`, in seconds.
    """
    annotations = [task] if "annotations" not in task else _dicts(task["annotations"])
    times = [one.get("lead_time") for one in annotations if not one.get("was_cancelled", False)]
    seconds = [float(time) for time in times if isinstance(time, int | float) and time > 0]
    return round(sum(seconds) / 60, 1) if seconds and all(map(math.isfinite, seconds)) else None


def _brushed(image: str, results: list[dict[str, Any]]) -> Task:
    strokes, shapes = [], set[tuple[Any, Any]]()
    for one in results:
        shapes.add((one.get("original_height"), one.get("original_width")))
        labels = _value(one).get(BRUSH)
        if not isinstance(labels, list) or len(labels) != 1:
            return Task(image, None, [], "holds a brush mask without a label, or with several")
        strokes.append(Stroke(str(labels[0]), _value(one).get("rle")))
    if not strokes:
        return Task(image, None, [])
    [(height, width), *more] = shapes
    if more or type(height) is not int or type(width) is not int:
        return Task(image, None, [], "does not say the size of its image")
    return Task(image, (height, width), strokes)


def _decode(task: Task) -> Pixels:
    """Later strokes lie over earlier ones; what no stroke covers is 0. Raises Refusal."""
    if task.shape is None:
        raise Refusal("label-studio", task.fault)
    check_size(*task.shape)
    if len(task.strokes) > MAX_REGIONS:
        raise Refusal("too-large", f"has more than {MAX_REGIONS:,} brush masks of one image")
    names = list(dict.fromkeys(stroke.label for stroke in task.strokes))
    values = np.zeros(task.shape, np.uint16)
    for stroke in task.strokes:
        values[decode_brush(stroke.rle, *task.shape)] = names.index(stroke.label) + 1
    return Pixels(values, dict(enumerate(names, 1)))


def _value(result: dict[str, Any]) -> dict[str, Any]:
    value = result.get("value")
    return value if isinstance(value, dict) else {}


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(values, list):
        raise Damaged("is not as Label Studio writes it")
    return (one for one in values if isinstance(one, dict))


def open_parts(source: Source) -> Masks:
    """The PNG or NumPy export: one mask in a file for each stroke. Raises Refusal, AltuiError."""
    parts = [(label, _open_part(path, source)) for label, path in source.parts]
    [shape, *others] = {masks.shapes[0] for _, masks in parts}
    if shape is None or others:
        raise Refusal("shape", "is in files of different sizes")
    names = list(dict.fromkeys(label for label, _ in parts))

    def read(_: int) -> Pixels:
        values = np.zeros(shape, np.uint16)
        for label, masks in parts:
            stroke = masks.read(0).values
            if stroke.ndim != 2:
                raise Refusal("rgb", f"its part for {plain(label)} is a colour picture")
            values[stroke > 0] = names.index(label) + 1
        return Pixels(values, dict(enumerate(names, 1)))

    return Masks(1, (shape,), read, tool=TOOL)


def _open_part(path: Path, source: Source) -> Masks:
    with path.open("rb") as file:
        is_npy = file.read(len(NPY)) == NPY
    if is_npy:
        return open_npy(Source(path, ".npy", source.scratch))
    return open_png(Source(path, ".png", source.scratch))


def part_of(file: Path | PurePath) -> tuple[str, str, int] | None:
    """What a file of those exports is of: its mask, its label, its place among its parts."""
    match = EXPORTED.fullmatch(file.name)
    if match is None:
        return None
    task, annotation, label, number = match.groups()
    return f"task-{task}-annotation-{annotation}", label, int(number)
