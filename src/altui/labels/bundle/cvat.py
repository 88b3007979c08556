"""CVAT: a task's pictures, its labels, and starting masks as "Segmentation mask 1.1"."""

import json
from contextlib import ExitStack

import numpy as np
import numpy.typing as npt

from altui.colours import Rgb, hexadecimal
from altui.errors import AltuiError
from altui.labels.bundle.content import Content
from altui.labels.bundle.files import Archive, Files, as_png
from altui.labels.bundle.tools import Label, add_image, add_views, page
from altui.labels.formats.cvat import CLASSES, OBJECTS
from altui.labels.formats.label_map import CVATS as LABELMAP
from altui.slices import SliceId
from altui.text import plain

PICTURES, ANNOTATIONS, LABELS = "images.zip", "annotations.zip", "labels.json"
BACKGROUND = "background"  # what CVAT calls a pixel without a label, in black
NOTE = {
    "Open": """
In CVAT, create a task. Labels: "Raw", and paste all of labels.json into the field, so that the
classes have the right names and colours. Files: images.zip. Submit & Open. Each picture is one
slice{beside}.{start}
""",
    "Label": """
With the brush (Draw new mask); where masks overlap, the upper one counts. A pixel without a mask
is "{background}"; "ignore" is left out of training.
""",
    "Save": """
Save the job. Menu > Export job dataset > "Segmentation mask 1.1", without images.
""",
    "Send": "The .zip that you download back, as it is.",
    "Besides": """
images/ holds the slices with their values untouched, views/ the pictures of images.zip.
""",
}
START = """

Starting masks, as the network predicts them: Actions > Upload annotations, format "Segmentation
mask 1.1", "Convert masks to polygons" off, and annotations.zip. Do this first: it replaces what
the task holds."""


class Cvat:
    def __init__(self, files: Files, labels: tuple[Label, ...]) -> None:
        _check_names(labels)
        self._files, self._labels = files, labels
        self._premasks: list[tuple[str, SliceId, bytes, bytes]] = []
        self._around = self._unsure = False
        self._open = ExitStack()
        self._pictures = self._open.enter_context(files.archive(PICTURES))

    def add(self, one: Content) -> None:
        add_image(self._files, one)
        add_views(self._files, one)
        self._pictures.add(f"{one.stem}.png", "view", as_png(one.view), one.slice)
        beside = f"related_images/{one.stem}_png"  # CVAT's way: the dot becomes a line
        for distance, view in one.views():
            if distance:
                self._around = True
                name = f"{beside}/z{distance:+d}.png"
                self._pictures.add(name, "view", as_png(view), one.slice)
        if one.unsure is not None:
            self._unsure = True
            name = f"{beside}/uncertainty.png"
            self._pictures.add(name, "view", as_png(one.unsure), one.slice)
        if one.premask is not None:
            # Every class as one object: without objects, CVAT makes one of the background.
            classes = _painted(one.premask, {of.id: of.colour for of in self._labels})
            objects = _painted(one.premask, {of.id: _object_colour(of.id) for of in self._labels})
            self._premasks.append((one.stem, one.slice, as_png(classes), as_png(objects)))

    def end(self) -> str:
        self._open.close()
        if self._premasks:
            with self._files.archive(ANNOTATIONS) as archive:
                self._add_premasks(archive)
        labels = [
            {"name": one.name, "color": hexadecimal(one.colour), "type": "any", "attributes": []}
            for one in self._labels[1:]
        ]
        self._files.text(LABELS, "tool", json.dumps(labels, indent=2, ensure_ascii=False) + "\n")
        beside = ["its neighbours along z"] * self._around
        beside += ["where the network is unsure"] * self._unsure
        said = {
            "beside": f"; {' and '.join(beside)}: its context images, beside it" if beside else "",
            "start": START if self._premasks else "",
            "background": plain(self._labels[0].name),
        }
        return page({title: text.format(**said) for title, text in NOTE.items()})

    def _add_premasks(self, archive: Archive) -> None:
        rows = [(BACKGROUND, (0, 0, 0)), *((one.name, one.colour) for one in self._labels[1:])]
        lines = [f"{name}:{','.join(map(str, colour))}::" for name, colour in rows]
        table = "\n".join(["# label:color_rgb:parts:actions", *lines, ""])
        listed = "".join(f"{stem}\n" for stem, *_ in self._premasks)
        archive.add(LABELMAP, "table", table.encode())
        archive.add("ImageSets/Segmentation/default.txt", "table", listed.encode())
        for stem, slice_id, classes, objects in self._premasks:
            archive.add(f"{CLASSES}/{stem}.png", "premask", classes, slice_id)
            archive.add(f"{OBJECTS}/{stem}.png", "premask", objects, slice_id)


def _check_names(labels: tuple[Label, ...]) -> None:
    """Raises AltuiError for names that CVAT's files cannot hold, or that mean something there."""
    for one in labels[1:]:
        if ":" in one.name or one.name.startswith("#") or one.name.splitlines() != [one.name]:
            raise AltuiError(
                f'CVAT\'s label maps cannot hold the class name "{plain(one.name)}"',
                "rename the class in altui.toml, without : and #, or take another tool: --for",
            )
        if one.name.strip().casefold() == BACKGROUND:
            raise AltuiError(
                f'class {one.id} is named "{plain(one.name)}", which in CVAT is what has no label',
                "make it class 0 in altui.toml, rename it, or take another tool: --for",
            )


def _painted(mask: npt.NDArray[np.uint8], colours: dict[int, Rgb]) -> npt.NDArray[np.uint8]:
    """(height, width, 3) RGB."""
    table = np.zeros((256, 3), np.uint8)
    for class_id, colour in colours.items():
        if class_id < len(table):
            table[class_id] = colour
    return table[mask]


def _object_colour(number: int) -> Rgb:
    """The colour of Pascal VOC's n-th object: its bits, the lowest first, are dealt out to red,
    green and blue, which they fill from the highest bit down.
    """
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * place + channel) & 1) << (7 - place)
    red, green, blue = channels
    return red, green, blue
