"""One page of a TIFF: what its directory says of the pixels and where they are."""

import mmap
import struct
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from altui.volumes.base import Damaged

MAX_DESCRIPTION = 1 << 24
# TIFF's field types that hold whole numbers: bytes of one.
SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
TEXT = frozenset({1, 2, 7})


class Field(NamedTuple):
    """A tag's values: `length` of TIFF type `kind`, from byte `position` of the file."""

    kind: int
    length: int
    position: int


class Form(NamedTuple):
    """What the pixels are."""

    width: int
    height: int
    depth: int
    bits: int
    samples: int
    sample_format: int
    photometric: int


class Layout(NamedTuple):
    """How the pixels are stored."""

    compression: int
    predictor: int
    fill_order: int
    rows_per_strip: int
    tile_width: int  # 0: stored in strips
    tile_height: int
    jpeg_tables: int  # their position: pages with tables of their own need their own decoder


class Page(NamedTuple):
    directory: int  # its position
    form: Form
    layout: Layout
    reduced: bool  # a thumbnail, a pyramid's level or a transparency mask
    offsets: Field | None  # of its strips or tiles
    counts: Field | None  # their lengths in bytes
    description: Field | None
    shift: int = 0  # added to the offsets: a slice without a directory of its own


class Dialect(NamedTuple):
    """Byte order, and the widths of classic TIFF or BigTIFF."""

    order: Literal["<", ">"]
    tags: struct.Struct  # the number of tags
    tag: struct.Struct
    offset: struct.Struct

    def number(self, kind: int, raw: int) -> int:
        """The first number in a tag's value field, which was read as one word `raw`."""
        bits = 8 * SIZES[kind]
        return raw >> (8 * self.offset.size - bits) if self.order == ">" else raw & (1 << bits) - 1


# Tag to default: those of Form, then of Layout, in order; then NewSubfileType, SubfileType.
SCALARS = {256: 0, 257: 0, 32997: 1, 258: 1, 277: 1, 339: 1, 262: 0}
SCALARS |= {259: 1, 317: 1, 266: 1, 278: 0xFFFFFFFF, 322: 0, 323: 0}
SCALARS |= {254: 0, 255: 0}
DESCRIPTION, STRIPS, STRIP_BYTES, TILES, TILE_BYTES, TABLES = 270, 273, 279, 324, 325, 347
FIELDS = frozenset({DESCRIPTION, STRIPS, STRIP_BYTES, TILES, TILE_BYTES, TABLES})


def read_page(block: bytes, start: int, dialect: Dialect, shared: dict[Any, Any]) -> Page:
    """The page whose directory is at byte `start`, from `block`, its tags.

    Equal forms and layouts become one object, through `shared`.
    """
    scalars = dict(SCALARS)
    fields: dict[int, Field] = {}
    width = dialect.offset.size
    value = start + dialect.tags.size + dialect.tag.size - width  # the tag's last bytes
    for code, kind, length, raw in dialect.tag.iter_unpack(block):
        if code in FIELDS:
            size = 1 if kind in TEXT else SIZES.get(kind, 8)
            fields[code] = Field(kind, length, value if length * size <= width else raw)
        elif code in SCALARS and kind in SIZES and length:
            # Lists too long for the tag tell of each channel; several channels are refused.
            inline = length * SIZES[kind] <= width
            scalars[code] = dialect.number(kind, raw) if inline else 0
        value += dialect.tag.size
    *values, new_subfile, subfile = scalars.values()
    values.append(fields[TABLES].position if TABLES in fields else 0)
    form, layout = Form(*values[:7]), Layout(*values[7:])
    return Page(
        start,
        shared.setdefault(form, form),
        shared.setdefault(layout, layout),
        bool(new_subfile & 0b101) or subfile == 2,
        fields.get(TILES) or fields.get(STRIPS),
        fields.get(TILE_BYTES) or fields.get(STRIP_BYTES),
        fields.get(DESCRIPTION),
    )


def listed(field: Field | None, size: int) -> int:
    """Bytes of a tag's list, if it lies within a file of `size` bytes."""
    length = field.length * SIZES.get(field.kind, 8) if field else 0
    return length if field and field.position + length <= size else 0


def read_numbers(data: mmap.mmap, dialect: Dialect, field: Field) -> NDArray[np.int64]:
    """A tag's whole numbers, (length,). Raises Damaged."""
    size = SIZES.get(field.kind)
    if size is None or field.position + field.length * size > len(data):
        raise Damaged("the list of its strips or tiles lies beyond the end of the file")
    numbers = np.frombuffer(data, f"{dialect.order}u{size}", field.length, field.position)
    return numbers.astype(np.int64)


def read_text(data: mmap.mmap, field: Field) -> str:
    """A tag's text, or nothing where it is none."""
    if field.kind not in TEXT:
        return ""
    raw = data[field.position : field.position + min(field.length, MAX_DESCRIPTION)]
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")
