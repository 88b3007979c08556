"""Small sound files of every kind that altui reads, by the libraries that write them."""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

SHAPE = (12, 16)
STEM = "screw1_z0001"
MASK: npt.NDArray[np.uint8] = (np.arange(12 * 16).reshape(SHAPE) // 64).astype(np.uint8)
STACK = np.stack([MASK, MASK * 0, MASK])
TABLE = np.array([[0, 0, 0], [250, 50, 83], [51, 221, 255]], np.uint8)
LABELMAP = b"# label:color_rgb:parts:actions\nbackground:0,0,0::\nbone:250,50,83::\n"
DATA = Path(__file__).parents[1] / "labels" / "data"  # by CVAT's and Label Studio's own code


def tiffs() -> Iterator[bytes]:
    grey: dict[str, Any] = {"photometric": "minisblack"}
    lut = np.zeros((3, 256), np.uint16)
    ways: list[tuple[npt.NDArray[Any], dict[str, Any]]] = [
        (MASK, grey),
        (MASK.astype(">u2"), {**grey, "byteorder": ">"}),
        (MASK.astype(np.float32), {**grey, "compression": "zlib", "predictor": True}),
        (MASK.astype(np.int32), {**grey, "compression": "lzw"}),
        (MASK, {**grey, "compression": "lzw", "predictor": True, "rowsperstrip": 5}),
        (MASK, {**grey, "compression": "packbits"}),
        (MASK, {**grey, "compression": "zstd", "tile": (16, 16)}),
        (MASK, {**grey, "compression": "lzma"}),
        (MASK, {**grey, "compression": "jpeg"}),
        (MASK, {**grey, "bigtiff": True}),
        (MASK > 0, grey),
        (MASK, {"photometric": "palette", "colormap": lut, "compression": "packbits"}),
        (MASK, {"photometric": "miniswhite"}),
        (TABLE[MASK], {"photometric": "rgb", "compression": "zlib"}),
        (TABLE[MASK], {"photometric": "rgb", "compression": "lzw", "predictor": True}),
        (np.moveaxis(TABLE[MASK], 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        (
            np.stack([MASK] * 2 + [MASK.T[::-1].reshape(MASK.shape)]),
            {"photometric": "rgb", "planarconfig": "separate"},
        ),
        (STACK, grey),
        (STACK, {**grey, "compression": "zlib"}),
        (STACK, {"ome": True, "compression": "zlib", "metadata": {"axes": "ZYX"}}),
        (STACK, {"imagej": True, "metadata": {"axes": "ZYX", "Labels": [STEM, "a", "b"]}}),
    ]
    for pixels, how in ways:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, pixels, **how)
        yield buffer.getvalue()
    yield ome_in_series(STACK[:, ::2, ::2], MASK, STACK[:, 1:])
    yield ome_in_series(MASK, MASK)


def ome_in_series(*series: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, ome=True) as file:
        for number, pixels in enumerate(series):
            how = {"axes": "ZYX"[-pixels.ndim :], "Name": f"image {number}"}
            file.write(pixels, photometric="minisblack", compression="zlib", metadata=how)
    return buffer.getvalue()


def pngs() -> Iterator[bytes]:
    palette = Image.fromarray(MASK, "P")
    palette.putpalette(TABLE.tobytes())
    for image in (
        Image.fromarray(MASK),
        Image.fromarray(MASK.astype(np.uint16)),
        Image.fromarray(MASK > 0).convert("1"),
        palette,
        Image.fromarray(TABLE[MASK]),
        Image.fromarray(MASK).convert("RGBA"),
        Image.fromarray(MASK).convert("LA"),
    ):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        yield buffer.getvalue()


def npys() -> Iterator[bytes]:
    for array in (MASK, STACK.astype(">i4"), np.asfortranarray(STACK), MASK.astype(np.float64)):
        buffer = io.BytesIO()
        np.save(buffer, array)
        yield buffer.getvalue()


def niftis() -> Iterator[bytes]:
    nibabel = import_module("nibabel")  # untyped
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    yield nibabel.Nifti1Image(STACK.T, affine).to_bytes()
    yield nibabel.Nifti1Image(STACK.T.astype(np.int16), None).to_bytes()
    yield nibabel.Nifti2Image(STACK.T, affine).to_bytes()


def nrrds() -> Iterator[bytes]:
    import nrrd

    place = {"space": "left-posterior-superior", "space directions": np.eye(3)}
    segments = {
        f"Segment0_{key}": value
        for key, value in zip(
            ("ID", "Name", "LabelValue", "Layer"), ("S_1", "bone", "1", "0"), strict=True
        )
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.nrrd"
        for encoding, header in (
            ("raw", place),
            ("gzip", place),
            ("bzip2", {}),
            ("raw", {**place, **segments}),
            ("gzip", {**place, **segments}),
        ):
            nrrd.write(str(path), STACK.T % 2, {**header, "encoding": encoding})
            yield path.read_bytes()


def jsons() -> Iterator[bytes]:
    from pycocotools import mask

    yield (DATA / "label_studio.json").read_bytes()
    [task] = json.loads((DATA / "label_studio.json").read_bytes())
    strokes = [
        {**one["value"], "original_width": 48, "original_height": 40}
        for one in task["annotations"][0]["result"]
    ]
    minimal = {"id": 7, "annotation_id": 5, "image": task["data"]["image"], "tag": strokes}
    yield json.dumps([minimal]).encode()
    height, width = SHAPE
    spelled = mask.encode(np.asfortranarray(MASK == 1, np.uint8))
    runs: list[Any] = [
        [[1, 1, 9, 1, 9, 9.5, 1, 9]],
        {"size": [height, width], "counts": spelled["counts"].decode()},
        {"size": [height, width], "counts": [20, 100, height * width - 120]},
    ]
    document = {
        "images": [{"id": 1, "file_name": STEM + ".png", "height": height, "width": width}],
        "categories": [{"id": 3, "name": "bone"}, {"id": 4, "name": "implant"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 3 + i % 2, "segmentation": one}
            for i, one in enumerate(runs)
        ],
    }
    yield json.dumps(document).encode()


def archives(zipped: bool) -> Iterator[bytes]:
    inner = {
        f"round/{STEM}.png": next(pngs()),
        "round/labelmap.txt": LABELMAP,
        "round/manifest.json": manifest(),
        "screw1/z0002.tif": next(tiffs()),
    }
    buffer = io.BytesIO()
    if zipped:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in inner.items():
                archive.writestr(name, data)
        yield buffer.getvalue()
        yield (DATA / "cvat.zip").read_bytes()
        yield (DATA / "label_studio_png.zip").read_bytes()
        return
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
            for name, data in {**inner, "é" * 120 + ".png": b"x"}.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        yield buffer.getvalue()


def manifest() -> bytes:
    return json.dumps({
        "altui": "0.1.0", "project": "x", "round": 1, "created_at": "2026", "created_by": "x",
        "classes": ["background", "bone", "implant"], "ignore": 255,
        "slices": ["screw1:0", "screw1:1", "screw10:2"],
        "files": [{"path": "a.tif", "role": "premask", "sha256": hashlib.sha256().hexdigest()}],
    }).encode()  # fmt: skip


def names() -> Iterator[bytes]:
    for name in (STEM, "Screw10/slice 2 (1)", "mask_screw1-Z01_v2.ome", "screw1/1", "12_z03"):
        yield name.encode() + b".tif"


def database() -> bytes:
    """A project's, with one label."""
    from altui.store.connection import Store

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), "anna")
        with store.write() as transaction:
            event = transaction.event("import", 1, note="a.tif")
            transaction.insert(
                "labels", event=event, sample="screw1", slice_index=1, sha256="0" * 64,
                path=".altui/labels/00/" + "0" * 64 + ".tif", source="a.tif", source_sha256="",
                annotator="", tool="", minutes=None, original="",
            )  # fmt: skip
        return store.path.read_bytes()


def seeds() -> dict[str, list[bytes]]:
    """By kind: the files, or what is in them where a checksum or compression goes around it."""
    tars = list(archives(False))
    volumes = list(niftis())
    return {
        "tif": list(tiffs()),
        "png": list(pngs()),
        "npy": list(npys()),
        "nii": volumes,
        "nii.gz": volumes,
        "nrrd": list(nrrds()),
        "json": list(jsons()),
        "zip": list(archives(True)),
        "tar": tars,
        "tar.gz": [gzip.compress(one, 1) for one in tars],
        "labelmap": [LABELMAP],
        "manifest": [manifest()],
        "name": list(names()),
        "stack.tif": list(tiffs()),
        "stack.png": list(pngs()),
        "backup": [database()],
    }
