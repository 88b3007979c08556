"""The formats of masks, one module each; which one a file is of is told by its content
where that is possible, and by its name where not.
"""

from pathlib import PurePath

from altui.labels.formats.archive import TARS, ZIPS
from altui.labels.formats.base import AS_PNG, Masks, Open, Source
from altui.labels.formats.json_masks import open_json
from altui.labels.formats.label_studio import open_parts
from altui.labels.formats.nifti import open_nifti
from altui.labels.formats.npy import MAGIC as NPY
from altui.labels.formats.npy import open_npy
from altui.labels.formats.nrrd import open_nrrd
from altui.labels.formats.png import open_png
from altui.labels.formats.tiff import open_tiff
from altui.labels.verdict import Refusal
from altui.volumes.png import SIGNATURE

__all__ = ["ELSEWHERE", "READABLE", "check_format", "open_masks", "suffix_of"]

BY_CONTENT: dict[bytes, Open] = {SIGNATURE: open_png, NPY: open_npy, b"NRRD": open_nrrd}
BY_NAME: dict[str, Open] = {
    ".tif": open_tiff,
    ".tiff": open_tiff,
    ".png": open_png,
    ".npy": open_npy,
    ".nii": open_nifti,
    ".nii.gz": open_nifti,
    ".nrrd": open_nrrd,
    ".json": open_json,
}
READABLE = frozenset(BY_NAME)
# Files in which people send masks that altui does not take, and the way out.
EACH, LOSSY = "save each slice's mask as PNG or TIFF", "JPEG changes class ids"
UNPACK = "unpack it and import the folder"
ELSEWHERE = {
    **dict.fromkeys((".jpg", ".jpeg", ".jp2"), f"{LOSSY}; {AS_PNG}"),
    **dict.fromkeys((".bmp", ".gif", ".webp", ".svg", ".psd", ".xcf"), AS_PNG),
    **dict.fromkeys((".npz", ".nhdr", ".hdr", ".mha", ".mhd", ".h5", ".hdf5"), EACH),
    **dict.fromkeys((*ZIPS, *TARS, ".gz", ".xz", ".bz2", ".7z", ".rar", ".zst"), UNPACK),
}
ENDS = sorted((*READABLE, *ELSEWHERE), key=len, reverse=True)


def suffix_of(file: PurePath) -> str:
    """The end of a file's name by which it is known, in lower case; empty for others."""
    name = file.name.lower()
    return next((end for end in ENDS if name.endswith(end)), "")


def check_format(file: PurePath) -> None:
    """Raises Refusal, with the way out, unless the name ends as a mask's does."""
    suffix = suffix_of(file)
    if suffix not in READABLE:
        raise Refusal("format", ELSEWHERE.get(suffix, f"not a mask: {AS_PNG}"))


def open_masks(source: Source) -> Masks:
    """What a file holds. Raises Refusal, AltuiError, or whatever a decoder raises."""
    if source.parts:
        return open_parts(source)
    with source.path.open("rb") as file:
        head = file.read(8)
    for magic, reader in BY_CONTENT.items():
        if head.startswith(magic):
            return reader(source)
    reader = BY_NAME[source.suffix]
    return reader(source) if reader not in BY_CONTENT.values() else open_tiff(source)
