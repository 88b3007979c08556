"""OME-TIFFs with several images: the one that fits is the mask, by tifffile's own writer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from altui import Project
from altui.labels.formats.ome import series_of
from altui.slices import SliceId
from altui.volumes.base import Damaged
from tests.labels.conftest import SLICES, Array, label_of, right_mask

ONE = SliceId("screw1", 3)
RIGHT: Any = {"trust": True, "unasked": True}


def ome(path: Path, *images: Array, **how: Any) -> Path:
    with tifffile.TiffWriter(path, ome=True) as file:
        for number, pixels in enumerate(images):
            rgb = pixels.shape[-1] == 3
            axes = "YXS" if rgb else "TZYX"[-pixels.ndim :]
            file.write(
                pixels,
                photometric="rgb" if rgb else "minisblack",
                metadata={"axes": axes, "Name": f"image {number}"},
                **how,
            )
    return path


@pytest.fixture
def mask(project: Project) -> Array:
    return right_mask(project, ONE)


@pytest.fixture
def picture() -> Array:
    return np.random.default_rng(0).integers(0, 200, (80, 96)).astype(np.uint16)


def test_one_slice_beside_a_larger_picture(
    project: Project, back: Path, mask: Array, picture: Array
) -> None:
    ome(back / "screw1_z0003.ome.tif", picture, mask, picture[::4, ::4], compression="zlib")
    report = project.import_labels(back, **RIGHT)
    assert [(v.outcome, v.slice) for v in report.verdicts] == [("accepted", ONE)]
    assert np.array_equal(label_of(project, ONE), mask)
    assert any('series 2 "image 1" (1 page of 48 × 40) is read' in note for note in report.notes)


def test_a_sample_among_other_stacks(project: Project, back: Path, picture: Array) -> None:
    every = np.stack([right_mask(project, SliceId("screw1", i)) for i in range(SLICES)])
    ome(back / "screw1.ome.tif", np.stack([picture] * 3), every, every[:5], every[:, 1:])
    report = project.import_labels(back, **RIGHT)
    assert {v.outcome for v in report.verdicts} == {"accepted"}
    assert len(report.verdicts) == SLICES
    assert all(np.array_equal(label_of(project, SliceId("screw1", i)), every[i]) for i in (0, 7))


def test_the_rounds_stack(project: Project, tmp_path: Path, picture: Array) -> None:
    """Its slices are of different sizes, so that no stack can hold them: refused, not guessed."""
    bundle = project.export(tmp_path / "bundle")
    ome(bundle.folder / "all.ome.tif", np.zeros((3, 40, 48), np.uint8), picture)
    [verdict] = project.import_labels(bundle.folder, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "shape")


@pytest.mark.parametrize("first", [0, 1])
def test_several_that_fit(project: Project, back: Path, mask: Array, first: int) -> None:
    ome(back / "screw1_z0003.ome.tif", *(mask, mask * 0)[:: 1 - 2 * first])
    [verdict] = project.import_labels(back, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "ambiguous")
    assert 'series 1 "image 0" (1 page of 48 × 40), series 2 "image 1"' in verdict.message


def test_none_that_fits(project: Project, back: Path, picture: Array) -> None:
    ome(back / "screw1_z0003.ome.tif", picture, picture[::4, ::4])
    [verdict] = project.import_labels(back, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "shape")
    assert "series 2" in verdict.message
    assert "24 × 20" in verdict.message


def test_a_name_that_fits_nothing(project: Project, back: Path, mask: Array) -> None:
    ome(back / "other.ome.tif", mask, mask)
    [verdict] = project.import_labels(back, **RIGHT).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "no-such-slice")
    report = project.import_labels(
        ome(back / "other.ome.tif", np.stack([mask] * 3), mask), slice_id=ONE, **RIGHT
    )
    assert [(v.outcome, v.slice) for v in report.verdicts] == [("accepted", ONE)]


def test_a_series_that_cannot_be_read(project: Project, back: Path, mask: Array) -> None:
    """A colour picture of another size beside it, and channels: they are no candidates."""
    colours = np.zeros((40, 48, 3), np.uint8)
    ome(back / "screw1_z0003.ome.tif", colours[:20], mask, np.stack([[mask] * 2] * 2))
    report = project.import_labels(back, **RIGHT)
    assert [(v.outcome, v.slice) for v in report.verdicts] == [("accepted", ONE)]


IMAGE = '<Image Name="{0}"><Pixels SizeZ="{1}" SizeC="1" SizeT="1">{2}</Pixels></Image>'


def images(*given: tuple[int, str]) -> str:
    return "<OME>" + "".join(IMAGE.format(i, z, data) for i, (z, data) in enumerate(given))


@pytest.mark.parametrize(
    ("description", "pages"),
    [
        (images((3, '<TiffData IFD="0" PlaneCount="3"/>'), (2, '<TiffData IFD="3"/>')), "012 34"),
        (images((2, '<TiffData IFD="2"/><TiffData IFD="0"/>'), (1, '<TiffData IFD="1"/>')), "20 1"),
        (
            images(
                (2, '<TiffData IFD="2" FirstZ="1"/><TiffData IFD="0" FirstZ="0"/>'),
                (1, '<TiffData IFD="1"/>'),
            ),
            "02 1",
        ),
        (images((2, "<TiffData/>"), (1, '<TiffData IFD="4"></TiffData>')), "01 4"),
        (images((2, ""), (1, '<TiffData IFD="0"/>')), " 0"),
        (images((5, '<TiffData IFD="0"/>')), ""),
        ("<OME> Pixels Pixels", ""),
    ],
)
def test_pages_of_each_image(description: str, pages: str) -> None:
    found = series_of(description, 5)
    assert " ".join("".join(map(str, one.pages)) for one in found) == pages


@pytest.mark.parametrize(
    "data",
    [
        '<TiffData IFD="5"/>',
        '<TiffData IFD="0" PlaneCount="999999999"/>',
        '<TiffData IFD="0"/>' * 6,
        '<TiffData IFD="0"><UUID FileName="b.tif"/></TiffData>',
    ],
)
def test_pages_that_are_not_there(data: str) -> None:
    here = '<TiffData IFD="0"><UUID FileName="a.tif"/></TiffData>'
    with pytest.raises(Damaged):
        series_of(images((1, here), (1, data)), 5)
