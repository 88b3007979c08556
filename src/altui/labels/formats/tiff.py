"""TIFF and BigTIFF: one page or many, of any whole-number type or in colour."""

import mmap
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from altui.errors import AltuiError
from altui.labels.formats.base import Masks, Pixels, Series, Source, in_series, refusing
from altui.labels.formats.ome import Series as Image
from altui.labels.formats.ome import may_be_several, series_of
from altui.labels.formats.png import split
from altui.labels.verdict import Refusal
from altui.volumes.base import check_size
from altui.volumes.decode import LZW, quiet
from altui.volumes.grey import COLOURS, PALETTE
from altui.volumes.ifd import read_pages
from altui.volumes.lzw import check_lzw
from altui.volumes.page import Dialect, Field, Page, read_text
from altui.volumes.segments import locate
from altui.volumes.tiff import Directories, TiffStack, read_directories

GREYS, RGB, SOFTWARE = (0, 1), 2, 305
IN_PLANES, MOST_BYTES = 2, 1 << 28  # decoded before anybody asked which slice it is of
MOST_CLASSES = 32  # ids from there on rather are shades
LONGEST = 60  # characters of a tool's name
IMAGEJ = re.compile(r"ImageJ=([\w.-]{1,20})")
# None, LZW, deflate, PackBits, LZMA, Zstandard: those that give back what went in.
EXACT = (1, LZW, 8, 32946, 32773, 34925, 50000)


def open_tiff(source: Source) -> Masks:
    """Raises Refusal, AltuiError, Damaged."""
    directories = read_directories(source.path)
    data, dialect, pages, _ = directories
    text = read_text(data, pages[0].description) if pages[0].description else ""
    if may_be_several(text):
        every, _ = read_pages(data, dialect)
        images = series_of(text, len(every))
        if images:
            parts = [_part(source, directories, every, image) for image in images]
            return in_series([part for part in parts if part.pages])
    return _open(source, directories)


def _part(source: Source, file: Directories, every: list[Page], image: Image) -> Series:
    """One of the images of a file, as if it were alone there."""
    pages = [every[number]._replace(description=None) for number in image.pages]
    if not pages:
        return Series(image.name, 0, None)
    try:
        with refusing(source.path):
            masks = _open(source, file._replace(pages=pages, broken=None))
    except Refusal as refusal:
        return Series(image.name, len(pages), None, refusal.message)
    return Series(image.name, len(pages), masks)


def _open(source: Source, directories: Directories) -> Masks:
    """Raises Refusal, AltuiError, Damaged."""
    path = source.path
    data, dialect, pages, _ = directories
    if any(page.layout.compression not in EXACT for page in pages):
        raise Refusal(
            "format",
            "is compressed in a way that changes class ids, as JPEG does, or that altui does not "
            "read; save it without, or with deflate or LZW",
        )
    form = pages[0].form if pages else None
    if form and (form.samples > 1 or form.photometric in COLOURS.keys() - {PALETTE}):
        check_size(form.height, form.width)
        shape = ((form.height, form.width),)
        read = partial(_read_colour, source, data, dialect)
        names = _imagej_labels(source, len(pages)) if len(pages) > 1 else ()
        tool = _tool(data, dialect, pages[0])
        planes = _planes(source, directories) if len(pages) == 1 else None
        if planes is not None:
            return Masks(len(planes), shape, lambda i: Pixels(planes[i]), tool=tool)
        _check_colour(pages)
        return Masks(len(pages), shape, lambda i: split(read(pages[i])), names, tool=tool)
    stack = TiffStack(path, indices=True, directories=directories)
    names = _imagej_labels(source, stack.slices) if stack.slices > 1 else ()
    shape = ((stack.height, stack.width),)
    table = _colour_table(source, pages[0]) if pages[0].form.photometric == PALETTE else None
    tool = _tool(data, dialect, pages[0])
    return Masks(
        stack.slices, shape, lambda i: Pixels(stack.read(i), palette=table), names, tool=tool
    )


def _tool(data: mmap.mmap, dialect: Dialect, page: Page) -> str:
    """What wrote it: ImageJ, by the description; else by the tag for that."""
    text = read_text(data, page.description) if page.description else ""
    if found := IMAGEJ.match(text):
        return f"ImageJ {found[1]}"
    (tags,) = dialect.tags.unpack_from(data, page.directory)
    start, width = page.directory + dialect.tags.size, dialect.offset.size
    block = data[start : start + tags * dialect.tag.size]
    for number, (code, kind, length, raw) in enumerate(dialect.tag.iter_unpack(block)):
        if code == SOFTWARE:
            within = start + (number + 1) * dialect.tag.size - width
            position = within if length <= width else raw
            return read_text(data, Field(kind, min(length, LONGEST), position)).strip()
    return ""


@contextmanager
def _by_tifffile(source: Source) -> Iterator[tifffile.TiffFile]:
    """Without what it would read at once of microscopes' own flavours."""
    flavours: Any = dict.fromkeys(("is_ndpi", "is_lsm", "is_scanimage"), False)
    with quiet(), tifffile.TiffFile(source.path, **flavours) as file:
        yield file


def _colour_table(source: Source, page: Page) -> npt.NDArray[np.uint8] | None:
    """(n, 3) colours of a palette's indices; None where it cannot be read: the indices count."""
    try:
        with _by_tifffile(source) as file:
            file.filehandle.seek(page.directory)
            table = tifffile.TiffPage(file, index=0).colormap
    except Exception:  # whatever tifffile meets in what nobody needs
        return None
    if table is None or table.ndim != 2 or len(table) != 3:
        return None
    return (table >> 8 if table.max(initial=0) > 255 else table).T.astype(np.uint8)


def _check_colour(pages: Sequence[Page]) -> None:
    """Raises Refusal for colours that cannot be class ids, and for pages that differ."""
    form = pages[0].form
    if any(page.form != form for page in pages):
        raise Refusal("unreadable", "its pages are of different sizes or kinds; save each alone")
    if form.photometric != RGB or form.samples not in (3, 4):
        what = COLOURS.get(form.photometric, f"{form.samples} channels")
        raise Refusal(
            "rgb",
            f"is a colour picture ({what}), not 8-bit RGB; save class ids in one grey channel",
        )


def _planes(source: Source, file: Directories) -> npt.NDArray[Any] | None:
    """(slices, height, width) of a stack of three or four slices that tifffile, and what saves with
    it, took for the channels of one picture; None for what is one. Raises as `_read_colour`.
    """
    form = file.pages[0].form
    if form.photometric not in (*GREYS, RGB) or form.samples > 4:
        return None
    with _by_tifffile(source) as tiff:
        tiff.filehandle.seek(file.pages[0].directory)
        page = tifffile.TiffPage(tiff, index=0)
    if page.planarconfig != IN_PLANES or page.nbytes > MOST_BYTES:
        return None
    values = _decoded(source, file.data, file.dialect, file.pages[0])
    if values.shape != (form.samples, form.height, form.width) or values.dtype.kind not in "iuf":
        return None
    ids = values[(values != 0) & (values != 255)]
    if not ids.size or ids.min() < 0 or ids.max() >= MOST_CLASSES or (values == values[0]).all():
        return None
    return values


def _read_colour(source: Source, data: mmap.mmap, dialect: Dialect, page: Page) -> npt.NDArray[Any]:
    """(height, width, 3 or 4) uint8. Raises Refusal, Damaged, or what a decoder raises."""
    pixels = _decoded(source, data, dialect, page)
    if pixels.dtype != np.uint8:
        raise Refusal("rgb", f"is a {pixels.dtype} colour picture; save 8 bits a channel")
    if pixels.shape[:1] == (page.form.samples,) and pixels.ndim == 3:  # in planes
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.shape != (page.form.height, page.form.width, page.form.samples):
        raise Refusal("unreadable", "its pixels are laid out in a way that altui does not read")
    return pixels


def _decoded(source: Source, data: mmap.mmap, dialect: Dialect, page: Page) -> npt.NDArray[Any]:
    """The page's pixels, as tifffile has them: in planes, or with the channels last."""
    stored = locate(data, dialect, page)
    if page.layout.compression == LZW:
        for at, length in zip(*stored, strict=True):
            check_lzw(data[at : at + length], reversed_bits=page.layout.fill_order == 2)
    with _by_tifffile(source) as file:
        file.filehandle.seek(page.directory)
        return tifffile.TiffPage(file, index=0).asarray()


def _imagej_labels(source: Source, slices: int) -> tuple[str, ...]:
    """The slice labels of ImageJ's own metadata: a stack made of files keeps their names."""
    try:
        with _by_tifffile(source) as file:
            found = (file.imagej_metadata or {}).get("Labels")
    except AltuiError:
        raise
    except Exception:  # whatever tifffile meets in what nobody needs
        return ()
    if not isinstance(found, list) or len(found) != slices:
        return ()
    return tuple(str(label).split("\n", 1)[0] for label in found)
