"""Every kind of file that a mask may come back as: its class ids, or the reason why not."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from altui.labels.formats import ELSEWHERE, check_format
from altui.labels.formats.base import whole_numbers
from altui.labels.verdict import Refusal
from tests.labels.reading import read_all, read_mask

MASK = np.arange(40 * 48).reshape(40, 48) // 500  # classes 0 to 3


def code(path: Path) -> str:
    with pytest.raises(Refusal) as caught:
        read_mask(path)
    assert str(path) not in caught.value.message, "the file stands beside the message already"
    return caught.value.code


def assert_reads(path: Path, mask: npt.NDArray[Any] = MASK) -> None:
    read = read_mask(path)
    assert np.issubdtype(read.dtype, np.integer)
    assert np.array_equal(read, mask)


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
    + ["float16", "float32", "float64", ">u2", ">f4"],
)
def test_tiff_of_any_number_type(tmp_path: Path, dtype: str) -> None:
    tifffile.imwrite(tmp_path / "m.tif", MASK.astype(dtype), photometric="minisblack")
    assert_reads(tmp_path / "m.tif")


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "lzw", "predictor": True},
        {"compression": "packbits"},
        {"compression": "zstd"},
        {"tile": (16, 16), "compression": "zlib"},
        {"bigtiff": True},
        {"imagej": True},
        {"ome": True},
        {"photometric": "miniswhite"},
        {"rowsperstrip": 7},
    ],
    ids=str,
)
def test_tiff_flavours(tmp_path: Path, options: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "m.tif", MASK.astype(np.uint8), **options)
    assert_reads(tmp_path / "m.tif")


@pytest.mark.parametrize("compression", [None, "packbits", "lzw"])
def test_tiff_with_a_colour_table(tmp_path: Path, compression: str | None) -> None:
    # As ImageJ saves a mask that is shown with a lookup table: the indices count.
    table = np.random.default_rng(0).integers(0, 65535, (3, 256)).astype(np.uint16)
    path = tmp_path / "m.tif"
    tifffile.imwrite(
        path,
        MASK.astype(np.uint8),
        photometric="palette",
        colormap=table,
        compression=compression,
    )
    assert_reads(path)
    path.write_bytes(path.read_bytes()[:-700])
    assert code(path) == "unreadable"


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"compression": "lzw"}], ids=str)
def test_a_stack_with_a_colour_table(tmp_path: Path, options: dict[str, Any]) -> None:
    # As ImageJ saves labels that are shown with its "glasbey" table.
    table = np.random.default_rng(0).integers(0, 65535, (3, 256)).astype(np.uint16)
    stack = np.stack([MASK, MASK[::-1]]).astype(np.uint8)
    how = {"photometric": "palette", "colormap": table, **options}
    tifffile.imwrite(tmp_path / "m.tif", stack, **how)
    found = read_all(tmp_path / "m.tif")
    assert np.array_equal([pixels.values for pixels in found], stack)
    for pixels in found:
        assert pixels.palette is not None
        assert np.array_equal(pixels.palette, table.T >> 8)


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_one_bit(tmp_path: Path, ending: str) -> None:
    Image.fromarray(MASK > 1).convert("1").save(tmp_path / f"m.{ending}")
    assert_reads(tmp_path / f"m.{ending}", MASK > 1)


def test_bool_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "m.tif", MASK > 1)
    assert_reads(tmp_path / "m.tif", MASK > 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_png(tmp_path: Path, dtype: type) -> None:
    mask: npt.NDArray[Any] = MASK.astype(dtype)
    mask[0, 0] = np.iinfo(dtype).max
    Image.fromarray(mask).save(tmp_path / "m.png")
    assert_reads(tmp_path / "m.png", mask)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png(tmp_path: Path, bits: int) -> None:
    mask = MASK % min(4, 2**bits)
    image = Image.fromarray(mask.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "m.png", bits=bits, transparency=0)
    assert_reads(tmp_path / "m.png", mask)


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_png_of_few_bits_is_not_stretched(tmp_path: Path, bits: int) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b""
    for row in MASK:
        packed = "".join(f"{value:0{bits}b}" for value in row)
        rows += b"\0" + int(packed, 2).to_bytes(len(packed) // 8, "big")
    (tmp_path / "m.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 40, bits, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert_reads(tmp_path / "m.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("ending", ["tif", "png"])
@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}], ids=str)
def test_colours(tmp_path: Path, mode: str, ending: str, options: dict[str, Any]) -> None:
    picture = Image.fromarray(MASK.astype(np.uint8)).convert(mode)
    picture.save(tmp_path / f"m.{ending}", **({} if ending == "png" else options))
    [pixels] = read_all(tmp_path / f"m.{ending}")
    assert np.array_equal(pixels.values, np.stack([MASK] * 3, axis=-1))
    assert (pixels.clear is not None) == (mode == "RGBA")


def test_grey_with_transparency(tmp_path: Path) -> None:
    picture = Image.fromarray(MASK.astype(np.uint8)).convert("LA")
    picture.save(tmp_path / "m.png")
    assert_reads(tmp_path / "m.png")
    picture.save(tmp_path / "m.tif")
    assert code(tmp_path / "m.tif") == "rgb"


def test_planar_colours(tmp_path: Path) -> None:
    planes = np.stack([MASK.astype(np.uint8)] * 3)
    tifffile.imwrite(tmp_path / "m.tif", planes, photometric="rgb", planarconfig="separate")
    [pixels] = read_all(tmp_path / "m.tif")
    assert np.array_equal(pixels.values, np.moveaxis(planes, 0, -1))


@pytest.mark.parametrize("slices", [3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_stack_of_three_slices_is_no_picture(tmp_path: Path, slices: int, dtype: str) -> None:
    """As tifffile and imageio save it unless they are told what it is."""
    stack = np.stack([np.roll(MASK, i, axis=1) for i in range(slices)]).astype(dtype)
    stack[0, 0, 0] = 255
    tifffile.imwrite(tmp_path / "m.tif", stack, compression="zlib")
    with tifffile.TiffFile(tmp_path / "m.tif") as file:
        assert len(file.pages) == 1
    assert np.array_equal([pixels.values for pixels in read_all(tmp_path / "m.tif")], stack)


def test_a_picture_in_planes_is_no_stack(tmp_path: Path) -> None:
    for palette in ([[0, 0, 0], [255, 0, 0], [0, 0, 255]], [[9, 9, 9], [250, 50, 83], [0, 9, 9]]):
        planes = np.moveaxis(np.array(palette, np.uint8)[MASK % 3], -1, 0)
        tifffile.imwrite(tmp_path / "m.tif", planes, photometric="rgb", planarconfig="separate")
        assert len(read_all(tmp_path / "m.tif")) == 1


@pytest.mark.parametrize(
    "options", [{"photometric": "separated"}, {"photometric": "ycbcr"}, {"photometric": "cielab"}]
)
def test_colours_that_are_not_rgb(tmp_path: Path, options: dict[str, Any]) -> None:
    channels = 4 if options["photometric"] == "separated" else 3
    picture = np.stack([MASK.astype(np.uint8)] * channels, axis=-1)
    tifffile.imwrite(tmp_path / "m.tif", picture, **options)
    assert code(tmp_path / "m.tif") == "rgb"


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "webp", "lerc"])
def test_compression_that_changes_values(tmp_path: Path, compression: Any) -> None:
    mask = np.stack([MASK.astype(np.uint8)] * 3, axis=-1) if compression == "webp" else MASK
    tifffile.imwrite(tmp_path / "m.tif", mask.astype(np.uint8), compression=compression)
    assert code(tmp_path / "m.tif") == "format"


def test_sixteen_bit_colours(tmp_path: Path) -> None:
    picture = np.stack([MASK.astype(np.uint16)] * 3, axis=-1)
    tifffile.imwrite(tmp_path / "m.tif", picture, photometric="rgb")
    assert code(tmp_path / "m.tif") == "rgb"


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_fractions_are_refused(tmp_path: Path, value: float) -> None:
    mask = MASK.astype(np.float32)
    mask[3, 4] = value
    tifffile.imwrite(tmp_path / "m.tif", mask)
    assert code(tmp_path / "m.tif") == "float"


@pytest.mark.filterwarnings("error")
def test_nothing_but_nan() -> None:
    with pytest.raises(Refusal, match="nan"):
        whole_numbers(np.full((4, 4), np.nan))
    with pytest.raises(Refusal, match="far beyond"):
        whole_numbers(np.full((4, 4), 1e30))


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"compression": "zlib"}], ids=str)
def test_several_pages(tmp_path: Path, options: dict[str, Any]) -> None:
    stack = np.stack([MASK.astype(np.uint8) + page for page in range(3)])
    tifffile.imwrite(tmp_path / "m.tif", stack, photometric="minisblack", **options)
    assert np.array_equal([pixels.values for pixels in read_all(tmp_path / "m.tif")], stack)


def test_png_named_tif_and_the_other_way(tmp_path: Path) -> None:
    Image.fromarray(MASK.astype(np.uint8)).save(tmp_path / "m.tif", format="PNG")
    tifffile.imwrite(tmp_path / "m.png", MASK.astype(np.uint8))
    assert_reads(tmp_path / "m.tif")
    assert_reads(tmp_path / "m.png")


@pytest.mark.parametrize("name", ["[roi]_01.tif", "*.tif", "a?b.png", "~x.tif"])
def test_names_are_no_patterns(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encoded("TIFF"))
    assert_reads(tmp_path / name)


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_what_is_no_image(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"m.{ending}"
    assert code(path) == "unreadable"  # not there
    for data in (b"", b"class ids: 0 1 2\n" * 50, b"II*\0", b"\x89PNG\r\n\x1a\n", b"\0" * 5000):
        path.write_bytes(data)
        assert code(path) == "unreadable"


def test_pixels_beyond_reason(tmp_path: Path) -> None:
    png = bytearray(encoded("PNG"))
    png[16:24] = (60000).to_bytes(4, "big") * 2
    (tmp_path / "m.png").write_bytes(png)
    assert code(tmp_path / "m.png") == "unreadable"
    palette = io.BytesIO()
    Image.fromarray(MASK.astype(np.uint8), "P").save(palette, "PNG")
    claims = bytearray(palette.getvalue())
    claims[16:24] = (60000).to_bytes(4, "big") * 2
    (tmp_path / "m.png").write_bytes(claims)
    assert code(tmp_path / "m.png") == "unreadable"


@pytest.mark.parametrize("suffix", [*ELSEWHERE, "", ".txt", ".tif.bak"])
def test_other_formats_are_told_what_to_do(suffix: str) -> None:
    with pytest.raises(Refusal, match=r"mask|unpack") as caught:
        check_format(Path("screw1_z0003" + suffix))
    assert caught.value.code == "format"


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "TIFF":
        tifffile.imwrite(buffer, MASK.astype(np.uint8), compression="zlib")
    else:
        Image.fromarray(MASK.astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()


@given(
    st.sampled_from(["TIFF", "PNG"]),
    st.integers(0, 600),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=4),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
def test_damage_is_refused_and_nothing_else_raised(
    tmp_path: Path, kind: str, cut: int, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(kind))
    for place, value in changes:
        if place < len(data):
            data[place] = value
    if cut:
        data = data[: len(data) * cut // 600]
    path = tmp_path / "m.tif"
    path.write_bytes(data)
    try:
        mask = read_mask(path)
    except Refusal:
        return
    assert mask.ndim == 2
    assert np.issubdtype(mask.dtype, np.integer)


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_truncated_anywhere_is_never_a_mask(tmp_path: Path, kind: str) -> None:
    data = encoded(kind)
    path = tmp_path / "m.tif"
    for cut in range(0, len(data) - 20, 7):
        path.write_bytes(data[:cut])
        assert code(path) == "unreadable"
