"""Reading one file of any kind as altui does; whatever is wrong with it is altui's own error."""

import hashlib
import io
import json
import os
import shutil
import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from altui.config import Config
from altui.errors import AltuiError
from altui.labels.archive import CONFIG, DATABASE_NAME, MANIFEST, Entry, Writer
from altui.labels.counting import from_one
from altui.labels.formats.base import Masks
from altui.labels.names import find_slice, sample_alone
from altui.labels.read import Reader
from altui.labels.restore import restore
from altui.labels.returned import Returned, returned_files
from altui.labels.scratch import Scratch
from altui.labels.series import labelled_series
from altui.labels.verdict import Refusal
from altui.labels.which import Samples, slices_of
from altui.slices import SliceId
from altui.text import UNPRINTABLE, plain
from altui.volumes.check import check_stack
from altui.volumes.stack import open_stack
from altui.workspace import Header
from tests.fuzz.damage import mended
from tests.fuzz.seeds import MASK, SHAPE, STEM

ROOM = 1 << 22  # bytes that archives may unpack to
FEW = 6  # masks of a file
SAMPLES = Samples({"screw1": 3, "screw10": 3, "12": 9}, {"screw2": "test"})
OF_DATA = (40, 48)  # the files of CVAT's and Label Studio's own code
CONFIG_READ = Config.model_validate({
    "project": {"name": "x"},
    "classes": {"names": ["background", "bone", "implant"]},
    "samples": [
        {"name": "screw1", "split": "train", "images": "a.tif"},
        {"name": "screw2", "split": "test", "images": "b.tif", "masks": "m.tif"},
    ],
    "import": {"colours": {"#fa3253": "bone", "#33ddff": "implant", "#000000": 0}},
})  # fmt: skip


def read(kind: str, data: bytes, folder: Path) -> str:
    """How it ends, in one word: `read`, or the code of a refusal. Raises what is not altui's
    own error, and AssertionError for an answer that is wrong.

    `folder` is empty, and emptied again.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", DeprecationWarning)  # which Python does not show
        try:
            end = _read(kind, mended(kind, data), folder)
        except Refusal as refusal:
            end = _in_words(refusal.message, refusal.code)
        except AltuiError as error:
            end = _in_words(error.message + error.hint, "error")
        finally:
            _empty(folder)
    assert not told, f"Python would have warned on the terminal: {told[0].message}"
    return end


def _read(kind: str, data: bytes, folder: Path) -> str:
    if kind == "name":
        return _name(data)
    if kind == "backup":
        return _restore(data, folder)
    if kind.startswith("stack."):
        return _stack(folder, kind, data)
    if kind in ("labelmap", "manifest"):
        beside = {"labelmap": "labelmap.txt", "manifest": "manifest.json"}[kind]
        (folder / beside).write_bytes(data)
        np.save(folder / f"{STEM}.npy", MASK)
        return _masks(folder)
    path = folder / f"{STEM}.{kind}"
    path.write_bytes(data)
    return _masks(path)


def _masks(path: Path) -> str:
    ends: Counter[str] = Counter()
    with Scratch(ROOM) as scratch:
        found = returned_files([path], scratch)
        for verdict in found.verdicts:
            _in_words(verdict.file + verdict.code, verdict.code)
            json.dumps(verdict.to_json(), ensure_ascii=False).encode()
            ends[verdict.code] += 1
        for file in found.masks[:FEW]:
            reader = Reader(CONFIG_READ)
            try:
                masks = reader.open(file.source)
            except Refusal as refusal:
                ends[_in_words(refusal.message, refusal.code)] += 1
                continue
            with suppress(Refusal):
                for slice_id in _slices_of(file, masks)[:FEW]:
                    assert not isinstance(slice_id, SliceId) or slice_id.sample in SAMPLES.train
            for index in range(min(FEW, masks.count)):
                try:
                    size = OF_DATA if masks.shape(index) == OF_DATA else SHAPE
                    header = header_of("screw1", *size)
                    mask = reader.mask(file, masks, index, header)
                    assert mask.shape == size
                    assert np.issubdtype(mask.dtype, np.integer)
                    ends["read"] += 1
                except Refusal as refusal:
                    ends[_in_words(refusal.message, refusal.code)] += 1
    return "read" if ends["read"] else min(ends, default="nothing")


def _slices_of(file: Returned, masks: Masks) -> Sequence[Any]:
    if not masks.series:
        return slices_of(file, masks, SAMPLES, {}).slices
    headers = {name: header_of(name, *SHAPE) for name in SAMPLES.train}
    return labelled_series(masks, lambda part: slices_of(file, part, SAMPLES, {}), headers)[
        0
    ].slices


def header_of(name: str, height: int, width: int) -> Header:
    return Header(name, "train", 3, height, width, "uint8")


def _stack(folder: Path, kind: str, data: bytes) -> str:
    name = kind.replace("stack", "a")
    (folder / name).write_bytes(data)
    with open_stack(folder, name) as stack:
        for index in range(min(FEW, stack.slices)):
            image = stack.read(index)
            assert image.shape == (stack.height, stack.width)
            assert image.dtype == stack.dtype
        check_stack(stack)
    return "read"


def _name(data: bytes) -> str:
    file = PurePath(os.fsdecode(data.replace(b"\0", b"")))
    found = find_slice(file, *SAMPLES) if file.name else None
    from_one([file, file.with_name("screw1 3.png")] if file.name else [], *SAMPLES)
    sample_alone(file, [*SAMPLES.train])
    assert found is None or found.index < SAMPLES.train[found.sample]
    return "read"


def _restore(data: bytes, folder: Path) -> str:
    """A backup whose hashes are right, of a database that is damaged."""
    files = {CONFIG: b"[project]\n", DATABASE_NAME: data}
    entries = [
        Entry(path=name, size=len(one), sha256=hashlib.sha256(one).hexdigest())
        for name, one in files.items()
    ]
    said: dict[str, Any] = {"altui": "0", "created_at": "", "created_by": "", "host": ""}
    label = ".altui/labels/00/" + "0" * 64 + ".tif"
    said |= {"files": [entry.model_dump() for entry in entries], "left_out": [label]}
    text = json.dumps(said).encode()
    backup = folder / "b.tar"
    with backup.open("wb") as file:
        writer = Writer(file)
        digest = hashlib.sha256(text).hexdigest()
        for entry, one in zip(
            [Entry(path=MANIFEST, size=len(text), sha256=digest), *entries],
            [text, *files.values()],
            strict=True,
        ):
            writer.add(entry, io.BytesIO(one))
        writer.end()
    restore(backup, folder / "project")
    return "read"


def _in_words(message: str, code: str) -> str:
    raw = [char for char in plain(message) if unicodedata.category(char) in UNPRINTABLE]
    assert not raw
    assert "not enough memory" not in message
    return code


def _empty(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()
