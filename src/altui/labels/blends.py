"""Whether colours are mixtures of others, as the smoothed edges of a drawing are."""

import numpy as np
import numpy.typing as npt

SHARE = 0.95  # of the pixels
LOOKED_AT = 512  # colours, the most frequent ones
NEAR = 4.0  # in 0..255; rounding, and JPEG at its mildest


def are_blends(
    colours: npt.NDArray[np.uint32], pixels: npt.NDArray[np.int64], declared: list[int]
) -> bool:
    """Whether nearly all pixels have a colour between two of `declared` (0xRRGGBB).

    `colours`, `pixels`: (n,) undeclared colours and how many pixels have each.
    """
    if len(declared) < 2:
        return False
    order = np.argsort(-pixels, kind="stable")[:LOOKED_AT]
    points, ends = _rgb(colours[order]), _rgb(np.array(declared[:64], np.uint32))
    between = np.zeros(len(points), bool)
    for number, start in enumerate(ends):
        for end in ends[number + 1 :]:
            along = end - start
            length = float(along @ along)
            if length == 0:
                continue
            share = np.clip((points - start) @ along / length, 0, 1)
            off = points - start - share[:, None] * along
            between |= np.hypot(np.hypot(off[:, 0], off[:, 1]), off[:, 2]) <= NEAR
    weights = pixels[order]
    return float(weights[between].sum()) >= SHARE * float(weights.sum())


def _rgb(colours: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """(n, 3) of (n,) 0xRRGGBB."""
    return np.stack([(colours >> shift) & 0xFF for shift in (16, 8, 0)], axis=-1).astype(np.float64)
