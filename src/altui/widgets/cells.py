"""A grey image and an overlay of classes, as coloured half cells or plain characters.

A half cell is the upper half block `▀`: its foreground is one sample, its background
the one below, so a cell of a usual font gives two square samples.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from altui.widgets.palette import CLASS_COLOURS, GREYS, PER_SHADE, SYMBOLS, Palette, colour_codes
from altui.widgets.resample import NOT_DRAWN, area_mean, fitted, rarest_class
from altui.widgets.runs import Codes, Values, strips_of, within_budget
from altui.widgets.terminal import CellStyle

RAMP: Final = " .:-=+*#%@"
CELL_ASPECT: Final = 2.0
NO_STYLE: Final = Style.null()
_CLEAR = -1000
# A half cell's value is class * _CLASS_STEP + grey level: classes never share a run.
_CLASS_STEP = 32


class Samples(NamedTuple):
    """An image at the resolution of the screen: mean grey (h, w) and class ids (h, w)."""

    grey: npt.NDArray[np.float32]
    classes: npt.NDArray[np.uint8] | None


def shrink(
    image: npt.NDArray[np.uint8],
    columns: int,
    rows: int,
    overlay: npt.NDArray[np.uint8] | None = None,
    style: CellStyle = "half-cell",
) -> Samples:
    """The slow part of a picture: (h, w) `image` and `overlay` to fit columns × rows cells."""
    down = 2 if style == "half-cell" else 1
    height, width = fitted(
        (image.shape[0], image.shape[1]), columns, rows * down, CELL_ASPECT / down
    )
    return Samples(
        area_mean(image, height, width),
        None if overlay is None else rarest_class(overlay, height, width),
    )


def half_blocks(
    image: npt.NDArray[np.uint8],
    columns: int,
    rows: int,
    overlay: npt.NDArray[np.uint8] | None = None,
    palette: Palette = CLASS_COLOURS,
    style: CellStyle = "half-cell",
    dark: bool = True,
    ground: Style = NO_STYLE,
) -> list[Strip]:
    """`rows` strips of `columns` cells: `image` (h, w) centred, its aspect ratio kept.

    `overlay` (h, w) has class ids; 0 and 255 stay clear, the rarest class in a sample
    shows. `dark` says that the terminal writes light on dark (for style "ascii"), `ground`
    is the style of what stays clear and of characters.
    """
    samples = shrink(image, columns, rows, overlay, style)
    return draw(samples, columns, rows, palette, style, dark, ground)


def draw(
    samples: Samples,
    columns: int,
    rows: int,
    palette: Palette = CLASS_COLOURS,
    style: CellStyle = "half-cell",
    dark: bool = True,
    ground: Style = NO_STYLE,
) -> list[Strip]:
    """The quick part of a picture: `samples` centred in columns × rows cells."""
    if style == "ascii":
        return _characters(samples, columns, rows, dark, ground)
    cells = within_budget(_cells(samples, columns, rows))
    return strips_of(_coded(cells, palette), ground)


def _characters(
    samples: Samples, columns: int, rows: int, dark: bool, ground: Style
) -> list[Strip]:
    """One sample a cell. On paper-white, ink is dark: there the ramp runs the other way."""
    ramp = np.array(list(RAMP if dark else RAMP[::-1]))
    text = ramp[np.rint(samples.grey * ((len(RAMP) - 1) / 255)).astype(np.intp)]
    if samples.classes is not None:
        drawn = ~np.isin(samples.classes, NOT_DRAWN)
        symbols = np.array(list(SYMBOLS))
        text[drawn] = symbols[(samples.classes[drawn] - 1) % len(SYMBOLS)]
    height, width = text.shape
    top, left = (rows - height) // 2, (columns - width) // 2
    page = np.full((rows, columns), " ")
    page[top : top + height, left : left + width] = text
    return [Strip([Segment("".join(line), ground)], columns) for line in page]


def _cells(samples: Samples, columns: int, rows: int) -> Values:
    """Values (2, rows, columns) of the upper and lower half cells; outside is _CLEAR."""
    values = samples.grey * np.float32((GREYS - 1) / 255)
    if samples.classes is not None:
        drawn = ~np.isin(samples.classes, NOT_DRAWN)
        shade = np.clip(values // PER_SHADE, 0, (GREYS - 1) // PER_SHADE)
        classes = samples.classes.astype(np.float32)
        values[drawn] = (_CLASS_STEP * classes + PER_SHADE * shade)[drawn]
    height, width = values.shape
    top, left = (rows - (height + 1) // 2) // 2 * 2, (columns - width) // 2
    page = np.full((2 * rows, columns), _CLEAR, np.float32)
    page[top : top + height, left : left + width] = values
    return np.stack([page[0::2], page[1::2]])


def _coded(cells: Codes, palette: Palette) -> Codes:
    """Rounded values to 256-colour codes, -1 where the screen stays clear."""
    codes = colour_codes(palette)
    classes, levels = np.divmod(np.maximum(cells, 0), _CLASS_STEP)
    tints = np.where(classes > 0, (classes - 1) % len(palette) + 1, 0)
    return np.where(cells == _CLEAR, np.int16(-1), codes[tints, levels])
