"""Label Studio: a labeling configuration, and tasks with brush masks as predictions."""

import base64
import json
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from altui.colours import hexadecimal
from altui.labels.bundle.brush import encode_brush
from altui.labels.bundle.content import Content
from altui.labels.bundle.files import Files, as_png
from altui.labels.bundle.tools import AROUND, VIEWS, Label, add_image, add_views, page
from altui.labels.manifest import CONTEXT, MAP
from altui.text import plain

CONFIG, TASKS = "labeling-config.xml", "tasks.json"
TAG, IMAGE = "label", "image"  # names within the configuration
NOTE = {
    "Set up": """
Label Studio reads the pictures from this disk, which it has to be allowed. Start it so:

    export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true
    export LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=FOLDER
    label-studio start

FOLDER is the one that holds this folder, which has to keep its name, "{folder}".
""",
    "Open": """
Create a project. Settings > Labeling Interface > Code: paste {config}. Settings > Cloud Storage
> Add Source Storage > Local files: the absolute path of this folder; add it, without sync. Then
import {tasks}: a task is a slice.
""",
    "Label": """
With the brush and the eraser. {start}What no class covers is "{background}", and where classes
overlap, the later region counts; "ignore" is left out of training.{below}
""",
    "Save": "Submit (or Update).",
    "Send": """
Export > JSON, and send the file back. It also says how long each slice took.
""",
    "Besides": "images/ holds the slices with their values untouched.",
}
LAST = 1 << 30
START = "Each task starts with what the network predicts, to be corrected. "


class LabelStudio:
    def __init__(self, files: Files, labels: tuple[Label, ...]) -> None:
        self._files, self._labels = files, labels
        self._tasks: list[dict[str, Any]] = []
        # What is shown below the slice: the key in its task, its place among them, its title.
        self._panels: dict[str, tuple[int, str]] = {}

    def add(self, one: Content) -> None:
        add_image(self._files, one)
        add_views(self._files, one)
        data = {IMAGE: self._url(f"{VIEWS}/{one.stem}.png"), "slice": str(one.slice)}
        if one.unsure is not None:
            data["uncertainty"] = self._url(f"{VIEWS}/{one.stem}{MAP}.png")
            self._panels["uncertainty"] = LAST, "where the network is unsure"
        for distance, view in one.views():
            if distance:
                data |= self._neighbour(one, distance, as_png(view))
        task: dict[str, Any] = {"data": data}
        if one.premask is not None:
            task["predictions"] = [{"model_version": "altui", "result": self._strokes(one)}]
        self._tasks.append(task)

    def _neighbour(self, one: Content, distance: int, data: bytes) -> dict[str, str]:
        side = f"{'before' if distance < 0 else 'after'}{abs(distance)}"
        name = f"{AROUND}/{one.stem}_{side}{CONTEXT}.png"
        self._files.add(name, "view", lambda path: path.write_bytes(data), one.slice)
        self._panels[side] = distance, f"z {distance:+d}"
        return {side: self._url(name)}

    def _url(self, name: str) -> str:
        """As Label Studio serves local files: below the folder that holds the bundle's."""
        return f"/data/local-files/?d={quote(f'{self._files.name}/{name}')}"

    def _strokes(self, one: Content) -> list[dict[str, Any]]:
        """A brush mask for each class that is predicted, but for class 0."""
        mask = one.premask
        assert mask is not None
        height, width = mask.shape
        present = set(np.unique(mask).tolist())
        return [
            {
                "id": f"{one.stem}-{label.id}",
                "type": "brushlabels",
                "from_name": TAG,
                "to_name": IMAGE,
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": {
                    "format": "rle",
                    "rle": encode_brush(mask == label.id),
                    "brushlabels": [label.name],
                },
            }
            for label in self._labels[1:]
            if label.id in present
        ]

    def end(self) -> str:
        # A panel needs a picture in every task; at the ends of a sample there is no neighbour.
        nothing = base64.b64encode(as_png(np.zeros((1, 1), np.uint8))).decode()
        for task in self._tasks:
            for key in self._panels:
                task["data"].setdefault(key, f"data:image/png;base64,{nothing}")
        self._files.text(CONFIG, "tool", self._configuration())
        text = json.dumps(self._tasks, ensure_ascii=False)
        self._files.text(TASKS, "tool", text + "\n")
        start = any("predictions" in task for task in self._tasks)
        unsure = "uncertainty" in self._panels
        below = ["its neighbours along z"] * (len(self._panels) > unsure)
        below += ["where the network is unsure"] * unsure
        said = {
            "folder": plain(self._files.name),
            "config": CONFIG,
            "tasks": TASKS,
            "start": START if start else "",
            "background": plain(self._labels[0].name),
            "below": f" Below the slice: {', and '.join(below)}." if below else "",
        }
        return page({title: text.format(**said) for title, text in NOTE.items()})

    def _configuration(self) -> str:
        labels = "".join(
            f'    <Label value={quoteattr(one.name)} background="{hexadecimal(one.colour)}"/>\n'
            for one in self._labels[1:]
        )
        panels = "".join(
            f'    <Panel value={quoteattr(title)}><Image name="{key}" value="${key}"/></Panel>\n'
            for key, (_, title) in sorted(self._panels.items(), key=lambda panel: panel[1])
        )
        return (
            "<View>\n"
            f'  <BrushLabels name="{TAG}" toName="{IMAGE}">\n{labels}  </BrushLabels>\n'
            f'  <Image name="{IMAGE}" value="${IMAGE}" zoom="true" zoomControl="true"'
            ' brightnessControl="true" contrastControl="true"/>\n'
            + (f"  <Collapse>\n{panels}  </Collapse>\n" if panels else "")
            + "</View>\n"
        )
