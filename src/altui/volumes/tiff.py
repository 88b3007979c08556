"""A TIFF or BigTIFF file as a stack."""

import mmap
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from altui.errors import AltuiError
from altui.text import count, plain
from altui.volumes.base import COPY_AGAIN, Damaged, Stack, check_size, naming
from altui.volumes.decode import Decoders
from altui.volumes.grey import dtype_of, require_alike
from altui.volumes.ifd import Break, read_dialect, read_pages
from altui.volumes.page import Dialect, Page, read_text
from altui.volumes.promise import promised
from altui.volumes.segments import locate, plain_bytes, run_at


class TiffStack(Stack):
    """The pages of one file, mapped into memory; a slice's bytes are read when it is.

    `first` numbers the only slice of a file that is part of a folder; `indices`: of pages
    with a colour table, the indices are the pixels.
    """

    def __init__(
        self,
        path: Path,
        first: int | None = None,
        *,
        indices: bool = False,
        directories: "Directories | None" = None,
    ) -> None:
        """Read the directories of every page, unless they have been. Raises AltuiError."""
        self.paths = (path,)
        self._first = first or 0
        whole = partial(plain, path) if first is None else partial(self.where, 0)
        with naming(whole):
            data, self._dialect, pages, broken = directories or read_directories(path)
            self._data: mmap.mmap | None = data
        self.slices = len(pages)
        with naming(partial(self.where, 0)):
            self.dtype = dtype_of(pages[0].form, indices)
            check_size(pages[0].form.height, pages[0].form.width)
            self.height, self.width = pages[0].form.height, pages[0].form.width
        with naming(whole):
            self._pages = self._complete(pages, broken)
            self.slices = len(self._pages)
        self._require_alike(indices)
        self._decoders = Decoders(path)
        # Later slices tend to lie further on: the last one tells a truncated file.
        try:
            self.verify(self.slices - 1)
        except AltuiError:
            for index in range(self.slices):
                self.verify(index)  # the first one that the file does not hold

    def close(self) -> None:
        super().close()
        # Dropped, not closed: a thread that is reading keeps it until it is done.
        self._data = None

    def where(self, index: int) -> str:
        return f"{plain(self.paths[0])}, slice {self._first + index}"

    def _read(self, index: int) -> NDArray[Any]:
        data, page = self._mapped(), self._pages[index]
        segments = locate(data, self._dialect, page)
        start = run_at(page, segments)
        if start is None:
            return self._decoders.decode(data, page, segments).astype(self.dtype, copy=False)
        stored = self.dtype.newbyteorder(self._dialect.order)
        # Copied at once: a view would end the process if the file shrank under it.
        view = np.ndarray((self.height, self.width), stored, data, start)
        return view.astype(self.dtype, copy=True)

    def _verify(self, index: int) -> None:
        locate(self._mapped(), self._dialect, self._pages[index])

    def _mapped(self) -> mmap.mmap:
        data = self._data
        if data is None:
            raise Damaged("read after its stack was closed", "open the stack again")
        if data.size() < len(data):
            raise Damaged("the file became shorter while it was open", COPY_AGAIN)
        return data

    def _complete(self, pages: list[Page], broken: Break | None) -> list[Page]:
        """A page for every slice. Raises Damaged where the file has fewer than it says."""
        data, form = self._mapped(), pages[0].form
        promise = None
        if description := pages[0].description:
            promise = promised(read_text(data, description), form.width * form.height)
        of = f" of {promise.slices}" if promise and promise.slices > 1 else ""
        if broken:
            raise Damaged(
                f"slice {self._first_lost(pages, broken)}{of} is missing: {broken.reason}"
            )
        if promise is None or len(pages) >= promise.slices:
            return pages
        start, step = self._run(pages[0]), plain_bytes(pages[0])
        end = promise.slices * step + (start or 0)
        if start is None or promise.by == "OME" or (len(pages) > 1 and pages[1].directory < end):
            raise Damaged(
                f"slice {len(pages)}{of} is missing: its {promise.by} metadata promises "
                f"{count(promise.slices, 'slice')}, and there are {len(pages)}",
                "export the stack again, in one file",
            )
        # ImageJ's way beyond 4 GB: one directory for a run of slices, one after the other.
        if end > len(data):
            raise Damaged(
                f"slice {(len(data) - start) // step}{of} is missing: truncated: its pixels should "
                f"be there up to byte {end:,}, but the file ends at byte {len(data):,}"
            )
        return [pages[0]._replace(shift=index * step) for index in range(promise.slices)]

    def _run(self, page: Page, index: int = 0) -> int | None:
        """Where a slice's pixels start, if they can be mapped. Raises AltuiError."""
        with naming(partial(self.where, index)):
            return run_at(page, locate(self._mapped(), self._dialect, page))

    def _first_lost(self, pages: list[Page], broken: Break) -> int:
        """The first slice that a broken chain of directories has lost.

        Raises AltuiError where that is a slice whose directory is still there.
        """
        starts = [self._run(page, index) for index, page in enumerate(pages)]
        start, step = starts[0], plain_bytes(pages[0])
        if len(pages) == 1 and start is not None:
            # All pixels before the other directories: those still there can be counted.
            held = (len(self._mapped()) - start) // step
            if held < (broken.position - start) // step:
                return held
        return len(pages)

    def _require_alike(self, indices: bool) -> None:
        """Raise AltuiError for the first slice that is unlike slice 0."""
        checked = {id(self._pages[0].form)}  # equal forms are one object
        for index, page in enumerate(self._pages):
            if id(page.form) in checked:
                continue
            with naming(partial(self.where, index)):
                require_alike(self, dtype_of(page.form, indices), page.form.height, page.form.width)
            checked.add(id(page.form))


class Directories(NamedTuple):
    """A file, mapped, and its pages, without thumbnails; and where their chain breaks."""

    data: mmap.mmap
    dialect: Dialect
    pages: list[Page]
    broken: Break | None


def read_directories(path: Path) -> Directories:
    """Raises OSError, Damaged."""
    data = map_file(path)
    dialect = read_dialect(data)
    pages, broken = read_pages(data, dialect)
    if not pages:
        raise Damaged(f"holds no page: {broken.reason}" if broken else "holds no page")
    return Directories(data, dialect, [page for page in pages if not page.reduced] or pages, broken)


def map_file(path: Path) -> mmap.mmap:
    """The file's bytes, mapped read-only. Raises OSError, Damaged."""
    if not path.is_file():
        path.stat()  # not there: the reason why
        raise Damaged("not a file", "give a TIFF, a folder of slices or a glob")
    with path.open("rb") as file:
        if not file.seek(0, 2):
            raise Damaged("the file is empty")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
