"""The file of a label: any reader gets back the mask, and the same mask is the same file."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from altui.labels.encoded import DEFLATE, PACKBITS, encode
from altui.labels.runs import runs_of
from altui.volumes.stack import open_stack
from tests.labels.conftest import Array

rows = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6)))
widths = st.sampled_from([1, 2, 25, 64, 127, 128, 129, 300])


@given(rows, widths)
def test_what_goes_in_comes_out(few: Array, wide: int) -> None:
    mask = np.repeat(few, wide, 1)
    data = encode(runs_of(mask)).data
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), mask)
    assert np.array_equal(np.array(Image.open(io.BytesIO(data))), mask)
    assert encode(runs_of(mask.astype(np.int64))).data == data


@pytest.mark.parametrize("high", [1, 300])
@pytest.mark.parametrize("wide", [1, 400])
def test_altui_reads_what_it_wrote(tmp_path: Path, high: int, wide: int) -> None:
    mask = np.repeat(np.random.default_rng(0).integers(0, high + 1, (40, 5)), wide, 1)
    encoded = encode(runs_of(mask))
    (tmp_path / "label.tif").write_bytes(encoded.data)
    with open_stack(tmp_path, "label.tif") as stack:
        assert np.array_equal(stack.read(0), mask)
        assert stack.dtype == (np.uint8 if high == 1 else np.uint16)
    assert np.array_equal(encoded.mask(), mask)


def test_crowded_masks_are_deflated() -> None:
    def compression(mask: Array) -> int:
        with tifffile.TiffFile(io.BytesIO(encode(runs_of(mask)).data)) as file:
            return int(file.series[0].keyframe.compression)

    noise = np.random.default_rng(0).integers(0, 4, (200, 200), np.uint8)
    assert compression(noise) == DEFLATE
    assert len(encode(runs_of(noise)).data) < noise.size / 2
    assert compression(np.repeat(noise, 40, 1)) == PACKBITS
