"""What there is to see of a slice, how to look at it, and which part of it is in view."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from altui.volumes.intensity import Window

Overlay = Literal["fill", "outline", "off"]
OVERLAYS: Final[tuple[Overlay, ...]] = ("fill", "outline", "off")
ZOOM_STEP: Final = 1.5
CLOSEST: Final = 8.0  # samples that a pixel is shown with at most, along each side
_Ids = npt.NDArray[np.uint8]
EIGHT_BIT: Final = Window(0.0, 255.0)


class Arrays(NamedTuple):
    """What `Layers` are made of."""

    image: npt.NDArray[Any]
    classes: _Ids | None = None
    heat: _Ids | None = None


class Layers:
    """`image`: (h, w) finite grey values of any real type. `classes`: (h, w) uint8 class ids over
    it. `heat`: uint8, 255 for the greatest, of any shape: it covers the same area. `made`: what
    was made of them last, by the part in view and the one class, if only one was drawn.

    With `again`, which reads them, the arrays can be forgotten, and come back when asked for:
    what was made of them is a hundredth of their size. Raises ValueError for anything else.
    """

    def __init__(
        self,
        image: npt.NDArray[Any],
        classes: _Ids | None = None,
        heat: _Ids | None = None,
        again: Callable[[], Arrays] | None = None,
    ) -> None:
        if image.ndim != 2 or not image.size or image.dtype.kind not in "uif":
            raise ValueError(f"not a grey image: {image.dtype} {image.shape}")
        if classes is not None and (classes.shape != image.shape or classes.dtype != np.uint8):
            raise ValueError(f"classes {classes.shape} do not cover image {image.shape}")
        if heat is not None and (heat.ndim != 2 or not heat.size or heat.dtype != np.uint8):
            raise ValueError(f"not a map of uncertainty: {heat.dtype} {heat.shape}")
        self.shape: tuple[int, int] = (image.shape[0], image.shape[1])
        self.has_classes, self.has_heat = classes is not None, heat is not None
        self.made: dict[tuple[Frame, int | None], Samples] = {}
        self._arrays: Arrays | None = Arrays(image, classes, heat)
        self._again = again

    @property
    def arrays(self) -> Arrays:
        """Not in the thread that answers keys: they may have to be read. Raises AltuiError."""
        found = self._arrays
        if found is None:
            assert self._again is not None
            found = self._arrays = self._again()
        return found

    @property
    def nbytes(self) -> int:
        """Of the arrays that are there."""
        return sum(array.nbytes for array in self._arrays or () if array is not None)

    def forget(self) -> None:
        """Let go of the arrays until they are asked for."""
        if self._again is not None:
            self._arrays = None


@dataclass(frozen=True)
class Look:
    """How to look at a slice.

    `only`: the one class to draw; `zoom`: 1 shows all of it; `centre`: the row and column in the
    middle, as shares of the slice; `window`: the grey values of black and white.
    """

    overlay: Overlay = "fill"
    heat: bool = False
    only: int | None = None
    zoom: float = 1.0
    centre: tuple[float, float] = (0.5, 0.5)
    window: Window = EIGHT_BIT

    @property
    def drawn(self) -> Overlay:
        """Over heat, classes are outlined: filled, they would hide it."""
        return "outline" if self.heat and self.overlay == "fill" else self.overlay


PLAIN: Final = Look()


class Samples(NamedTuple):
    """A slice at the resolution of the screen: mean grey (h, w) in the image's own unit, class
    ids, ids of outlines, and heat (h, w) from 0 to 255.
    """

    grey: npt.NDArray[np.float32]
    classes: _Ids | None = None
    outlines: _Ids | None = None
    heat: _Ids | None = None

    def shown(self, look: Look) -> tuple[_Ids | None, _Ids | None]:
        """The class ids and the heat that `look` asks for."""
        ids = {"fill": self.classes, "outline": self.outlines, "off": None}[look.drawn]
        return ids, self.heat if look.heat else None


@dataclass(frozen=True)
class Frame:
    """The part of a slice in view, in pixels, and the (rows, columns) of samples that show it."""

    top: int
    left: int
    height: int
    width: int
    rows: int
    columns: int

    def cut(self, array: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[Any]:
        """Its part of an array that covers a slice of `shape`, at whatever resolution."""
        (high, wide), (height, width) = array.shape, shape
        top, bottom = self.top * high // height, -(-(self.top + self.height) * high // height)
        left, right = self.left * wide // width, -(-(self.left + self.width) * wide // width)
        return array[top:bottom, left:right]


def framed(
    shape: tuple[int, int], columns: int, rows: int, sample_aspect: float, look: Look = PLAIN
) -> Frame:
    """What `look` shows of a slice of `shape` on columns × rows samples, undistorted.

    A sample is `sample_aspect` times as high as wide. Zoomed in, all samples are used.
    """
    height, width = shape
    zoom = min(max(look.zoom, 1.0), closest_zoom(shape, columns, rows, sample_aspect))
    step = _fit(shape, columns, rows, sample_aspect) / zoom
    seen_height = min(float(height), rows * sample_aspect * step)
    seen_width = min(float(width), columns * step)
    top = min(max(look.centre[0] * height - seen_height / 2, 0), height - seen_height)
    left = min(max(look.centre[1] * width - seen_width / 2, 0), width - seen_width)
    pixels = max(round(seen_height), 1), max(round(seen_width), 1)
    return Frame(
        min(round(top), height - pixels[0]),
        min(round(left), width - pixels[1]),
        *pixels,
        min(max(round(seen_height / step / sample_aspect), 1), rows),
        min(max(round(seen_width / step), 1), columns),
    )


def closest_zoom(shape: tuple[int, ...], columns: int, rows: int, sample_aspect: float) -> float:
    """The zoom at which each pixel of a slice is seen by itself, and large."""
    return max(_fit(shape, columns, rows, sample_aspect) * CLOSEST, 1.0)


def _fit(shape: tuple[int, ...], columns: int, rows: int, sample_aspect: float) -> float:
    """Pixels along a sample's width where all of the slice is in view."""
    return max(shape[1] / columns, shape[0] / (rows * sample_aspect))


def whole(shape: tuple[int, int]) -> Frame:
    """All of a slice, pixel by pixel."""
    return Frame(0, 0, *shape, *shape)


def panned(look: Look, frame: Frame, shape: tuple[int, int], down: float, right: float) -> Look:
    """Moved by a share of what is in view; never beyond the slice."""
    height, width = shape
    row = _inside(frame.top + (0.5 + down) * frame.height, frame.height, height)
    column = _inside(frame.left + (0.5 + right) * frame.width, frame.width, width)
    return replace(look, centre=(row / height, column / width))


def _inside(middle: float, seen: int, size: int) -> float:
    return min(max(middle, seen / 2), size - seen / 2)
