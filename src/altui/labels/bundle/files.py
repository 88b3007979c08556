"""The files of one bundle as they are written, each with its hash for the manifest."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.files import make_folder, sha256_of, share
from altui.labels.manifest import Entry, Role
from altui.slices import SliceId

EPOCH = (1980, 1, 1, 0, 0, 0)  # in archives: the same bundle, the same bytes


class Files:
    """Writes into a folder; keeps an entry for every file, in the order of writing."""

    def __init__(self, folder: Path, name: str) -> None:
        """`name`: that the folder will have where it goes to."""
        self.folder = folder
        self.name = name
        self.entries: list[Entry] = []

    def directory(self, name: str) -> None:
        """One that may stay empty, for masks to be saved in. Raises OSError."""
        make_folder(self.folder / name)

    def add(
        self, name: str, role: Role, write: Callable[[Path], object], of: SliceId | None = None
    ) -> None:
        """Have `write` make the file. Raises OSError."""
        path = self.folder / name
        make_folder(path.parent)
        write(path)
        share(path)
        self._note(name, role, sha256_of(path), of)

    def text(self, name: str, role: Role, text: str) -> None:
        """UTF-8, with line ends that every system's editors show."""
        self.add(name, role, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))

    @contextmanager
    def archive(self, name: str) -> Iterator["Archive"]:
        """A zip whose members have entries of their own: they may come back unpacked."""
        path = self.folder / name
        make_folder(path.parent)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            yield Archive(opened, lambda *noted: self._note(f"{name}/{noted[0]}", *noted[1:]))
        share(path)
        self._note(name, "tool", sha256_of(path), None)

    def _note(self, name: str, role: Role, digest: str, of: SliceId | None) -> None:
        self.entries.append(
            Entry(path=name, role=role, sha256=digest, slice=str(of) if of else None)
        )


class Archive:
    """Members of a zip; pictures are compressed already."""

    def __init__(
        self, opened: zipfile.ZipFile, note: Callable[[str, Role, str, SliceId | None], None]
    ) -> None:
        self._zip, self._note = opened, note

    def add(self, name: str, role: Role, data: bytes, of: SliceId | None = None) -> None:
        info = zipfile.ZipInfo(name, EPOCH)
        info.external_attr = 0o644 << 16
        info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".txt") else zipfile.ZIP_STORED
        self._zip.writestr(info, data)
        self._note(name, role, hashlib.sha256(data).hexdigest(), of)


def write_tiff(path: Path, image: npt.NDArray[Any], compression: str | None = None) -> None:
    """Without metadata, and without compression unless asked: what every tool opens."""
    import tifffile

    tifffile.imwrite(path, image, photometric="minisblack", metadata=None, compression=compression)


def as_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """(height, width) grey or (height, width, 3) RGB as the bytes of a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def as_csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
