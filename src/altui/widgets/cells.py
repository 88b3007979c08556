"""A grey image with classes and uncertainty over it, as coloured half cells or characters.

A half cell is the upper half block `▀`: its foreground is one sample, its background
the one below, so a cell of a usual font gives two square samples.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from altui.volumes.intensity import Window
from altui.widgets.layers import PLAIN, Frame, Layers, Look, Samples, framed
from altui.widgets.palette import (
    CLASS_COLOURS,
    GREYS,
    HEAT_FROM,
    OUTLINE_SHADE,
    PER_SHADE,
    SYMBOLS,
    Palette,
    colour_codes,
)
from altui.widgets.resample import NOT_DRAWN, area_mean, highest, outlined, rarest_class
from altui.widgets.runs import Codes, Values, strips_of, within_budget
from altui.widgets.terminal import CellStyle

RAMP: Final = " .:-=+*#%@"
CELL_ASPECT: Final = 2.0
NO_STYLE: Final = Style.null()
_CLEAR = -1000
# A half cell's value is class * _CLASS_STEP + grey level: classes never share a run.
_CLASS_STEP = 32
_HEAT = 256  # stands for a class; its levels are those of heat
_IDS = npt.NDArray[np.uint8]


def grid(columns: int, rows: int, style: CellStyle) -> tuple[int, int, float]:
    """The (columns, rows) of samples in so many cells, and how high one is by its width."""
    down = 1 if style == "ascii" else 2
    return columns, rows * down, CELL_ASPECT / down


def shrink(layers: Layers, frame: Frame, only: int | None = None) -> Samples:
    """The slow part of a picture: what is in `frame`, as its samples; `only`: one class.

    Raises AltuiError where the arrays have to be read again and cannot be.
    """
    shape, size = layers.shape, (frame.rows, frame.columns)
    image, classes, heat = layers.arrays
    grey = _mean(frame.cut(image, shape), size)
    ids = outlines = None
    if classes is not None:
        part = frame.cut(classes, shape)
        if only is not None:
            part = np.where(part == only, part, np.uint8(0))
        # The rarest class and the outlines win, so that a thin layer is seen at any size: rarest
        # by area, as a thin layer has two edges and what it encloses one, which is shorter.
        ids = rarest_class(part, *size)
        outlines = rarest_class(outlined(part), *size, counted=part)
    return Samples(
        grey, ids, outlines, None if heat is None else highest(frame.cut(heat, shape), *size)
    )


def shrunk(layers: Layers, frame: Frame, only: int | None = None) -> Samples:
    """`shrink`, remembered with the layers until another part or class is asked for."""
    found = layers.made.get((frame, only))
    if found is None:
        found = shrink(layers, frame, only)
        layers.made.clear()
        layers.made[frame, only] = found
    return found


def _mean(image: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    return image.astype(np.float32) if image.shape == size else area_mean(image, *size)


def half_blocks(
    image: npt.NDArray[Any],
    columns: int,
    rows: int,
    overlay: npt.NDArray[np.uint8] | None = None,
    palette: Palette = CLASS_COLOURS,
    style: CellStyle = "half-cell",
    dark: bool = True,
    ground: Style = NO_STYLE,
    heat: npt.NDArray[np.uint8] | None = None,
    look: Look = PLAIN,
) -> list[Strip]:
    """`rows` strips of `columns` cells: `image` (h, w) centred, its aspect ratio kept.

    `overlay` (h, w) has class ids; 0 and 255 stay clear, the rarest class in a sample
    shows. `dark` says that the terminal writes light on dark (for style "ascii"), `ground`
    is the style of what stays clear and of characters.
    """
    layers = Layers(image, overlay, heat)
    frame = framed(image.shape, *grid(columns, rows, style), look)
    samples = shrink(layers, frame, look.only)
    return draw(samples, columns, rows, look, palette, style, dark, ground)


def draw(
    samples: Samples,
    columns: int,
    rows: int,
    look: Look = PLAIN,
    palette: Palette = CLASS_COLOURS,
    style: CellStyle = "half-cell",
    dark: bool = True,
    ground: Style = NO_STYLE,
) -> list[Strip]:
    """The quick part of a picture: `samples` centred in columns × rows cells."""
    if style == "ascii":
        return _characters(samples, columns, rows, look, dark, ground)
    cells = within_budget(_cells(samples, columns, rows, look))
    return strips_of(_coded(cells, palette), ground)


def levels(grey: npt.NDArray[np.float32], window: Window, top: float) -> npt.NDArray[np.float32]:
    """Grey values as 0 (black) to `top` (white)."""
    scaled = (grey - np.float32(window.low)) * np.float32(top / (window.high - window.low))
    clipped: npt.NDArray[np.float32] = np.clip(scaled, 0, np.float32(top))
    return clipped


def drawn(ids: _IDS) -> npt.NDArray[np.bool_]:
    """Where an overlay covers the image."""
    return ~np.isin(ids, NOT_DRAWN)


def _characters(
    samples: Samples, columns: int, rows: int, look: Look, dark: bool, ground: Style
) -> list[Strip]:
    """One sample a cell. On paper-white, ink is dark: there the ramp runs the other way.

    Heat stands in for the image: characters cannot show both.
    """
    ids, heat = samples.shown(look)
    ramp = np.array(list(RAMP if dark else RAMP[::-1]))
    top = len(RAMP) - 1
    grey = levels(samples.grey, look.window, top) if heat is None else heat * (top / 255)
    text = ramp[np.rint(grey).astype(np.intp)]
    if ids is not None:
        symbols = np.array(list(SYMBOLS))
        over = drawn(ids)
        text[over] = symbols[(ids[over] - 1) % len(SYMBOLS)]
    height, width = text.shape
    above, left = (rows - height) // 2, (columns - width) // 2
    page = np.full((rows, columns), " ")
    page[above : above + height, left : left + width] = text
    return [Strip([Segment("".join(line), ground)], columns) for line in page]


def _cells(samples: Samples, columns: int, rows: int, look: Look) -> Values:
    """Values (2, rows, columns) of the upper and lower half cells; outside is _CLEAR."""
    values = levels(samples.grey, look.window, GREYS - 1)
    ids, heat = samples.shown(look)
    if heat is not None:
        hot = heat >= HEAT_FROM
        values[hot] = _CLASS_STEP * _HEAT + heat[hot] * np.float32((GREYS - 1) / 255)
    if ids is not None:
        over = drawn(ids)
        shade = np.clip(values // PER_SHADE, 0, (GREYS - 1) // PER_SHADE)
        if look.drawn == "outline":
            shade[:] = OUTLINE_SHADE
        values[over] = (_CLASS_STEP * ids.astype(np.float32) + PER_SHADE * shade)[over]
    height, width = values.shape
    top, left = (rows - (height + 1) // 2) // 2 * 2, (columns - width) // 2
    page = np.full((2 * rows, columns), _CLEAR, np.float32)
    page[top : top + height, left : left + width] = values
    return np.stack([page[0::2], page[1::2]])


def _coded(cells: Codes, palette: Palette) -> Codes:
    """Rounded values to 256-colour codes, -1 where the screen stays clear."""
    codes = colour_codes(palette)
    classes, level = np.divmod(np.maximum(cells, 0), _CLASS_STEP)
    tints = np.where(classes > 0, (classes - 1) % len(palette) + 1, 0)
    tints[classes == _HEAT] = -1
    return np.where(cells == _CLEAR, np.int16(-1), codes[tints, level])
