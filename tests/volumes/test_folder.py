"""Folders of slices, globs, PNG, and what is not there."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from altui.errors import AltuiError
from altui.volumes.base import MAX_PIXELS
from altui.volumes.check import check_stack
from altui.volumes.stack import open_stack

from .conftest import assert_holds, refusal, volume, write_slices


def write_pngs(folder: Path, slices: int = 12, dtype: type = np.uint16) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    data = volume(dtype, slices=slices)
    if dtype is np.uint16:
        data = data * 200
    for index, image in enumerate(data):
        Image.fromarray(image).save(folder / f"slice_{index}.png")
    return np.asarray(data)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_folder_in_natural_order(tmp_path: Path, dtype: type) -> None:
    data = write_pngs(tmp_path / "s", dtype=dtype)
    assert_holds(open_stack(tmp_path, "s"), data)


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"byteorder": ">"}], ids=str)
@pytest.mark.parametrize("name", ["slice_{}.tif", "z{:05d}.TIFF", "{:03d}.tiff"])
def test_tiff_folder_in_natural_order(tmp_path: Path, name: str, how: dict[str, str]) -> None:
    data = volume(np.float32, slices=12)
    (tmp_path / "s").mkdir()
    for index, image in enumerate(data):
        tifffile.imwrite(tmp_path / "s" / name.format(index + 5), image, **how)  # type: ignore[arg-type]
    stack = open_stack(tmp_path, "s")
    assert [path.name for path in stack.files] == [name.format(i + 5) for i in range(12)]
    assert_holds(stack, data)


def test_other_files_in_the_folder_do_not_count(tmp_path: Path) -> None:
    data = volume()
    write_slices(tmp_path / "s", data)
    for name in ("._slice_0000.tif", ".hidden.tif", "Thumbs.db", "readme.txt", "scan.log"):
        (tmp_path / "s" / name).write_bytes(b"x")
    (tmp_path / "s" / "old.tif").mkdir()
    assert_holds(open_stack(tmp_path, "s"), data)


def test_globs(tmp_path: Path) -> None:
    data = volume()
    write_slices(tmp_path / "s", data)
    write_slices(tmp_path / "s", data[:2], "mask_{}.tif")
    assert_holds(open_stack(tmp_path, "s/slice_*.tif"), data)
    assert_holds(open_stack(tmp_path, "s/slice_000[2-4].*"), data[2:5])
    assert_holds(open_stack(tmp_path / "elsewhere", str(tmp_path / "s/slice_*")), data)
    assert_holds(open_stack(tmp_path / "s", "../s/slice_*"), data)


def test_one_file_found_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    tifffile.imwrite(tmp_path / "s" / "scan[1].tif", volume())
    assert_holds(open_stack(tmp_path, "s/*.tif"), volume())
    assert_holds(open_stack(tmp_path, "s"), volume())


def test_a_name_may_look_like_a_glob(tmp_path: Path) -> None:
    data = volume()
    write_slices(tmp_path / "scan [1]", data)
    assert_holds(open_stack(tmp_path, "scan [1]"), data)
    assert_holds(open_stack(tmp_path / "scan [1]", "slice_*"), data)


def test_a_slice_is_read_from_its_file_only(tmp_path: Path) -> None:
    data = write_pngs(tmp_path / "s")
    with open_stack(tmp_path, "s") as stack:
        (tmp_path / "s" / "slice_3.png").write_bytes(b"")
        np.testing.assert_array_equal(stack.read(4), data[4])
        with pytest.raises(AltuiError, match=r"slice_3.png, slice 3: the file is empty"):
            stack.read(3)
        (tmp_path / "s" / "slice_5.png").unlink()
        with pytest.raises(AltuiError, match=r"slice_5.png, slice 5: not there"):
            stack.read(5)
        Image.fromarray(data[0][:9]).save(tmp_path / "s" / "slice_6.png")
        with pytest.raises(AltuiError, match=r"slice_6.png, slice 6: changed while"):
            stack.read(6)
        assert len(check_stack(stack)) == 3


@pytest.mark.parametrize(("numbers", "lost"), [([0, 1, 3], "2"), ([5, 10, 15, 25, 30], "20")])
def test_a_missing_number(tmp_path: Path, numbers: list[int], lost: str) -> None:
    for number in numbers:
        tifffile.imwrite(tmp_path / f"a{number:04d}.tif", volume()[0])
    message = refusal(tmp_path.parent, tmp_path.name).message
    assert f"slice number {lost} is missing" in message
    assert f"no a{int(lost):04d}.tif between a" in message


def test_mixed_kinds(tmp_path: Path) -> None:
    write_slices(tmp_path, volume())
    Image.fromarray(volume()[0]).save(tmp_path / "slice_0006.png")
    assert "both TIFF and PNG" in refusal(tmp_path).message
    assert_holds(open_stack(tmp_path, "*.tif"), volume())


def test_a_file_named_unlike_the_others(tmp_path: Path) -> None:
    write_slices(tmp_path, volume())
    tifffile.imwrite(tmp_path / "mean.tif", volume()[0])
    assert "mean.tif is not named like slice_0000.tif" in refusal(tmp_path).message


def test_the_same_number_twice(tmp_path: Path) -> None:
    for name in ("a1.tif", "a01.tif", "a2.tif"):
        tifffile.imwrite(tmp_path / name, volume()[0])
    assert "a01.tif and a1.tif have the same number" in refusal(tmp_path).message


def test_many_pages_in_a_file_of_a_folder(tmp_path: Path) -> None:
    write_slices(tmp_path, volume())
    tifffile.imwrite(tmp_path / "slice_0004.tif", volume())
    error = refusal(tmp_path)
    assert "slice_0004.tif: holds 6 slices" in error.message
    assert "give the multi-page file itself" in error.hint


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (np.zeros((9, 9), np.uint16), "is 9 x 9 uint16, but slice 0 is 33 x 40 uint16"),
        (np.zeros((40, 33), np.uint8), "is 33 x 40 uint8, but slice 0 is"),
        (np.zeros((40, 33, 3), np.uint8), "is RGB"),
    ],
)
@pytest.mark.parametrize("ending", ["tif", "png"])
def test_a_slice_unlike_the_first(tmp_path: Path, odd: np.ndarray, says: str, ending: str) -> None:
    for index, image in enumerate(volume()):
        Image.fromarray(image).save(tmp_path / f"s{index}.{ending}")
    Image.fromarray(odd).save(tmp_path / f"s3.{ending}")
    assert f"s3.{ending}, slice 3: {says}" in refusal(tmp_path).message


def test_truncated_files_of_a_folder(tmp_path: Path) -> None:
    write_slices(tmp_path / "t", volume())
    os.truncate(tmp_path / "t" / "slice_0002.tif", 1000)
    assert "slice_0002.tif, slice 2: truncated" in refusal(tmp_path, "t").message
    write_pngs(tmp_path / "p")
    os.truncate(tmp_path / "p" / "slice_4.png", 150)
    with open_stack(tmp_path, "p") as stack:
        [problem] = check_stack(stack)
        assert "slice_4.png, slice 4: truncated" in problem.message
        with pytest.raises(AltuiError, match=r"slice_4.png, slice 4: "):
            stack.read(4)
    os.truncate(tmp_path / "p" / "slice_7.png", 20)
    assert "slice_7.png, slice 7: truncated" in refusal(tmp_path, "p").message


def test_many_problems_are_counted(tmp_path: Path) -> None:
    write_pngs(tmp_path / "p", slices=40)
    for index in range(30):
        os.truncate(tmp_path / "p" / f"slice_{index}.png", 60)
    with open_stack(tmp_path, "p") as stack:
        problems = check_stack(stack)
    assert len(problems) == 21
    assert "10 more slices" in problems[-1].message


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_coloured_pngs(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (8, 8)).save(tmp_path / "a.png")
    assert "a.png, slice 0: is " in refusal(tmp_path / "a.png").message


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_pngs_of_few_bits_keep_their_values(tmp_path: Path, bits: int) -> None:
    values = volume(np.uint8, slices=1)[0] % 2**bits
    if bits == 1:
        Image.fromarray(values == 1).save(tmp_path / "a.png")
    else:
        (tmp_path / "a.png").write_bytes(_png(values, bits))
    assert_holds(open_stack(tmp_path, "a.png"), values[None])


def test_a_png_that_claims_huge_size(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]
) -> None:
    side = int(MAX_PIXELS**0.5)
    raw = _png(np.zeros((4, 4), np.uint8), 8)
    for width, height in ((side, side), (2**31 - 1, 2**31 - 1)):
        size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
        (tmp_path / "a.png").write_bytes(raw[:16] + size + raw[24:])
        with (
            pytest.raises(AltuiError, match=r"a.png, slice 0: "),
            open_stack(tmp_path, "a.png") as stack,
        ):
            stack.read(0)
    assert not recwarn.list
    assert capfd.readouterr().err == ""


def test_damaged_animation_data_prints_nothing(tmp_path: Path) -> None:
    raw = _png(np.zeros((4, 4), np.uint8), 8)
    (tmp_path / "a.png").write_bytes(raw[:33] + _chunk(b"acTL", bytes(8)) + raw[33:])
    code = (
        "from pathlib import Path; from altui.volumes.stack import open_stack; "
        "print(open_stack(Path(), 'a.png').read(0).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert (done.stdout, done.stderr) == (b"(4, 4)\n", b"")


def test_nothing_there_suggests_near_names(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    tifffile.imwrite(tmp_path / "samples" / "screw01.tif", volume())
    assert 'did you mean "screw01.tif"?' in refusal(tmp_path, "samples/screw1.tif").message
    assert 'did you mean "samples"?' in refusal(tmp_path, "sample/screw01.tif").message
    assert 'did you mean "screw01.tif"?' in refusal(tmp_path, "samples/scrw*.tif").message
    message = refusal(tmp_path, "samples/zzz.tif").message
    assert "samples/zzz.tif: not there;" in message
    assert "has screw01.tif" in message
    assert "samples/screw01.tif/x" in refusal(tmp_path, "samples/screw01.tif/x").message


def test_folders_without_slices(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no TIFF or PNG files" in refusal(tmp_path, "empty").message
    assert "has nothing in it" in refusal(tmp_path, "empty").message
    (tmp_path / "empty" / "a.raw").write_bytes(b"x")
    assert "has a.raw" in refusal(tmp_path, "empty").message


@pytest.mark.parametrize("pattern", ["", "  ", "a\0b", "a" * 5000, "[", "**/*", "\udcff.tif", "~"])
def test_odd_patterns(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(AltuiError):
        open_stack(tmp_path, pattern)


def test_links(tmp_path: Path) -> None:
    data = volume()
    write_slices(tmp_path / "s", data)
    (tmp_path / "nowhere.tif").symlink_to("gone.tif")
    (tmp_path / "loop.tif").symlink_to("loop.tif")
    assert "nowhere.tif: not there, or a link" in refusal(tmp_path / "nowhere.tif").message
    assert "loop.tif: " in refusal(tmp_path / "loop.tif").message
    (tmp_path / "s" / "slice_0003.tif").unlink()
    (tmp_path / "s" / "slice_0003.tif").symlink_to("gone.tif")
    assert "slice_0003.tif, slice 3: not there, or a link" in refusal(tmp_path, "s").message


def test_neither_file_nor_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tif")
    assert "neither a file nor a folder" in refusal(tmp_path / "a.tif").message
    write_slices(tmp_path / "s", volume())
    (tmp_path / "s" / "slice_0002.tif").unlink()
    os.mkfifo(tmp_path / "s" / "slice_0002.tif")
    assert "slice_0002.tif, slice 2: not a file" in refusal(tmp_path, "s").message


def test_no_permission(tmp_path: Path) -> None:
    write_slices(tmp_path / "s", volume())
    write_pngs(tmp_path / "p")
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    for secret in ("s/slice_0002.tif", "p/slice_3.png", "p", "s"):
        mode = (tmp_path / secret).stat().st_mode
        (tmp_path / secret).chmod(0)
        message = _as_nobody(tmp_path, secret)
        (tmp_path / secret).chmod(mode)
        assert f"{secret}: no permission to read it" in message.replace(", slice 0", "")


def _as_nobody(root: Path, pattern: str) -> str:
    """The error that a person without root's rights gets."""
    if os.geteuid() != 0:
        return refusal(root, pattern).message
    os.seteuid(65534)
    try:
        return refusal(root, pattern).message
    finally:
        os.seteuid(0)


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + check


def _png(values: np.ndarray, bits: int) -> bytes:
    """A greyscale PNG of few bits, which Pillow does not write."""
    height, width = values.shape
    shifts = np.arange(bits)[::-1]
    unpacked = (values[..., None] >> shifts & 1).reshape(height, -1).astype(np.uint8)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in unpacked)
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([bits, 0, 0, 0, 0])
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)
