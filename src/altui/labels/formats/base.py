"""What a reader makes of a file: masks in order, none of them decoded yet."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.scratch import Scratch
from altui.labels.verdict import Refusal
from altui.text import plain
from altui.volumes.base import naming

LARGEST = 2**31  # no class id is near it
Shape = tuple[int, int]
Corner = tuple[int, int, int]  # slice, y, x
AS_PNG = "save the mask as PNG or TIFF"


@dataclass(frozen=True)
class Pixels:
    """A decoded mask in the file's own words; `labels/values.py` makes class ids of it."""

    values: npt.NDArray[Any]  # (height, width) numbers, or (height, width, 3) uint8 RGB
    names: Mapping[int, str] | None = None  # of the values, where the format names them
    palette: npt.NDArray[np.uint8] | None = None  # (n, 3): the values' colours
    clear: npt.NDArray[np.bool_] | None = None  # (height, width): wholly transparent


@dataclass(frozen=True)
class Masks:
    """`read(index)` decodes one of `count` masks; it raises whatever a decoder raises, which
    `refusing` turns into a Refusal.

    `shapes`, (height, width) each, are from the headers: a mask of another shape than its
    slice's is refused before memory is reserved for it. One shape may stand for all; None
    for a mask that `read` will refuse.
    """

    count: int
    shapes: tuple[Shape | None, ...]
    read: Callable[[int], Pixels]
    names: tuple[str, ...] = ()  # what each one is said to be of, in formats that tell
    notes: tuple[str, ...] = field(default=())
    minutes: tuple[float | None, ...] = ()  # of work on each, by the tool's own clock
    tool: str = ""  # what wrote the file, where that is told
    corner: Corner | None = None  # of what is cut out of its image
    image: Shape | None = None  # of which size that is, where it is told
    origin: Corner | None = None  # the same, where what is there does not cover its image
    series: tuple["Series", ...] = ()  # the images of which all masks are, one after the other

    def shape(self, index: int) -> Shape | None:
        return self.shapes[index] if len(self.shapes) > 1 else self.shapes[0]

    def minutes_of(self, index: int) -> float | None:
        return self.minutes[index] if self.minutes else None


@dataclass(frozen=True)
class Series:
    """One of several images in a file; `masks` is None where they cannot be read, by `fault`."""

    name: str
    pages: int
    masks: Masks | None
    fault: str = ""


@dataclass(frozen=True)
class Source:
    """A file's bytes at `path`, and where what it holds may be unpacked to; `suffix` is the
    end of the name that it came with, in lower case.
    """

    path: Path
    suffix: str
    scratch: Scratch
    parts: tuple[tuple[str, Path], ...] = ()  # one mask in several files, each of one label


Open = Callable[[Source], Masks]


def in_series(series: Sequence[Series]) -> Masks:
    """The masks of all that can be read, one after the other."""
    places = [(one.masks, i) for one in series if one.masks for i in range(one.masks.count)]
    return Masks(
        len(places),
        tuple(masks.shape(i) for masks, i in places),
        lambda index: places[index][0].read(places[index][1]),
        tool=next((masks.tool for masks, _ in places), ""),
        series=tuple(series),
    )


def whole_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.integer]:
    """Class ids from any number type. Raises Refusal for fractions, NaN and huge values."""
    if not np.issubdtype(values.dtype, np.floating):
        return values
    finite = np.isfinite(values)
    if not finite.all() or (values != np.rint(values)).any():
        low, high = (f(values[finite]) if finite.any() else np.nan for f in (np.min, np.max))
        raise Refusal(
            "float",
            f"holds fractions or no numbers ({values.dtype}, {low:g} to {high:g}), not class "
            "ids; it may be an image or a probability map",
        )
    if float(np.abs(values).max(initial=0)) > LARGEST:
        raise Refusal("values", "holds values far beyond any class id")
    return values.astype(np.int64)


def plane_of(
    path: Path,
    dtype: np.dtype[Any],
    start: int,
    shape: tuple[int, ...],
    index: tuple[Any, ...],
    *,
    fortran: bool,
) -> npt.NDArray[Any]:
    """A part of an array that lies in a file as it is in memory, in native byte order.

    Mapped anew each time, so that a volume that nobody reads holds no file open. Raises
    OSError, ValueError.
    """
    volume: npt.NDArray[Any] = np.memmap(
        path, dtype=dtype, mode="r", offset=start, shape=shape, order="F" if fortran else "C"
    )
    return np.array(volume[index], dtype.newbyteorder("="))


def missing(extra: str, what: str) -> Refusal:
    """For a format whose library is not installed."""
    return Refusal(
        "format", f"{what} needs another package: pip install 'altui[{extra}]'; or {AS_PNG}"
    )


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what a decoder raises into a Refusal that does not repeat the file's name."""
    try:
        with naming(lambda: plain(path)):
            try:
                yield
            except Refusal as refusal:
                raise _Through(refusal) from None
    except _Through as through:
        raise through.refusal from None
    except AltuiError as error:
        message = re.sub(rf"^{re.escape(plain(path))}(, slice \d+)?: ", "", error.message)
        raise Refusal("unreadable", "; ".join(filter(None, (message, error.hint)))) from None


class _Through(AltuiError):
    """A Refusal on its way through `naming`, which lets only AltuiError pass."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
