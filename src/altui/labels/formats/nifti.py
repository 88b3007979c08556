"""NIfTI, as ITK-SNAP, 3D Slicer and nibabel write label volumes: .nii and .nii.gz."""

from typing import Any

import numpy as np
import numpy.typing as npt

from altui.labels.formats.base import Masks, Pixels, Source, missing, plane_of
from altui.labels.formats.turned import check_directions
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size


@np.errstate(all="ignore")  # nibabel reckons with a header's numbers before it judges them
def open_nifti(source: Source) -> Masks:
    """A volume (x, y, z) as its slices (y, x). Raises Refusal, AltuiError, Damaged, or what
    nibabel raises.
    """
    try:
        from nibabel.nifti1 import Nifti1Header
        from nibabel.nifti2 import Nifti2Header
    except ImportError:
        raise missing("medical", "NIfTI") from None
    path = source.scratch.unpacked(source.path)
    with path.open("rb") as file:
        head = file.read(540)
    if len(head) < 348:
        raise Damaged("truncated: its header is cut off")
    kind: Any = Nifti2Header if 540 in (_first(head, "<"), _first(head, ">")) else Nifti1Header
    # Unchecked: nibabel's checks mend a header in silence and speak of it on the terminal.
    header = kind(head[: kind.sizeof_hdr], check=False)
    if bytes(header["magic"].item())[:2] != b"n+":
        raise Damaged("is no NIfTI file in one piece", "save it as .nii or .nii.gz")
    shape = tuple(int(size) for size in header.get_data_shape())
    while len(shape) > 2 and shape[-1] == 1 and len(shape) != 3:
        shape = shape[:-1]  # (x, y, z, 1): a volume at one time
    if len(shape) not in (2, 3) or min(shape, default=0) < 1:
        raise Refusal("shape", f"has the axes {shape}; a mask has x and y, a volume z besides")
    width, height = shape[:2]
    check_size(height, width)
    dtype = header.get_data_dtype()
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise Refusal("format", f"holds {dtype.name} values, not whole numbers")
    start, size = int(header.get_data_offset()), path.stat().st_size
    if start < 348 or size - start < dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise Damaged("truncated: it holds fewer numbers than its header says")
    if int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0:
        # RAS; nibabel's class is what knows the two ways in which it may be written.
        check_directions(np.asarray(header.get_best_affine(), np.float64)[:3, :3], ras=True)
    slope, intercept = header.get_slope_inter()

    def read(index: int) -> Pixels:
        part = (..., index) if len(shape) == 3 else ()
        plane = plane_of(path, dtype, start, shape, part, fortran=True)
        return Pixels(_scaled(plane.T, slope, intercept))

    told = bytes(header["descrip"].item()).decode("latin1").strip("\0 ")
    return Masks(shape[2] if len(shape) == 3 else 1, ((height, width),), read, tool=told)


def _first(head: bytes, order: str) -> int:
    return int(np.frombuffer(head[:4], f"{order}i4")[0])


def _scaled(
    plane: npt.NDArray[Any], slope: float | None, intercept: float | None
) -> npt.NDArray[Any]:
    """The header's scale, which label volumes are without."""
    if slope in (None, 1.0) and intercept in (None, 0.0):
        return plane
    with np.errstate(all="ignore"):  # what overflows is no whole number, and refused as such
        return plane * float(slope or 1.0) + float(intercept or 0.0)
