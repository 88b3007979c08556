"""Whether a volume's axes run as its image's did, told from the directions in its header.

altui hands out TIFFs, which say nothing of directions. The tools then take for granted
that columns, rows and slices run along x, y and z: in ITK's way (to the left, to the back,
up), as ITK-SNAP and 3D Slicer do, or in nibabel's (an identity affine). In both cases the
array is in the image's own order, and is read as it lies; anything else means that somebody
turned or mirrored the volume, and guessing back would put labels on other pixels.
"""

import numpy as np
import numpy.typing as npt

from altui.labels.verdict import Refusal

AXES = ("columns", "rows", "slices")
LIKELY = 0.9  # cosine: small angles are a scanner's, not ours


def check_directions(directions: npt.NDArray[np.float64], *, ras: bool) -> None:
    """`directions`: (3, 3), a column for each axis of the array; `ras`: in NIfTI's world
    (right, front, up), not ITK's (left, back, up). Raises Refusal where they are turned.
    """
    if directions.shape != (3, 3) or not np.isfinite(directions).all():
        return  # says nothing
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(directions, axis=0)
    if (lengths == 0).any() or not np.isfinite(lengths).all():
        return
    unit = directions / lengths
    if ras:
        unit = np.diag([-1.0, -1.0, 1.0]) @ unit
    along = np.diag(unit)
    if (np.abs(along) < LIKELY).any():
        raise _turned("its axes were exchanged or rotated")
    flipped = [name for name, cosine in zip(AXES, along, strict=True) if cosine < 0]
    # Both of the first two: nibabel's identity, or Slicer's view of it.
    if flipped not in ([], ["columns", "rows"]):
        raise _turned(f"its {' and '.join(flipped)} run the other way")


def _turned(what: str) -> Refusal:
    return Refusal(
        "directions",
        f"does not lie as its image does: by its header, {what}; "
        "save the segmentation in the geometry of the image that altui exported",
    )
