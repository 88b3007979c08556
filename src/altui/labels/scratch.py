"""Room for what archives and compressed volumes unpack to, as long as one import lasts.

Nothing in it has a name that came from outside, and there is a bound on all of it.
"""

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from altui.labels.verdict import Refusal
from altui.text import plain

PIECE = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)  # in archives: the same files, the same bytes
XZ_MEMORY = 1 << 28  # an .xz file says how much memory its decoder takes


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Scratch:
    """A temporary folder, made when first needed; `room` is in bytes."""

    def __init__(self, room: int) -> None:
        self._left = self.room = room
        self._folder: Path | None = None
        self._kept: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def keep(self, source: Readable) -> Path:
        """A new file of the bytes of `source`.

        Raises Refusal where they are more than there is room for, here or on the disk.
        """
        target = self._new()
        try:
            with target.open("wb") as file:
                while piece := source.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise too_large(self.room)
                    with _writing(target.parent):
                        file.write(piece)
        except BaseException:
            self._left += target.stat().st_size
            target.unlink()
            raise
        return target

    def packed(self, files: Iterable[tuple[str, Path]]) -> Path:
        """A new zip of files, by the names that they are to have there. Raises Refusal, OSError."""
        target = self._new()
        with zipfile.ZipFile(target, "w") as archive:
            for name, path in files:
                self._left -= path.stat().st_size
                if self._left < 0:
                    raise too_large(self.room)
                with (
                    path.open("rb") as source,
                    _writing(target.parent),
                    archive.open(zipfile.ZipInfo(name, EPOCH), "w", force_zip64=True) as inner,
                ):
                    shutil.copyfileobj(source, inner, PIECE)
        return target

    def unpacked(self, path: Path, start: int = 0) -> Path:
        """`path` itself, or, where it is compressed from byte `start` on, what it holds.

        Raises what `keep` does, and what the decoders do.
        """
        with path.open("rb") as file:
            file.seek(start)
            head = file.read(6)
            decoder = next((one for magic, one in DECODERS.items() if head.startswith(magic)), None)
            file.seek(start)
            if decoder is None and not start:
                return path
            if path not in self._kept:
                self._kept[path] = self.keep(decoder(file) if decoder else file)
            return self._kept[path]

    def _new(self) -> Path:
        if self._folder is None:
            with _writing(Path(tempfile.gettempdir())):
                self._folder = Path(tempfile.mkdtemp(prefix="altui-import-"))
        handle, name = tempfile.mkstemp(dir=self._folder)
        open(handle, "wb").close()
        return Path(name)


class _Xz:
    """`lzma.LZMAFile` with a bound on memory; reads one stream."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._decoder = lzma.LZMADecompressor(memlimit=XZ_MEMORY)

    def read(self, size: int) -> bytes:
        while not self._decoder.eof:
            more = self._raw.read(PIECE) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not more:
                raise EOFError("the file ends before its compressed data does")
            if piece := self._decoder.decompress(more, size):
                return piece
        return b""


def _gzip(raw: BinaryIO) -> Readable:
    return gzip.GzipFile(fileobj=raw)


DECODERS: dict[bytes, Callable[[BinaryIO], Readable]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": _Xz,
}


def too_large(room: int) -> Refusal:
    return Refusal(
        "too-large",
        f"unpacks to more than {room / 1e9:.1f} GB, far more than this project's masks can be; "
        "unpack it yourself, look, and import the masks",
    )


@contextmanager
def _writing(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refusal(
            "no-room",
            f"cannot be unpacked to {plain(where)}: {error.strerror}; free some space there, or "
            "set TMPDIR to a folder on a larger disk",
        ) from None
