"""NRRD, and 3D Slicer's segmentations in it (.seg.nrrd): names, values and layers."""

import io
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from altui.labels.formats.base import Corner, Masks, Pixels, Shape, Source, missing, plane_of
from altui.labels.formats.turned import check_directions
from altui.labels.verdict import Refusal
from altui.volumes.base import Damaged, check_size

MAX_HEADER = 1 << 20
MAX_SEGMENTS = 10_000
TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}


LPS, RAS = (1.0, 1.0, 1.0), (-1.0, -1.0, 1.0)  # what makes either LPS
SPACES = {
    **dict.fromkeys(("left-posterior-superior", "lps"), LPS),
    **dict.fromkeys(("right-anterior-superior", "ras"), RAS),
}
REFERENCE = re.compile(r"(?:^|&)Reference image geometry\|([^|&]{1,1000})\|")
MAX_CORNER, BETWEEN = 1 << 20, 0.05  # pixels
UNCROPPED = 'in 3D Slicer, save it without "Crop to minimum extent", so that it covers the image'
Floats = npt.NDArray[np.float64]


class Place(NamedTuple):
    """As `Masks` has it."""

    corner: Corner | None = None
    image: Shape | None = None
    origin: Corner | None = None


class Segment(NamedTuple):
    name: str
    value: int
    layer: int


@np.errstate(all="ignore")  # pynrrd makes whole numbers of whatever a header says
def open_nrrd(source: Source) -> Masks:
    """A volume (x, y, z) as its slices (y, x). Raises Refusal, AltuiError, Damaged, or what
    pynrrd raises.
    """
    header, start = _read_header(source)
    sizes = tuple(int(size) for size in header["sizes"])
    layers = sizes[0] if len(sizes) == 4 else 0  # segments that overlap lie in layers
    shape = sizes[1:] if layers else sizes
    if len(shape) not in (2, 3) or min(sizes, default=0) < 1:
        raise Refusal("shape", f"has the axes {sizes}; a mask has x and y, a volume z besides")
    segments = _segments(header)
    if layers and (not segments or any(not 0 <= one.layer < layers for one in segments)):
        raise Refusal("shape", f"has {layers} channels, which no segment's name explains")
    _check_directions(header)
    place = _place(header, segments, (*shape, 1)[:3])
    width, height = shape[:2]
    check_size(height, width)
    dtype = _dtype(header)
    path, start = _data(source, header, start)
    if path.stat().st_size - start < dtype.itemsize * int(np.prod(sizes, dtype=object)):
        raise Damaged("truncated: it holds fewer numbers than its header says")
    names = {one.value: one.name for one in segments} if segments and not layers else None

    def read(index: int) -> Pixels:
        part = (..., index) if len(shape) == 3 else ()
        plane = plane_of(path, dtype, start, sizes, part, fortran=True)
        return _flat(plane, segments) if layers else Pixels(plane.T, names)

    tool = "3D Slicer" if segments else ""
    slices = shape[2] if len(shape) == 3 else 1
    cut = (place.corner, place.image, place.origin)
    return Masks(slices, ((height, width),), read, (), (), (), tool, *cut)


def _read_header(source: Source) -> tuple[Mapping[str, Any], int]:
    try:
        import nrrd
    except ImportError:
        raise missing("medical", "NRRD") from None
    with source.path.open("rb") as file:
        head = file.read(MAX_HEADER)
    ends = [(head.find(end), len(end)) for end in (b"\n\n", b"\r\n\r\n") if end in head]
    if not ends:
        raise Damaged("truncated: its header does not end")
    at, length = min(ends)
    header = nrrd.read_header(io.BytesIO(head[: at + length]))
    if "data file" in header or "datafile" in header:
        raise Refusal("format", "is a header only; save one .nrrd file with the data in it")
    skips = (header.get(key, 0) for key in ("line skip", "lineskip", "byte skip", "byteskip"))
    if any(skips):
        raise Refusal("format", "skips part of its data, which altui does not read")
    return header, at + length


def _dtype(header: Mapping[str, Any]) -> np.dtype[Any]:
    code = TYPES.get(str(header["type"]).lower())
    if code is None:
        raise Refusal("format", "holds values of a type that altui does not read")
    order = ">" if str(header.get("endian", "little")).lower() == "big" else "<"
    return np.dtype(order + code)


def _data(source: Source, header: Mapping[str, Any], start: int) -> tuple[Any, int]:
    """Where the numbers are, uncompressed: a file and a position in it."""
    match str(header["encoding"]).lower():
        case "raw":
            return source.path, start
        case "gzip" | "gz":
            return source.scratch.unpacked(source.path, start), 0
        case "bzip2" | "bz2":
            return source.scratch.unpacked(source.path, start), 0
    raise Refusal("format", "is encoded as text; save it as raw or gzip")


def _segments(header: Mapping[str, Any]) -> list[Segment]:
    """Slicer's, in its own order."""
    found = []
    for number in range(MAX_SEGMENTS):
        key = f"Segment{number}_"
        if key + "ID" not in header and key + "LabelValue" not in header:
            break
        value, layer = header.get(key + "LabelValue", number + 1), header.get(key + "Layer", 0)
        name = str(header.get(key + "Name", header.get(key + "ID", "")))
        found.append(Segment(name, int(value), int(layer)))
    return found


def _flat(plane: npt.NDArray[Any], segments: list[Segment]) -> Pixels:
    """Layers (layers, x, y) as one plane; a later segment lies over the ones before it."""
    values = np.zeros(plane.shape[:0:-1], np.uint16)
    for number, one in enumerate(segments, 1):
        layer = plane[one.layer].T
        values[layer == one.value] = number
    return Pixels(values, {number: one.name for number, one in enumerate(segments, 1)})


def _place(header: Mapping[str, Any], segments: list[Segment], sizes: tuple[int, ...]) -> Place:
    """Where a segmentation that 3D Slicer may have cropped lies; `sizes`: x, y, z. Raises
    Refusal where it says that it is cropped, and not to what.
    """
    said = str(header.get("Segmentation_ReferenceImageExtentOffset", "0 0 0")).split()
    if not any(one.strip("-0.") for one in said):
        return _by_origin(header, sizes) if segments else Place()
    if len(said) != 3 or not all(one.isascii() and one.isdigit() for one in said) or not segments:
        raise Refusal("shape", f"is cropped, and does not say to what; {UNCROPPED}")
    x, y, z = (int(one[:9]) for one in said)
    return Place((z, y, x))


def _by_origin(header: Mapping[str, Any], sizes: tuple[int, ...]) -> Place:
    """By its image's geometry, which Slicer writes beside; else as if its image began at 0, as
    altui's do.
    """
    signs = SPACES.get(str(header.get("space", "")).lower())
    directions = np.array(header.get("space directions", ()), np.float64)
    origin = np.array(header.get("space origin", ()), np.float64)
    if signs is None or directions.shape not in ((3, 3), (4, 3)) or origin.shape != (3,):
        return Place()
    axes, origin = np.diag(signs) @ directions[-3:].T, origin * signs
    if not np.isfinite([*axes, origin]).all() or np.linalg.matrix_rank(axes) < 3:
        return Place()
    image = REFERENCE.search(str(header.get("Segmentation_ConversionParameters", "")))
    numbers = _numbers(image[1]) if image else None
    if numbers is None:
        corner = _whole(axes, origin)
        return Place(origin=corner if corner and any(corner) else None)
    matrix = np.diag([*RAS, 1.0]) @ numbers[:16].reshape(4, 4)  # Slicer's own world is RAS
    first, ends = numbers[16::2], numbers[17::2] + 1
    corner = _whole(axes, origin - matrix[:3, 3])
    alike = np.allclose(axes, matrix[:3, :3], rtol=1e-3) and not first.any()
    if corner is None or not alike or (np.add(corner[::-1], sizes) > ends).any():
        return Place()  # of another image, as scripts write that copy a header
    if tuple(ends) == sizes or ends.max() > MAX_CORNER:
        return Place()
    return Place(corner, (int(ends[1]), int(ends[0])))


def _numbers(text: str) -> Floats | None:
    """(22,): a matrix of 4 x 4 and the first and last index of x, y and z."""
    try:
        numbers = np.array([float(one) for one in text.strip(";").split(";")])
    except ValueError:
        return None
    return numbers if numbers.shape == (22,) and np.isfinite(numbers).all() else None


def _whole(axes: Floats, distance: Floats) -> Corner | None:
    """A distance in pixels along the axes, slices first; None between pixels, or outside."""
    pixels = np.linalg.solve(axes, distance)
    if not (np.abs(pixels) < MAX_CORNER).all() or np.abs(pixels - np.rint(pixels)).max() > BETWEEN:
        return None
    x, y, z = (int(one) for one in np.rint(pixels))
    return (z, y, x) if min(x, y, z) >= 0 else None


def _check_directions(header: Mapping[str, Any]) -> None:
    """Raises Refusal for a segmentation that is turned."""
    directions = header.get("space directions")
    if directions is None:
        return
    matrix = np.array(directions, np.float64)
    matrix = matrix[np.isfinite(matrix).all(axis=1)] if matrix.ndim == 2 else matrix
    signs = SPACES.get(str(header.get("space", "")).lower())
    if signs:
        check_directions(matrix.T, ras=signs == RAS)
