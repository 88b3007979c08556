"""Images and class ids brought to the number of samples that a terminal can show."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

IDS_COUNTED = 250_000
NOT_DRAWN = (0, 255)
"""Class ids that an overlay leaves clear: background, and pixels marked "ignore"."""

TOTALS: Final[dict[str, type[np.generic]]] = {
    **{"u1": np.uint32, "u2": np.uint32, "i1": np.int32, "i2": np.int32},
}
"""What holds the sum of a stack's column; for others, a float."""

_AS_IT_IS = bytes(range(256))


def area_mean(image: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[np.float32]:
    """`image` (h, w) as (rows, columns) samples, each the mean over the area it covers.

    Any real type. Pixels on a border count by the share that lies inside, so that noise and fine
    lines do not alias. Enlarged, every sample lies within a pixel or two: blocks.
    """
    return _axis_mean(_axis_mean(image, rows).T, columns).T


def _axis_mean(image: npt.NDArray[np.generic], rows: int) -> npt.NDArray[np.float32]:
    """(h, w) → (rows, w), the mean along the first axis."""
    height, width = image.shape
    edges = np.linspace(0, height, rows + 1)
    whole = np.floor(edges).astype(np.intp)
    share = (edges - whole).astype(np.float32)
    total = TOTALS.get(image.dtype.str[1:], np.float64 if image.itemsize > 4 else np.float32)
    means = np.empty((rows, width), np.float32)
    # A loop of sums over slabs: five to thirty times as fast as numpy's add.reduceat.
    for row, (start, stop) in enumerate(zip(whole[:-1], whole[1:], strict=True)):
        means[row] = image[start:stop].sum(axis=0, dtype=total)
        if share[row]:
            means[row] -= share[row] * image[start]
        if share[row + 1]:
            means[row] += share[row + 1] * image[stop]
    means *= rows / height
    return means


def rarest_class(
    ids: npt.NDArray[np.uint8],
    rows: int,
    columns: int,
    counted: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """`ids` (h, w) as (rows, columns) samples, each the rarest class in the area it covers.

    Rarest by its share of `counted` (h, w), or of `ids`, so that a layer one pixel thin is still
    seen when 27 × 27 pixels share a sample. 0 and 255 (ignore) give way to every class.
    """
    if rows == ids.shape[0] and columns == ids.shape[1]:
        return ids
    order = _commonest_first(ids if counted is None else counted)
    rank = np.empty(256, np.uint8)
    rank[order] = np.arange(256, dtype=np.uint8)
    highest = _axis_highest(_axis_highest(ids, rows, rank.tobytes()).T, columns).T
    pooled: npt.NDArray[np.uint8] = order[highest]
    return pooled


def _commonest_first(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The 256 ids from background and ignore to the rarest class."""
    # Every nth row is enough to order classes by how common they are; a class that
    # those rows miss counts as rarest, as it should.
    step = max(ids.size // IDS_COUNTED, 1)
    counts = np.bincount(ids[::step].ravel(), minlength=256)
    counts[list(NOT_DRAWN)] = ids.size + 1
    order: npt.NDArray[np.uint8] = np.argsort(-counts, kind="stable").astype(np.uint8)
    return order


def outlined(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """`ids` (h, w) where a pixel differs from one beside it, 0 elsewhere."""
    down, right = ids[1:] != ids[:-1], ids[:, 1:] != ids[:, :-1]
    edge = np.zeros(ids.shape, bool)
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    return np.where(edge, ids, np.uint8(0))


def highest(values: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """`values` (h, w) as (rows, columns) samples, each the highest in the area it covers."""
    return _axis_highest(_axis_highest(values, rows).T, columns).T


def _axis_highest(
    ids: npt.NDArray[np.uint8], rows: int, rank: bytes = _AS_IT_IS
) -> npt.NDArray[np.uint8]:
    """(h, w) → (rows, w), the highest `rank` along the first axis, of 256 ranks by id.

    Every pixel counts for one sample, so that nothing falls between two.
    """
    height, width = ids.shape
    highest = np.empty((rows, width), np.uint8)
    if rows >= height:
        starts = ((np.arange(rows) + 0.5) * height / rows).astype(np.intp)
        stops = starts + 1
    else:
        edges = np.linspace(0, height, rows + 1).astype(np.intp)
        starts, stops = edges[:-1], edges[1:]
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        slab = ids[start:stop]
        # bytes.translate is twice as fast as indexing a table of 256 entries by an array.
        ranks = np.frombuffer(slab.tobytes().translate(rank), np.uint8)
        ranks.reshape(slab.shape).max(axis=0, out=highest[row])
    return highest
