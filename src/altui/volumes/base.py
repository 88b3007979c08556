"""What every stack offers, and the border at which foreign exceptions end."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from altui.errors import AltuiError
from altui.text import count, plain

# A header may claim any size, and memory is reserved before a pixel is decoded.
MAX_PIXELS = 1 << 28  # 16,384 x 16,384
COPY_AGAIN = "copy or export the file again"
REOPEN = "open the stack again"


class Damaged(Exception):
    """What is wrong with a file or slice; `naming` says which."""

    def __init__(self, message: str, hint: str = COPY_AGAIN) -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def naming(where: Callable[[], str]) -> Iterator[None]:
    """Turn whatever goes wrong inside into an AltuiError that begins with `where()`."""
    try:
        yield
    except AltuiError:
        raise
    except Exception as error:
        message, hint = _in_words(error)
        unforeseen = not isinstance(error, Damaged | OSError | MemoryError)
        raise AltuiError(f"{where()}: {message}", hint) from error if unforeseen else None


def _in_words(error: Exception) -> tuple[str, str]:
    """What went wrong, and what to do."""
    match error:
        case Damaged():
            return str(error), error.hint
        case PermissionError():
            return "no permission to read it", "ask its owner for access"
        case FileNotFoundError():
            return "not there, or a link to a file that is not there", "mend the path or the link"
        case OSError():
            return f"cannot be read: {plain(error.strerror or error)}", "see that the disk is there"
        case MemoryError():
            return "not enough memory to read it", "free some memory"
        case _:
            # Files are untrusted, and decoders raise whatever they meet first.
            detail = f"{type(error).__name__}: {plain(error)[:200]}"
            return f"cannot be decoded ({detail})", COPY_AGAIN


def check_size(height: int, width: int) -> None:
    """Raise Damaged for an image without pixels or with more than MAX_PIXELS."""
    if height <= 0 or width <= 0:
        raise Damaged("has no pixels")
    if height * width > MAX_PIXELS:
        raise Damaged(
            f"claims {width} x {height} pixels; altui reads up to {MAX_PIXELS:,} a slice",
            "check the file; tile or downsample larger images",
        )


class Stack(ABC):
    """The slices of one sample; use as a context manager, or close it.

    Every slice is a (height, width) array of `dtype`, in native byte order.
    Threads and forked processes may read one stack at the same time.
    """

    slices: int
    height: int
    width: int
    dtype: np.dtype[Any]
    paths: tuple[Path, ...]  # every file it is made of, as given
    _closed = False

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Every file it is made of, resolved: to see whether two stacks overlap."""
        return tuple(path.resolve() for path in self.paths)

    def read(self, index: SupportsIndex) -> NDArray[Any]:
        """Slice `index` as the caller's own (height, width) array of `dtype`.

        Raises AltuiError naming file and slice.
        """
        index = self._known(index)
        with naming(partial(self.where, index)):
            image = self._read(index)
            if image.shape != (self.height, self.width) or image.dtype != self.dtype:
                raise Damaged("changed while it was open", REOPEN)
            return image

    def verify(self, index: SupportsIndex) -> None:
        """Check what the headers say of slice `index`, without decoding its pixels.

        Raises AltuiError naming file and slice.
        """
        index = self._known(index)
        with naming(partial(self.where, index)):
            self._verify(index)

    def close(self) -> None:
        """Let go of the files; reading again is an error."""
        self._closed = True

    @abstractmethod
    def where(self, index: int) -> str:
        """The file and number of slice `index`, for messages."""

    @abstractmethod
    def _read(self, index: int) -> NDArray[Any]: ...

    @abstractmethod
    def _verify(self, index: int) -> None: ...

    def _known(self, index: SupportsIndex) -> int:
        number = operator.index(index)
        if not 0 <= number < self.slices:
            raise AltuiError(
                f"{plain(self.paths[0])}: no slice {number}: the stack has "
                f"{count(self.slices, 'slice')}",
                f"slices count from 0 to {self.slices - 1}",
            )
        if self._closed:
            raise AltuiError(f"{self.where(number)}: read after its stack was closed", REOPEN)
        return number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
