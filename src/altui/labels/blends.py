"""Whether colours are mixtures of others, as the smoothed edges of a drawing are."""

import numpy as np
import numpy.typing as npt

SHARE = 0.95  # of the pixels
LOOKED_AT = 512  # colours, the most frequent ones
NEAR = 4.0  # in 0..255; rounding, and JPEG at its mildest
MANY, REST = 10, 0.5  # colours that no drawing has, on less than this share of the picture
AREA = 0.1  # of the pixels; more of them within even areas are no edges


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


def are_many(colours: int, left: npt.NDArray[np.bool_]) -> bool:
    """Whether so many undeclared colours on so few of the pixels, those `left`, can only have come
    about by mixing: where three classes meet, or something is thin, they are between no two.
    """
    return colours >= MANY and float(left.mean()) < REST


def are_areas(shades: npt.NDArray[np.uint32], left: npt.NDArray[np.bool_]) -> bool:
    """Whether the pixels of (height, width) that are `left` fill areas of one colour, as a class
    does and smoothed edges do not.
    """
    height, width = (max(0, side - 2) for side in shades.shape)
    middle = shades[1:-1, 1:-1]
    even = left[1:-1, 1:-1].copy()
    for down in range(3):
        for across in range(3):
            even &= shades[down : down + height, across : across + width] == middle
    return bool(even.sum() > AREA * left.sum())


def _rgb(colours: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """(n, 3) of (n,) 0xRRGGBB."""
    return np.stack([(colours >> shift) & 0xFF for shift in (16, 8, 0)], axis=-1).astype(np.float64)
