"""A folder of slices, or those a glob matches, as a stack."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from altui.text import count, plain
from altui.volumes.base import Damaged, Stack, naming
from altui.volumes.grey import require_alike
from altui.volumes.names import check_names, kind_of
from altui.volumes.png import PngStack
from altui.volumes.tiff import TiffStack


class FolderStack(Stack):
    """One file a slice; files are opened when they are read, and closed again."""

    def __init__(
        self, folder: Path, names: list[str], given: str, *, first_only: bool = False
    ) -> None:
        """Read every file's header, or of the `first_only`: the others' when they are read.
        `names` are relative to `folder` and naturally sorted; `given` is what the person wrote.
        Raises AltuiError.
        """
        with naming(partial(plain, given)):
            check_names(names)
        self.paths = tuple(folder / name for name in names)
        self.slices = len(names)
        with self._open(0) as one:
            self.height, self.width, self.dtype = one.height, one.width, one.dtype
        for index in range(0 if first_only else self.slices):
            with self._open(index) as one, naming(partial(self.where, index)):
                require_alike(self, one.dtype, one.height, one.width)

    def where(self, index: int) -> str:
        return f"{plain(self.paths[index])}, slice {index}"

    def _read(self, index: int) -> NDArray[Any]:
        with self._open(index) as one:
            return one.read(0)

    def _verify(self, index: int) -> None:
        with self._open(index) as one:
            require_alike(self, one.dtype, one.height, one.width)
            one.verify(0)

    def _open(self, index: int) -> Stack:
        """The file of one slice, as a stack of one. Raises AltuiError."""
        path = self.paths[index]
        if kind_of(os.path.basename(path)) == "PNG":
            return PngStack(path, first=index)
        one = TiffStack(path, first=index)
        if one.slices > 1:
            with naming(partial(plain, path)), one:
                raise Damaged(
                    f"holds {count(one.slices, 'slice')}, and it is one of "
                    f"{count(self.slices, 'file')} of a folder or glob",
                    "give the multi-page file itself, or one slice a file",
                )
        return one
