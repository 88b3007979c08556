"""The pixels of pages that are compressed, tiled or packed, by tifffile's decoders."""

import logging
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from altui.volumes.base import Damaged
from altui.volumes.lzw import check_lzw
from altui.volumes.page import Form, Layout, Page
from altui.volumes.segments import Segments, rows_per_strip

LZW, DEFLATE, PACKBITS = 5, (8, 32946), 32773
# Called with a segment's bytes and number; the pixels, (1, rows, columns, 1), and where they go.
Decode = Callable[..., tuple[NDArray[Any] | None, tuple[int, int, int, int, int], Any]]


class Decoders:
    """tifffile's decoders for one file's pages, made once for each layout; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[Form, Layout], tuple[Decode, bytes | None]] = {}

    def decode(self, data: mmap.mmap, page: Page, segments: Segments) -> NDArray[Any]:
        """The page's pixels, (height, width). Raises Damaged, or whatever a decoder raises."""
        known = _unpacked(data, page, segments)
        if known is not None:
            return known
        height, width = page.form.height, page.form.width
        rows = page.layout.tile_height or rows_per_strip(page)
        columns = page.layout.tile_width or width
        image: NDArray[Any] | None = None
        with quiet():
            decode, tables = self._for(page)
            for number, (at, length) in enumerate(zip(*segments, strict=True)):
                stored = data[at : at + length]
                if page.layout.compression == LZW:
                    check_lzw(stored, reversed_bits=page.layout.fill_order == 2)
                pixels, (_, _, top, left, _), _ = decode(stored, number, jpegtables=tables)
                assert pixels is not None  # only for empty segments, which `locate` refuses
                part = pixels[0, : height - top, : width - left, 0]
                if part.shape != (min(rows, height - top), min(columns, width - left)):
                    raise Damaged(f"strip or tile {number} is incomplete")
                if image is None:
                    image = np.empty((height, width), part.dtype)
                image[top : top + rows, left : left + columns] = part
        assert image is not None
        return image

    def _for(self, page: Page) -> tuple[Decode, bytes | None]:
        key = page.form, page.layout
        if key not in self._known:
            # No lock: two threads may make it twice, and a forked child cannot find it held.
            # Whole-file flavours off: one page is wanted, not what they read besides.
            with tifffile.TiffFile(
                self._path, is_ndpi=False, is_lsm=False, is_scanimage=False
            ) as file:
                file.filehandle.seek(page.directory)
                keyframe = tifffile.TiffPage(file, index=0)
                self._known[key] = keyframe.decode, keyframe.jpegtables
        return self._known[key]


def _unpacked(data: mmap.mmap, page: Page, segments: Segments) -> NDArray[Any] | None:
    """Deflated or PackBits strips of bytes, as most masks are stored: several times as fast as to
    have tifffile look at the file first. None for all else, be it damage.
    """
    import imagecodecs  # not before there is something to decode: it is large

    form, layout = page.form, page.layout
    if (
        layout.compression not in (*DEFLATE, PACKBITS)
        or (form.bits, form.samples, form.sample_format) != (8, 1, 1)
        or (layout.predictor, layout.fill_order, layout.tile_width) != (1, 1, 0)
    ):
        return None
    packed = layout.compression == PACKBITS
    decode = imagecodecs.packbits_decode if packed else imagecodecs.deflate_decode
    rows = rows_per_strip(page)
    image = np.empty((form.height, form.width), np.uint8)
    for number, (at, length) in enumerate(zip(*segments, strict=True)):
        strip = image[number * rows : (number + 1) * rows].reshape(-1)
        try:
            found = decode(data[at : at + length], out=strip.data)
        except (imagecodecs.DeflateError, imagecodecs.PackbitsError):
            return None
        if len(found) != strip.size:
            return None
    return image


_quiet = ContextVar("_quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep tifffile's log off the terminal: what it says comes as an AltuiError or not at all.

    Only here and now: other users of tifffile in this process keep their log.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


logging.getLogger("tifffile").addFilter(lambda record: not _quiet.get())
