"""Label volumes as ITK-SNAP, 3D Slicer and numpy write them; the axes above all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from altui import Project
from altui.labels.verdict import Refusal
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Array, right_mask
from tests.labels.reading import ids, read_all
from tests.labels.test_tools import assert_labelled

ITK = np.diag([-0.5, -0.5, 0.5, 1.0])  # how ITK's identity looks in NIfTI
VOLUME = np.arange(5 * 4 * 3).reshape(3, 4, 5).astype(np.uint8) % 4  # (z, y, x)


def planes(path: Path) -> Array:
    return np.stack([pixels.values for pixels in read_all(path)])


def code(path: Path) -> str:
    with pytest.raises(Refusal) as caught:
        read_all(path)
    return caught.value.code


def nifti(path: Path, volume: Array, affine: Array | None = ITK) -> Path:
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(volume.transpose(range(volume.ndim)[::-1]), affine), path)
    return path


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_nifti(tmp_path: Path, ending: str, dtype: str) -> None:
    path = nifti(tmp_path / f"screw1.{ending}", VOLUME.astype(dtype))
    assert np.array_equal(planes(path), VOLUME)


def test_nifti_2(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti2Image(VOLUME.T, ITK), tmp_path / "m.nii")
    assert np.array_equal(planes(tmp_path / "m.nii"), VOLUME)


def test_nifti_of_one_slice(tmp_path: Path) -> None:
    for volume in (VOLUME[0], VOLUME[:1], VOLUME[None, :1]):
        assert np.array_equal(planes(nifti(tmp_path / "m.nii", volume)), VOLUME[:1])


def test_nifti_with_a_scale(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(VOLUME.T.astype(np.int16), ITK)
    image.header.set_slope_inter(2, 1)
    nibabel.save(image, tmp_path / "m.nii")
    assert np.array_equal(planes(tmp_path / "m.nii"), 2 * VOLUME + 1)


@pytest.mark.parametrize(
    ("signs", "reads"),
    [((-1, -1, 1), True), ((1, 1, 1), True), ((1, -1, 1), False), ((-1, 1, 1), False)]
    + [((-1, -1, -1), False), ((1, 1, -1), False)],
)
def test_directions(tmp_path: Path, signs: tuple[int, int, int], reads: bool) -> None:
    path = nifti(tmp_path / "m.nii", VOLUME, np.diag([*signs, 1.0]))
    if reads:
        assert np.array_equal(planes(path), VOLUME)
    else:
        assert code(path) == "directions"


def test_exchanged_axes(tmp_path: Path) -> None:
    assert code(nifti(tmp_path / "m.nii", VOLUME, ITK[[2, 1, 0, 3]])) == "directions"


def test_nifti_says_nothing_of_directions(tmp_path: Path) -> None:
    path = nifti(tmp_path / "m.nii", VOLUME, affine=None)
    assert np.array_equal(planes(path), VOLUME)


LPS = {"space": "left-posterior-superior", "space directions": np.diag([0.5, 0.5, 0.5])}
SEGMENTS = {
    "Segment0_ID": "Segment_1",
    "Segment0_Name": "Bone",
    "Segment0_LabelValue": "1",
    "Segment0_Layer": "0",
    "Segment1_ID": "Segment_2",
    "Segment1_Name": "implant",
    "Segment1_LabelValue": "2",
    "Segment1_Layer": "0",
}


def nrrd(path: Path, volume: Array, header: dict[str, Any] | None = None) -> Path:
    """As pynrrd writes it: the array's axes are (x, y, z)."""
    library = pytest.importorskip("nrrd")
    library.write(str(path), volume.transpose(range(volume.ndim)[::-1]), header or LPS)
    return path


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
@pytest.mark.parametrize("dtype", ["uint8", ">i2", "int64", "float64"])
def test_nrrd(tmp_path: Path, encoding: str, dtype: str) -> None:
    path = nrrd(tmp_path / "m.nrrd", VOLUME.astype(dtype), {**LPS, "encoding": encoding})
    assert np.array_equal(planes(path), VOLUME)


def test_slicer_segments(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "m.seg.nrrd", VOLUME % 3, {**LPS, **SEGMENTS})
    found = [ids(pixels) for pixels in read_all(path)]
    assert np.array_equal(found, np.array([0, 1, 3])[VOLUME % 3]), "by name, not by value"


def test_slicer_layers(tmp_path: Path) -> None:
    library = pytest.importorskip("nrrd")
    layers = np.stack([VOLUME.T > 0, VOLUME.T > 1]).astype(np.uint8)
    header: dict[str, Any] = {**SEGMENTS, "Segment1_LabelValue": "1", "Segment1_Layer": "1"}
    header |= {
        "space": "left-posterior-superior",
        "space directions": np.vstack([[np.nan] * 3, np.diag([1.0, 1.0, 1.0])]),
        "kinds": ["list", "domain", "domain", "domain"],
    }
    library.write(str(tmp_path / "m.seg.nrrd"), layers, header)
    found = [ids(pixels) for pixels in read_all(tmp_path / "m.seg.nrrd")]
    assert np.array_equal(found, np.array([0, 1, 3, 3])[VOLUME])


def test_slicer_cropped(tmp_path: Path) -> None:
    """By segments, which say that the rest is not labelled; not by values alone."""
    header = {**LPS, "Segmentation_ReferenceImageExtentOffset": "3 4 0"}
    assert code(nrrd(tmp_path / "m.seg.nrrd", VOLUME % 3, header)) == "shape"
    assert read_all(nrrd(tmp_path / "m.seg.nrrd", VOLUME % 3, {**header, **SEGMENTS}))


def test_nrrd_turned(tmp_path: Path) -> None:
    turned = {**LPS, "space directions": np.diag([1.0, -1.0, 1.0])}
    assert code(nrrd(tmp_path / "m.nrrd", VOLUME, turned)) == "directions"


def test_nrrd_that_altui_does_not_read(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "m.nrrd", VOLUME, {**LPS, "encoding": "ascii"})
    assert code(path) == "format"
    path = nrrd(tmp_path / "m.nrrd", VOLUME)
    path.write_bytes(path.read_bytes()[:-9])
    assert code(path) == "unreadable"
    elsewhere = path.read_bytes().replace(b"endian:", b"data file: /etc/passwd\nendian:", 1)
    path.write_bytes(elsewhere)
    assert code(path) in ("format", "unreadable")


@pytest.mark.parametrize("dtype", ["bool", "uint8", ">i4", "int64", "float32"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path: Path, dtype: str, order: Any) -> None:
    volume = (VOLUME > 1 if dtype == "bool" else VOLUME).astype(dtype)
    np.save(tmp_path / "m.npy", np.asarray(volume, order=order))
    assert np.array_equal(planes(tmp_path / "m.npy"), volume)
    np.save(tmp_path / "m.npy", np.asarray(volume[0], order=order))
    assert np.array_equal(planes(tmp_path / "m.npy"), volume[:1])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_npy_with_channels(tmp_path: Path, channels: int) -> None:
    mask = np.arange(35, dtype=np.uint8).reshape(5, 7)
    stacked = np.stack([mask] * channels, axis=-1)
    stacked[..., 3:] = 255
    np.save(tmp_path / "m.npy", stacked)
    [pixels] = read_all(tmp_path / "m.npy")
    wanted = mask if channels == 1 else stacked[..., :3]
    assert np.array_equal(pixels.values, wanted)
    if channels > 1:
        np.save(tmp_path / "m.npy", stacked.astype(np.float64))
        with pytest.raises(Refusal, match="8 bits a channel"):
            read_all(tmp_path / "m.npy")


def test_npy_of_python_2(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "m.npy", VOLUME)
    raw = (tmp_path / "m.npy").read_bytes()
    (tmp_path / "m.npy").write_bytes(raw.replace(b"(3, 4, 5), }   ", b"(3L, 4L, 5L), }"))
    assert np.array_equal(planes(tmp_path / "m.npy"), VOLUME)
    assert capfd.readouterr() == ("", "")


def test_npy_is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array([[print, None]], object), allow_pickle=True)
    assert code(tmp_path / "m.npy") == "format"
    np.save(tmp_path / "m.npy", np.zeros((3, 3), [("a", "u1")]))
    assert code(tmp_path / "m.npy") == "format"
    np.save(tmp_path / "m.npy", np.zeros((2, 2, 3, 3), np.uint8))
    assert code(tmp_path / "m.npy") == "shape"


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "npy"])
def test_all_the_way_in(project: Project, back: Path, ending: str) -> None:
    """A whole sample, of which only some slices are labelled."""
    one = project.proposals().slate.approved[0]
    volume = np.zeros((SLICES, *right_mask(project, one).shape), np.uint8)
    volume[one.index] = right_mask(project, one)
    path = back / f"{one.sample}-segmentation.{ending}"
    if ending == "npy":
        np.save(path, volume)
    elif ending == "nrrd":
        nrrd(path, volume)
    else:
        nifti(path, volume)
    project.import_labels(back)
    assert_labelled(project, SliceId(one.sample, one.index))
