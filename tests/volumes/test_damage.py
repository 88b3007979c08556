"""Files damaged anywhere: whatever happens, only AltuiError comes out, and nothing is printed."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from altui.errors import AltuiError
from altui.volumes.check import check_stack
from altui.volumes.promise import promised
from altui.volumes.stack import open_stack

from .conftest import volume

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "big-endian BigTIFF": {"bigtiff": True, "byteorder": ">"},
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "OME, zlib": {"ome": True, "compression": "zlib", "metadata": {"axes": "ZYX"}},
    "strips, lzw": {"compression": "lzw", "predictor": True, "rowsperstrip": 8},
    "tiles, zstd": {"compression": "zstd", "tile": (16, 16)},
    "packbits": {"compression": "packbits"},
    "jpeg": {"compression": "jpeg"},
}


def cut(raw: bytearray, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw)) :]


def scribble(raw: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 4, 40))):
        raw[chance.randrange(len(raw))] = chance.randrange(256)


def scribble_headers(raw: bytearray, chance: random.Random) -> None:
    """Only where it hurts: the first and last bytes, where directories are."""
    for _ in range(chance.choice((1, 2, 6))):
        at = chance.randrange(min(600, len(raw)))
        raw[chance.choice((at, -at - 1))] = chance.choice((0, 1, 127, 255, chance.randrange(256)))


def leave_out(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw))
    del raw[at : at + chance.choice((1, 16, 2000))]


def survive(path: Path) -> None:
    try:
        with open_stack(path.parent, path.name) as stack:
            for index in range(min(stack.slices, 12)):
                try:
                    image = stack.read(index)
                except AltuiError as error:
                    in_words(error, path, f"slice {index}")
                else:
                    assert image.shape == (stack.height, stack.width)
                    assert image.dtype == stack.dtype
            check_stack(stack)
    except AltuiError as error:
        in_words(error, path)


def in_words(error: AltuiError, path: Path, where: str = "") -> None:
    assert path.name in error.message
    assert where in error.message
    assert error.message.isprintable()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("harm", [cut, scribble, scribble_headers, leave_out])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_tiffs(
    tmp_path: Path,
    kind: str,
    harm: Callable[[bytearray, random.Random], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume(np.uint8 if kind == "jpeg" else np.uint16), **KINDS[kind])
    sound = path.read_bytes()
    chance = random.Random(f"{kind} {harm.__name__}")
    for _ in range(int(os.environ.get("ALTUI_DAMAGE", "60"))):
        raw = bytearray(sound)
        harm(raw, chance)
        path.unlink()  # never in place: a mapped file that shrinks ends the process
        path.write_bytes(raw)
        survive(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("harm", [cut, scribble, scribble_headers, leave_out])
def test_damaged_pngs(
    tmp_path: Path,
    harm: Callable[[bytearray, random.Random], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(volume()[0]).save(path)
    sound = path.read_bytes()
    chance = random.Random(harm.__name__)
    for _ in range(200):
        raw = bytearray(sound)
        harm(raw, chance)
        path.write_bytes(raw)
        survive(path)
    assert capfd.readouterr() == ("", "")


@given(st.binary(max_size=300), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
@settings(deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, raw: bytes, head: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tif"
    path.unlink(missing_ok=True)
    path.write_bytes(head + raw)
    survive(path)


@pytest.mark.parametrize(
    ("description", "slices"),
    [
        ("", None),
        ("taken by hand", None),
        ("ImageJ=1.54f\nimages=24\nslices=24\n", 24),
        ("ImageJ=1.54f\nimages=24\nchannels=24\n", 24),
        ("ImageJ=1.54f\nimages=24\n", 24),
        ("ImageJ=1.54f\n", 1),
        ("ImageJ=1.54f\nimages=" + "9" * 5000, 1),
        ('{"shape": [24, 4, 8]}', 24),
        ('{"shape": [24, 4, 8, 1]}', 24),
        ('{"shape": [4, 8]}', 1),
        ('{"shape": [24, 5, 8, 3]}', 90),
        ('{"shape": [7, 5]}', None),
        ('{"shape": ' + "[" * 100_000, None),
        ('{"shape": [1e9, "x"]}', None),
        ('{"shape": 7}', None),
        ('<OME><Image><Pixels SizeC="1" SizeT="1" SizeZ="24"/></Image></OME>', 24),
        ("<ome:OME><ome:Image><ome:Pixels SizeZ='24'>", 24),
        ("<OME></OME>", None),
    ],
)
def test_promises(description: str, slices: int | None) -> None:
    promise = promised(description, 32)
    assert (promise and promise.slices) == slices


@given(st.sampled_from(["ImageJ=", '{"shape": [', "<OME><Pixels "]), st.text(max_size=200))
def test_any_description(start: str, rest: str) -> None:
    promise = promised(start + rest, 32)
    assert promise is None or promise.slices >= 0


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('<TiffData IFD="{page}" FirstZ="{page}" PlaneCount="1"/>', None),
        ('<TiffData FirstC="0" FirstT="{page}" FirstZ="0" IFD="{page}"><UUID/></TiffData>', None),
        ('<TiffData IFD="{page}" FirstZ="{back}" PlaneCount="1"/>', "in another order"),
        ("<TiffData FirstC='{page}' IFD='{back}'/>", "in another order"),
    ],
)
def test_omes_order_of_slices(tmp_path: Path, block: str, message: str | None) -> None:
    """A slice would get another one's mask in silence."""
    blocks = "".join(block.format(page=page, back=2 - page) for page in range(3))
    text = f'<OME><Image><Pixels SizeZ="3" Type="uint8">{blocks}</Pixels></Image></OME>'
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in volume("uint8")[:3]:
            writer.write(page, description=text, metadata=None, photometric="minisblack")
    if message is None:
        assert open_stack(tmp_path, "a.tif").slices == 3
    else:
        with pytest.raises(AltuiError, match=message):
            open_stack(tmp_path, "a.tif")
