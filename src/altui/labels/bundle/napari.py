"""napari: label TIFFs, and a script that opens a slice with all there is of it."""

from pathlib import Path

from altui.labels.bundle import open_in_napari
from altui.labels.bundle.content import Content
from altui.labels.bundle.files import Files
from altui.labels.bundle.tools import (
    PREMASKS,
    Label,
    add_context,
    add_image,
    add_premask,
    add_views,
    listed,
    page,
)

SCRIPT = "open_in_napari.py"
NOTE = {
    "Open": """
In the Python environment that has napari:

    python {script}

It shows the first slice; with a name behind it, such as {example}, that one. Layers, from below:
{around}the slice itself, values untouched{hidden}; {maps}on top the mask, "{example}"{start}.

Without the script: open a TIFF of images/, then {layer}.
""",
    "Label": """
Select the mask layer and paint: {classes}. The class of a number is in the status bar below the
picture, too, and its colour in classes.csv. "ignore" is left out of training.
""",
    "Save": """
Alt-S writes the mask to masks/{example}.tif, Alt-N goes on to the next slice (and saves what you
changed), Alt-B to the one before. File > Save Selected Layers will do as well: as TIFF, into
masks/, named as the image.
""",
    "Send": "The folder masks/ back, whole.",
}
AROUND = "the slice and its neighbours along z (the slider below the picture); "
HIDDEN = " (hidden at first)"
MAPS = "where the network is unsure (hidden at first); "
START = ", which starts as what the network predicts, where it has predicted something"
CONVERT = "one of masks/, and right-click the latter > Convert to Labels"
NEW = "Layers > New Labels"


class Napari:
    def __init__(self, files: Files, labels: tuple[Label, ...]) -> None:
        self._files = files
        self._example, self._classes = "", listed(labels)
        self._around = self._maps = self._start = False
        files.directory(PREMASKS)

    def add(self, one: Content) -> None:
        for write in (add_image, add_views, add_context, add_premask):
            write(self._files, one)
        self._example = self._example or one.stem
        self._around |= len(one.around) > 1
        self._maps |= one.unsure is not None
        self._start |= one.premask is not None

    def end(self) -> str:
        script = Path(open_in_napari.__file__).read_text(encoding="utf-8")
        self._files.text(SCRIPT, "tool", script)
        said = {
            "script": SCRIPT,
            "example": self._example,
            "classes": self._classes,
            "around": AROUND * self._around,
            "hidden": HIDDEN * self._around,
            "maps": MAPS * self._maps,
            "start": START * self._start,
            "layer": CONVERT if self._start else NEW,
        }
        return page({title: text.format(**said) for title, text in NOTE.items()})
