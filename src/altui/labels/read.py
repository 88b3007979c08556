"""A returned mask file, decoded to whole numbers."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.verdict import Refusal
from altui.text import plain
from altui.volumes.base import check_size, naming
from altui.volumes.decode import Decoders
from altui.volumes.grey import COLOURS as TIFF_COLOURS
from altui.volumes.ifd import read_dialect, read_pages
from altui.volumes.png import COLOURS as PNG_COLOURS
from altui.volumes.png import SIGNATURE
from altui.volumes.segments import locate
from altui.volumes.stack import open_stack
from altui.volumes.tiff import map_file

READABLE = (".tif", ".tiff", ".png")
# Files in which people send masks that this version does not take, and the way out.
AS_PNG, UNPACK = "save the mask as PNG or TIFF", "unpack it and import the folder"
EACH = "save each slice's mask as PNG or TIFF"
LOSSY = "JPEG changes class ids; save the mask as PNG or TIFF"
ELSEWHERE = {
    **dict.fromkeys((".jpg", ".jpeg", ".jp2"), LOSSY),
    **dict.fromkeys((".bmp", ".gif", ".webp", ".svg", ".psd", ".xcf", ".npy"), AS_PNG),
    **dict.fromkeys((".npz", ".nii", ".nrrd", ".mha", ".h5", ".hdf5"), EACH),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"), UNPACK),
}
PALETTE = 3  # in TIFF and PNG alike
LARGEST = 2**31  # no class id is near it


def check_format(path: Path) -> None:
    """Raises Refusal, with the way out, unless the name ends as a mask's does."""
    suffix = path.suffix.lower()
    if suffix not in READABLE:
        raise Refusal("format", ELSEWHERE.get(suffix, f"not a mask: {AS_PNG}"))


def read_mask(path: Path) -> npt.NDArray[np.integer]:
    """(height, width) whole numbers as they stand in the file.

    TIFF or PNG, whatever the name says; grey or palette (the indices count); float where
    all values are whole. Raises Refusal.
    """
    try:
        with naming(lambda: plain(path)), path.open("rb") as file:
            head = file.read(26)
        values = _read_png(path, head) if head.startswith(SIGNATURE) else _read_tiff(path)
    except AltuiError as error:
        raise Refusal("unreadable", _without_name(error.message, path)) from None
    return whole_numbers(values)


def whole_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.integer]:
    """Class ids from any number type. Raises Refusal for fractions, NaN and huge values."""
    if not np.issubdtype(values.dtype, np.floating):
        return values
    finite = np.isfinite(values)
    if not finite.all() or (values != np.rint(values)).any():
        low, high = (f(values[finite]) if finite.any() else np.nan for f in (np.min, np.max))
        raise Refusal(
            "float",
            f"holds fractions or no numbers ({values.dtype}, {low:g} to {high:g}), not class "
            "ids; it may be an image or a probability map",
        )
    if float(np.abs(values).max(initial=0)) > LARGEST:
        raise Refusal("values", "holds values far beyond any class id")
    return values.astype(np.int64)


def _read_tiff(path: Path) -> npt.NDArray[Any]:
    """Raises Refusal, and AltuiError naming the file."""
    with naming(lambda: plain(path)):
        data = map_file(path)
        dialect = read_dialect(data)
        pages, _ = read_pages(data, dialect)
        pages = [page for page in pages if not page.reduced]
    if len(pages) == 1:
        form = pages[0].form
        if form.photometric == PALETTE and form.samples == 1:  # ImageJ's, with a colour table
            with naming(lambda: plain(path)):
                check_size(form.height, form.width)
                return Decoders(path).decode(data, pages[0], locate(data, dialect, pages[0]))
        if form.samples > 1 or form.photometric in TIFF_COLOURS:
            raise _coloured(TIFF_COLOURS.get(form.photometric, "several channels"))
    with open_stack(path.parent, path.name) as stack:
        if stack.slices != 1:
            raise Refusal("stack", f"holds {stack.slices} slices; save one file a slice")
        return stack.read(0)


def _read_png(path: Path, head: bytes) -> npt.NDArray[Any]:
    """Raises Refusal, and AltuiError naming the file."""
    colour = head[25] if len(head) > 25 else 0
    if colour == PALETTE:
        return _read_palette(path)
    if colour in PNG_COLOURS:
        raise _coloured(PNG_COLOURS[colour])
    with open_stack(path.parent, path.name) as stack:
        return stack.read(0)


def _read_palette(path: Path) -> npt.NDArray[Any]:
    from PIL.PngImagePlugin import PngImageFile

    with naming(lambda: plain(path)), path.open("rb") as file, PngImageFile(file) as image:
        check_size(image.height, image.width)
        return np.array(image)


def _coloured(what: str) -> Refusal:
    return Refusal("rgb", f"is a colour picture ({what}); save class ids in one grey channel")


def _without_name(message: str, path: Path) -> str:
    """The file stands beside the message already, and its "slice 0" is not the project's."""
    return re.sub(rf"^{re.escape(plain(path))}(, slice 0)?: ", "", message)
