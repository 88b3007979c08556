"""TIFF files of every kind that is read, and those that are refused."""

import logging
import os
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from altui.errors import AltuiError
from altui.volumes.base import MAX_PIXELS
from altui.volumes.check import check_stack
from altui.volumes.stack import open_stack

from .conftest import assert_holds, refusal, volume

DTYPES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_in_both_byte_orders(tmp_path: Path, dtype: str, order: Any) -> None:
    data = volume(dtype)
    tifffile.imwrite(tmp_path / "a.tif", data, byteorder=order)
    assert_holds(open_stack(tmp_path, "a.tif"), data)


@pytest.mark.parametrize(
    "how",
    [
        {"bigtiff": True},
        {"bigtiff": True, "byteorder": ">"},
        {"rowsperstrip": 7},
        {"imagej": True},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"ome": True, "metadata": {"axes": "ZYX"}},
        {"ome": True, "compression": "zlib", "metadata": {"axes": "ZYX"}},
        {"metadata": None},
        {"truncate": True},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "rowsperstrip": 8},
        {"compression": "zlib", "predictor": True, "byteorder": ">"},
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {"compression": "packbits"},
        {"compression": "lzma"},
        {"tile": (16, 16)},
        {"tile": (16, 32), "compression": "zlib", "byteorder": ">"},
        {"tile": (64, 64), "compression": "zstd", "predictor": True},
        {"photometric": "miniswhite"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_storage(tmp_path: Path, how: dict[str, Any], dtype: Any) -> None:
    data = volume(dtype)
    tifffile.imwrite(tmp_path / "a.tif", data, **how)
    assert_holds(open_stack(tmp_path, str(tmp_path / "a.tif")), data)


def test_one_page_is_a_stack_of_one_slice(tmp_path: Path) -> None:
    data = volume(slices=1)
    tifffile.imwrite(tmp_path / "a.TIFF", data[0])
    assert_holds(open_stack(tmp_path, "a.TIFF"), data)


def test_pages_written_one_by_one_need_not_be_compressed_alike(tmp_path: Path) -> None:
    data = volume()
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for index, image in enumerate(data):
            file.write(image, compression=("zlib", "lzw", None)[index % 3])
    assert_holds(open_stack(tmp_path, "a.tif"), data)


def test_bits_become_0_and_1(tmp_path: Path) -> None:
    data = volume(slices=5) % 2 == 1
    tifffile.imwrite(tmp_path / "a.tif", data)
    assert_holds(open_stack(tmp_path, "a.tif"), data.astype(np.uint8))


def test_12_bits_are_read_as_16(tmp_path: Path) -> None:
    values = np.array([0x123, 0xABC, 0x001, 0xFFF], np.uint16)
    packed = bytes.fromhex("123abc001fff")
    tags = [(256, 2), (257, 2), (258, 12), (259, 1), (262, 1), (273, 200), (277, 1), (279, 6)]
    block = b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in tags)
    directory = struct.pack("<H", len(tags)) + block + bytes(4)
    (tmp_path / "a.tif").write_bytes(
        (b"II*\0" + struct.pack("<I", 8) + directory).ljust(200, b"\0") + packed
    )
    assert_holds(open_stack(tmp_path, "a.tif"), values.reshape(1, 2, 2))


def test_imagej_run_of_slices_behind_one_directory(tmp_path: Path) -> None:
    data = volume(slices=9)
    tifffile.imwrite(tmp_path / "a.tif", data, imagej=True, metadata={"axes": "ZYX"})
    _unlink_pages(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(file.pages) == 1
    assert_holds(open_stack(tmp_path, "a.tif"), data)


def test_thumbnails_and_pyramids_are_left_out(tmp_path: Path) -> None:
    data = volume()
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for image in data:
            file.write(image, metadata=None)
            file.write(image[::2, ::2], subfiletype=1, metadata=None)
    assert_holds(open_stack(tmp_path, "a.tif"), data)


def test_threads_read_the_same_stack(tmp_path: Path) -> None:
    data = volume(slices=20)
    for name, how in (("plain.tif", None), ("packed.tif", "zlib")):
        tifffile.imwrite(tmp_path / name, data, compression=how)
        with open_stack(tmp_path, name) as stack, ThreadPoolExecutor(8) as pool:
            for _ in range(5):
                for expected, image in zip(data, pool.map(stack.read, range(20)), strict=True):
                    np.testing.assert_array_equal(image, expected)


def test_a_forked_child_reads_the_same_stack(tmp_path: Path) -> None:
    data = volume()
    tifffile.imwrite(tmp_path / "a.tif", data, compression="zlib")
    with open_stack(tmp_path, "a.tif") as stack:
        stack.read(0)
        child = os.fork()
        if child == 0:
            os._exit(0 if (stack.read(3) == data[3]).all() else 1)
        assert (stack.read(4) == data[4]).all()
        assert os.waitpid(child, 0)[1] == 0


def test_files_are_resolved(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", volume())
    (tmp_path / "link.tif").symlink_to("a.tif")
    with open_stack(tmp_path, "link.tif") as stack:
        assert stack.files == ((tmp_path / "a.tif").resolve(),)


@pytest.mark.parametrize("index", [-1, 6, 10**20])
def test_index_out_of_range(tmp_path: Path, index: int) -> None:
    tifffile.imwrite(tmp_path / "a.tif", volume())
    with open_stack(tmp_path, "a.tif") as stack, pytest.raises(AltuiError) as caught:
        stack.read(index)
    assert "a.tif" in caught.value.message
    assert f"no slice {index}: the stack has 6 slices" in caught.value.message


def test_reading_a_closed_stack(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", volume())
    with open_stack(tmp_path, "a.tif") as stack:
        pass
    with pytest.raises(AltuiError, match="slice 2: read after its stack was closed"):
        stack.read(2)


@pytest.mark.parametrize(
    ("image", "how", "says"),
    [
        (np.zeros((4, 8, 8, 3), np.uint8), {"photometric": "rgb"}, "is RGB, with 3 values"),
        (
            np.zeros((4, 8, 8, 4), np.uint8),
            {"photometric": "rgb", "extrasamples": ["unassalpha"]},
            "is RGB, with 4 values",
        ),
        (
            np.zeros((8, 8), np.uint8),
            {"photometric": "palette", "colormap": np.zeros((3, 256), np.uint16)},
            "is palette-colour",
        ),
        (
            np.zeros((8, 8, 2), np.uint8),
            {"photometric": "minisblack", "planarconfig": "contig"},
            "is not greyscale, with 2 values",
        ),
        (np.zeros((6, 8, 8), np.complex64), {}, "64-bit complex pixels"),
    ],
)
def test_pixels_that_are_not_grey(tmp_path: Path, image: Any, how: Any, says: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", image, **how)
    error = refusal(tmp_path / "a.tif")
    assert "a.tif, slice 0" in error.message
    assert says in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (np.zeros((40, 20), np.uint16), "is 20 x 40 uint16, but slice 0 is 33 x 40 uint16"),
        (np.zeros((40, 33), np.uint8), "is 33 x 40 uint8, but slice 0 is 33 x 40 uint16"),
        (np.zeros((40, 33, 3), np.uint8), "is RGB"),
    ],
)
def test_a_slice_unlike_the_first(tmp_path: Path, odd: Any, says: str) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for image in (*volume()[:4], odd, *volume()[:2]):
            file.write(image, photometric="rgb" if image.ndim == 3 else "minisblack")
    assert f"a.tif, slice 4: {says}" in refusal(tmp_path / "a.tif").message


def test_several_channels(tmp_path: Path) -> None:
    data = np.zeros((6, 2, 8, 8), np.uint16)
    tifffile.imwrite(tmp_path / "j.tif", data, imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite(tmp_path / "o.tif", data, ome=True, metadata={"axes": "ZCYX"})
    assert "2 channels x 6 slices" in refusal(tmp_path / "j.tif").message
    assert "2 channels x 6 slices" in refusal(tmp_path / "o.tif").message


@pytest.mark.parametrize("how", [{"imagej": True}, {"ome": True}], ids=str)
def test_metadata_that_promises_more_slices(tmp_path: Path, how: Any) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), compression="zlib", metadata={"axes": "ZYX"}, **how)
    raw = path.read_bytes()
    for word in (b"images=", b"slices=", b'SizeZ="'):
        raw = raw.replace(word + b"6", word + b"8")
    path.write_bytes(raw)
    message = refusal(path).message
    assert "slice 6 of 8 is missing" in message
    assert "promises 8 slices, and there are 6" in message


@pytest.mark.parametrize(
    "how", [{}, {"imagej": True}, {"metadata": None}, {"truncate": True}], ids=str
)
@pytest.mark.parametrize("lost", [1, 3, 5])
def test_truncated_run_names_the_first_slice_lost(tmp_path: Path, how: Any, lost: int) -> None:
    path = tmp_path / "a.tif"
    data = volume()
    tifffile.imwrite(path, data, **how)
    with tifffile.TiffFile(path) as file:
        start = file.pages.first.dataoffsets[0]
    os.truncate(path, start + lost * data[0].nbytes + 100)
    message = refusal(path).message
    assert f"slice {lost}" in message
    assert "truncated" in message


def test_truncated_pages_name_the_first_slice_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), compression="zlib", metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as file:
        where = [(page.offset, page.dataoffsets[0]) for page in file.pages]
    for lost in (1, 4, 5):
        for cut in (where[lost][0] + 20, where[lost][1] + 1):
            (tmp_path / "b.tif").write_bytes(path.read_bytes()[:cut])
            message = refusal(tmp_path / "b.tif").message
            assert f"slice {lost}" in message
            assert "truncated" in message


def test_truncated_first_slice(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", volume())
    os.truncate(tmp_path / "a.tif", 300)
    message = refusal(tmp_path / "a.tif").message
    assert "a.tif, slice 0: truncated" in message


def test_a_chain_that_turns_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), metadata=None)
    with tifffile.TiffFile(path) as file:
        pages = [page.offset for page in file.pages]
    raw = bytearray(path.read_bytes())
    (tags,) = struct.unpack_from("<H", raw, pages[4])
    struct.pack_into("<I", raw, pages[4] + 2 + 12 * tags, pages[2])
    path.write_bytes(raw)
    message = refusal(path).message
    assert "slice 5 is missing" in message
    assert "circle" in message


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "the file is empty"),
        (b"I", "not a TIFF file"),
        (b"not a picture at all", "not a TIFF file"),
        (b"II*\0" + bytes(4), "holds no page"),
        (b"II*\0\xff\0\0\0", "holds no page: truncated"),
        (b"MM\0+\0\x08\0\0" + bytes(8), "holds no page"),
    ],
)
def test_files_without_pages(tmp_path: Path, raw: bytes, says: str) -> None:
    (tmp_path / "a.tif").write_bytes(raw)
    assert f"a.tif: {says}" in refusal(tmp_path / "a.tif").message


def test_a_strip_that_does_not_decode(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), compression="zlib")
    with tifffile.TiffFile(path) as file:
        at = file.pages[3].dataoffsets[0]
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 40)
    with open_stack(tmp_path, "a.tif") as stack:
        np.testing.assert_array_equal(stack.read(2), volume()[2])
        with pytest.raises(AltuiError, match="a.tif, slice 3: cannot be decoded"):
            stack.read(3)
        assert check_stack(stack) == []
        [problem] = check_stack(stack, deep=True)
    assert "slice 3" in problem.message


def test_strips_never_written_are_not_read_as_zeros(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), metadata=None)
    with tifffile.TiffFile(path) as file:
        tag = file.pages[2].aspage().tags["StripOffsets"]
    with path.open("r+b") as raw:
        raw.seek(tag.valueoffset)
        raw.write(bytes(4))
    with open_stack(tmp_path, "a.tif") as stack:
        [problem] = check_stack(stack)
        assert "slice 2: has an empty strip" in problem.message
        with pytest.raises(AltuiError, match="slice 2"):
            stack.read(2)


def test_a_file_that_shrinks_while_it_is_open(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", volume())
    with open_stack(tmp_path, "a.tif") as stack:
        os.truncate(tmp_path / "a.tif", 1000)
        with pytest.raises(AltuiError, match="slice 5: the file became shorter"):
            stack.read(5)


def test_more_pixels_than_any_slice_has(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(slices=1)[0], compression="zlib", metadata=None)
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            struct.pack_into("<I", raw, file.pages.first.tags[name].valueoffset, MAX_PIXELS)
    path.write_bytes(raw)
    assert "a.tif, slice 0: claims" in refusal(path).message


def test_tifffile_says_nothing_here_and_still_speaks_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(), compression="zlib", description="x")
    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags["Software"]
    with path.open("r+b") as raw:
        raw.seek(tag.offset + 2)
        raw.write(b"\xff\xff")  # a field type that does not exist
    with open_stack(tmp_path, "a.tif") as stack:
        stack.read(0)
    assert caplog.records == []
    assert capfd.readouterr().err == ""
    with caplog.at_level(logging.WARNING), tifffile.TiffFile(path) as file:
        file.pages.first.asarray()
    assert caplog.records


def test_names_cannot_reach_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b[31m\u202e.tif"
    (tmp_path / name).write_bytes(b"")
    message = refusal(tmp_path / name).message
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert r"a\x1b[31m\u202e.tif" in message


def test_one_slice_of_a_huge_stack(tmp_path: Path) -> None:
    """A sparse file of 6 GB: one slice takes moments and little memory."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, shape=(1500, 1500, 1500), dtype=np.uint16, bigtiff=True)
    before = _resident()
    with open_stack(tmp_path, "a.tif") as stack:
        assert stack.slices == 1500
        assert not stack.read(1200).any()
        assert _resident() - before < 100 << 20


def test_opening_many_pages_reads_few_bytes_of_each(tmp_path: Path) -> None:
    data = np.zeros((3000, 8, 8), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", data, compression="zlib")
    seconds = min(_timed(tmp_path) for _ in range(3))
    assert seconds < 1.5  # about 0.04 on an idle machine


def _timed(folder: Path) -> float:
    start = time.perf_counter()
    open_stack(folder, "a.tif").close()
    return time.perf_counter() - start


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _unlink_pages(path: Path) -> None:
    """End the chain of directories after the first, as ImageJ does beyond 4 GB."""
    raw = bytearray(path.read_bytes())
    order = "<" if raw[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", raw, 4)
    (tags,) = struct.unpack_from(order + "H", raw, first)
    struct.pack_into(order + "I", raw, first + 2 + 12 * tags, 0)
    path.write_bytes(raw)


def test_closing_while_others_read(tmp_path: Path) -> None:
    data = volume(slices=5, height=300, width=300)
    tifffile.imwrite(tmp_path / "a.tif", data)
    stack = open_stack(tmp_path, "a.tif")
    wrong: list[object] = []

    def read() -> None:
        try:
            while True:
                if not (stack.read(2) == data[2]).all():
                    wrong.append("other pixels")
        except AltuiError as error:
            if "closed" not in error.message:
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    stack.close()
    for thread in threads:
        thread.join()
    assert wrong == []
