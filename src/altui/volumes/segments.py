"""Where a page's pixels lie in the file."""

import mmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from altui.volumes.base import MAX_PIXELS, Damaged
from altui.volumes.page import Dialect, Page, read_numbers


class Segments(NamedTuple):
    """A page's strips or tiles, all within the file: positions and bytes, each (n,)."""

    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]


def locate(data: mmap.mmap, dialect: Dialect, page: Page) -> Segments:
    """Find the page's strips or tiles. Raises Damaged where one lies outside the file."""
    if page.offsets is None:
        raise Damaged("has no pixels: its directory names no strips or tiles")
    expected = _expected(page)
    if page.offsets.length < expected:
        raise Damaged(f"has {page.offsets.length} of its {expected} strips or tiles")
    offsets = read_numbers(data, dialect, page.offsets)[:expected] + page.shift
    if expected == 1 and is_plain(page):
        # Some writers leave out or get wrong the length of a single plain strip.
        counts = np.array([plain_bytes(page)], np.int64)
    elif page.counts is None or page.counts.length < expected:
        raise Damaged("does not say how long its strips or tiles are")
    else:
        counts = read_numbers(data, dialect, page.counts)[:expected]
    if (offsets < 8).any() or (counts < 1).any():
        raise Damaged("has an empty strip or tile: it was never written to its end")
    # Not offsets + counts, which a hostile file makes overflow.
    outside = (offsets > len(data)) | (counts > len(data) - offsets)
    if outside.any():
        at, length = next(zip(offsets[outside], counts[outside], strict=True))
        raise Damaged(
            f"truncated: {length:,} bytes at byte {at:,} should be there, but the file ends at "
            f"byte {len(data):,}"
        )
    return Segments(offsets, counts)


def is_plain(page: Page) -> bool:
    """Whether the pixels are stored in strips exactly as they are in memory, but for byte order."""
    layout = page.layout
    return (
        layout.compression == 1
        and layout.predictor == 1
        and layout.fill_order == 1
        and not layout.tile_width
        and page.form.bits in (8, 16, 32, 64)
    )


def plain_bytes(page: Page) -> int:
    """Bytes of a plain page."""
    return page.form.width * page.form.height * page.form.bits // 8


def run_at(page: Page, segments: Segments) -> int | None:
    """Where a page's pixels start, if they are one plain run of bytes: it can be mapped."""
    ends = segments.offsets + segments.counts
    if is_plain(page) and segments.counts.sum() == plain_bytes(page):
        return int(segments.offsets[0]) if (ends[:-1] == segments.offsets[1:]).all() else None
    return None


def _expected(page: Page) -> int:
    """How many strips or tiles the page has."""
    form, layout = page.form, page.layout
    if not layout.tile_width:
        return -(-form.height // rows_per_strip(page))
    if not 0 < layout.tile_width * layout.tile_height <= MAX_PIXELS:
        raise Damaged(f"has tiles of {layout.tile_width} x {layout.tile_height} pixels")
    return -(-form.height // layout.tile_height) * -(-form.width // layout.tile_width)


def rows_per_strip(page: Page) -> int:
    """Rows of each strip but perhaps the last."""
    return max(1, min(page.layout.rows_per_strip, page.form.height))
