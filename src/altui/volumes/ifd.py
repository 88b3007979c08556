"""The chain of a TIFF's page directories (IFDs), read straight from its bytes.

tifffile ends a broken chain with a log message and fewer pages; altui must refuse
such a file and say which slice is missing. Reading only the tags that matter is
also many times faster, and a stack may have thousands of pages.
"""

import mmap
import struct
from typing import Any, Literal, NamedTuple

from altui.volumes.base import Damaged
from altui.volumes.page import Dialect, Page, listed, read_page

MAX_PAGES = 1_000_000
MAX_TAGS = 4096
# Times the file's size that its directories and their lists may take: where they overlap,
# a small file keeps a reader busy for days.
OVERLAP = 4


def _dialect(order: Literal["<", ">"], tags: str, offset: str) -> Dialect:
    codes = (tags, f"HH{offset}{offset}", offset)
    return Dialect(order, *(struct.Struct(order + code) for code in codes))


# By a file's first bytes; BigTIFF's include the width of its offsets.
DIALECTS = {
    b"II*\0": _dialect("<", "H", "I"),
    b"MM\0*": _dialect(">", "H", "I"),
    b"II+\0\x08\0\0\0": _dialect("<", "Q", "Q"),
    b"MM\0+\0\x08\0\0": _dialect(">", "Q", "Q"),
}


class Break(NamedTuple):
    """Where and why the chain ends before its end."""

    position: int
    reason: str


def read_dialect(data: mmap.mmap) -> Dialect:
    """Byte order and widths, from the first bytes. Raises Damaged: not a TIFF."""
    head = data[:8]
    dialect = DIALECTS.get(head) or DIALECTS.get(head[:4])
    if dialect is None or len(head) < 8:
        raise Damaged("not a TIFF file", "give a TIFF or PNG, or export it as one")
    return dialect


def read_pages(data: mmap.mmap, dialect: Dialect) -> tuple[list[Page], Break | None]:
    """Every page before the chain's end, or before the place where it breaks."""
    size = len(data)
    cut = f"truncated: a directory is cut off by the end of the file, byte {size:,}"
    pages: list[Page] = []
    shared: dict[Any, Any] = {}
    left = OVERLAP * size
    seen: set[int] = set()
    start = 0
    link = dialect.offset.size  # where the next directory's position is
    while True:
        if link + dialect.offset.size > size:
            return pages, Break(start, cut)
        (start,) = dialect.offset.unpack_from(data, link)
        if not start:
            return pages, None
        first_tag = start + dialect.tags.size
        if first_tag > size:
            reason = f"a directory should be at byte {start:,}, but the file ends at byte {size:,}"
            return pages, Break(start, f"truncated: {reason}")
        (tags,) = dialect.tags.unpack_from(data, start)
        if start in seen or len(pages) == MAX_PAGES:
            return pages, Break(start, "the chain of directories turns in a circle")
        if not 0 < tags <= MAX_TAGS:
            return pages, Break(start, f"there is no directory at byte {start:,}")
        link = first_tag + tags * dialect.tag.size
        left -= link - start
        if link > size or left < 0:
            return pages, Break(start, cut if link > size else "its directories overlap")
        seen.add(start)
        page = read_page(data[first_tag:link], start, dialect, shared)
        left -= sum(listed(field, size) for field in (page.offsets, page.counts))
        pages.append(page)
