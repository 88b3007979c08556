"""TIFF and PNG, for whatever tool opens those."""

from altui.labels.bundle.content import Content
from altui.labels.bundle.files import Files
from altui.labels.bundle.tools import (
    WRAP,
    Label,
    add_context,
    add_image,
    add_premask,
    add_views,
    listed,
)

NOTE = """\
images/   the slices, values untouched
views/    the same as 8-bit pictures, to look at
{maps}{context}{premasks}classes.csv
          the class ids and colours; "ignore" leaves a pixel out of training

{classes}

Save one mask a slice, of the slice's size, one class id a pixel, as TIFF or PNG in one
grey channel, named as its image (such as {example}.tif), and send the masks back.
"""
MAPS = "          …_uncertainty.png is bright where the network is unsure\n"
CONTEXT = "context/  each slice among its neighbours along z: …_3of5… is the third of five\n"
PREMASKS = "masks/    what the network predicts: a mask to start from, to be corrected\n"


class Plain:
    def __init__(self, files: Files, labels: tuple[Label, ...]) -> None:
        self._files = files
        self._example, self._classes = "", listed(labels)
        self._has = {"maps": False, "context": False, "premasks": False}

    def add(self, one: Content) -> None:
        for write in (add_image, add_views, add_context, add_premask):
            write(self._files, one)
        self._example = self._example or one.stem
        self._has["maps"] |= one.unsure is not None
        self._has["context"] |= len(one.around) > 1
        self._has["premasks"] |= one.premask is not None

    def end(self) -> str:
        said = {"maps": MAPS, "context": CONTEXT, "premasks": PREMASKS}
        return NOTE.format(
            example=self._example,
            classes=WRAP.fill(f"Classes: {self._classes}"),
            **{key: said[key] if there else "" for key, there in self._has.items()},
        )
