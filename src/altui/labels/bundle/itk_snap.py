"""ITK-SNAP: NIfTI volumes of a slice and its neighbours, and a label description file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.bundle.content import Array, Content
from altui.labels.bundle.files import Files
from altui.labels.bundle.tools import IMAGES, PREMASKS, VIEWS, Label, add_views, page
from altui.labels.manifest import MAP
from altui.text import plain

LABELS = "labels.txt"
# Columns, rows and slices along ITK's axes (left, back, up), written in NIfTI's (right, front).
AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
HELD = {"float16": np.float32, "bool": np.uint8}  # what NIfTI has no name for
NOTE = {
    "Open": """
File > Open Main Image: a volume of images/.{start} Segmentation > Import Label Descriptions:
labels.txt. Or all at once, in a terminal:

    itksnap -g images/{example}.nii {segmentation}\\
        {overlay}-l labels.txt

{around}{maps}
""",
    "Label": """
With the paintbrush, in the axial view{where}. Label 0 is
"{background}"; "ignore" is left out of training.
""",
    "Save": """
Segmentation > Save Segmentation Image: NIfTI, as masks/{example}.nii.gz
""",
    "Send": "The folder masks/ back, whole.",
}
AROUND = """
Each volume is one slice among its neighbours along z. The name says which one is to be labelled:
{place} is slice {at} of {number}. The others are there to look at; what you paint on them is not
taken."""
MAPS = """

File > Add Another Image: the volume of the same name in views/ is bright where the network is
unsure."""
START = " Segmentation > Open Segmentation: that of the same name in masks/, the prediction."


class ItkSnap:
    def __init__(self, files: Files, labels: tuple[Label, ...]) -> None:
        """Raises AltuiError where nibabel is not installed."""
        self._save = _saver()
        self._files, self._labels = files, labels
        files.directory(PREMASKS)
        self._first: Content | None = None

    def add(self, one: Content) -> None:
        name = f"{one.stem}_{one.place}"
        self._add(f"{IMAGES}/{name}.nii", "image", one, one.values())
        add_views(self._files, one)
        if one.unsure is not None:
            self._add(f"{VIEWS}/{name}{MAP}.nii.gz", "view", one, _among(one, one.unsure))
        if one.premask is not None:
            self._add(f"{PREMASKS}/{name}.nii.gz", "premask", one, _among(one, one.premask))
        self._first = self._first or one

    def _add(self, name: str, role: Any, one: Content, volume: Array) -> None:
        held = volume.astype(HELD.get(str(volume.dtype), volume.dtype), copy=False)
        self._files.add(name, role, lambda path: self._save(path, held), one.slice)

    def end(self) -> str:
        rows = [
            # Visible, and with a mesh in 3-D; label 0 is neither.
            f"{one.id:5d} {red:5d} {green:4d} {blue:4d} {1 if one.id else 0:8d} "
            f'{1 if one.id else 0:2d} {1 if one.id else 0:2d}    "{_unquoted(one.name)}"'
            for one in self._labels
            for red, green, blue in [one.colour]
        ]
        head = "# ITK-SnAP Label Description File\n# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL\n"
        self._files.text(LABELS, "tool", head + "\n".join(rows) + "\n")
        one = self._first
        assert one is not None
        example = f"{one.stem}_{one.place}"
        start = one.premask is not None
        place = {"place": one.place, "at": one.at + 1, "number": len(one.around)}
        several = len(one.around) > 1
        said = {
            "example": example,
            "start": START if start else "",
            "segmentation": f"-s masks/{example}.nii.gz " if start else "",
            "overlay": f"-o views/{example}{MAP}.nii.gz " if one.unsure is not None else "",
            "maps": MAPS if one.unsure is not None else "",
            "around": AROUND.strip().format(**place) if several else "Each volume is one slice.",
            "where": " on slice {at} of {number}".format(**place) if several else "",
            "background": plain(self._labels[0].name),
        }
        return page({title: text.format(**said) for title, text in NOTE.items()})


def _unquoted(name: str) -> str:
    """Names are for people here: values are what comes back."""
    return plain(name).replace('"', "'")


def _among(one: Content, plane: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(around, height, width), empty but for the slice's own plane."""
    volume = np.zeros((len(one.around), *plane.shape), np.uint8)
    volume[one.at] = plane
    return volume


def _saver() -> Callable[[Path, Array], None]:
    """Raises AltuiError."""
    try:
        from nibabel import nifti1
    except ImportError:
        raise AltuiError(
            "NIfTI for ITK-SNAP needs another package",
            "install it: pip install 'altui[medical]'; or take TIFFs: --for tiff",
        ) from None
    make: Any = nifti1.Nifti1Image  # typed in part only

    def save(path: Path, volume: Array) -> None:
        """(z, y, x) as NIfTI has it: (x, y, z)."""
        image = make(volume.T, AFFINE, dtype=volume.dtype)
        image.set_sform(AFFINE, code=1)
        image.set_qform(AFFINE, code=1)
        image.to_filename(path)

    return save
