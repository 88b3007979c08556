"""Score components against their definitions, and memory that does not grow."""

import math
from pathlib import Path

import numpy as np
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st

from altui.worker.score import FOREGROUND_MARGIN, components_of, dilated


def probabilities(seed: int, slices: int = 2, classes: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(3 * torch.randn(slices, classes, 12, 15, generator=generator), 1)


@given(st.integers(0, 10_000))
def test_components_against_their_definitions(seed: int) -> None:
    p = probabilities(seed)
    p[0, 0, :, :9] += 5  # some background
    p /= p.sum(1, keepdim=True)
    predictions = p.argmax(1).to(torch.uint8)
    found = components_of(p, predictions)
    for index in range(len(p)):
        q = p[index].double().numpy()
        entropy = -(q * np.log(q)).sum(0) / math.log(3)
        near = np.zeros((12, 15), bool)
        for row, column in np.argwhere(predictions[index].numpy() != 0):
            near[
                max(row - FOREGROUND_MARGIN, 0) : row + FOREGROUND_MARGIN + 1,
                max(column - FOREGROUND_MARGIN, 0) : column + FOREGROUND_MARGIN + 1,
            ] = True
        share = np.bincount(predictions[index].numpy().ravel(), minlength=3) / near.size
        assert np.isclose(found["entropy_mean"][index], entropy.mean(), atol=1e-5)
        assert np.isclose(found["entropy_foreground"][index], entropy[near].mean(), atol=1e-5)
        assert np.allclose(found["class_fraction"][index], share, atol=1e-6)


def test_extremes_of_entropy() -> None:
    even = torch.full((1, 4, 8, 8), 0.25)
    certain = torch.zeros(1, 4, 8, 8)
    certain[:, 0] = 1
    for p, value in ((even, 1.0), (certain, 0.0)):
        found = components_of(p, p.argmax(1))
        assert found["entropy_mean"].item() == value
        # No foreground is predicted: then over all pixels.
        assert found["entropy_foreground"].item() == value


def test_dilation_grows_by_its_margin() -> None:
    one = torch.zeros(1, 20, 20, dtype=torch.bool)
    one[0, 10, 0] = True
    grown = dilated(one, 3)
    assert grown.sum() == 7 * 4
    assert grown[0, 7, 3]
    assert not grown[0, 6, 0]


def test_pages_are_written_one_by_one_through_a_nameless_file(tmp_path: Path) -> None:
    from altui.files import write_atomically
    from altui.worker.score import _write_pages

    masks = np.arange(3 * 40 * 50).reshape(3, 40, 50).astype(np.uint8)

    def write(file: object) -> None:
        handle = tifffile.FileHandle(file, name="x.tif", size=0)  # type: ignore[arg-type]
        with tifffile.TiffWriter(handle, bigtiff=True) as writer:
            for _ in range(4):
                _write_pages(writer, masks)

    write_atomically(tmp_path / "x.tif", write)
    assert (tifffile.imread(tmp_path / "x.tif") == np.concatenate([masks] * 4)).all()
