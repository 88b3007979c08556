"""A slice with what lies over it as an RGB picture, for files and for terminals with graphics."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.color import Color

from altui.colours import class_colour
from altui.widgets.cells import drawn, levels
from altui.widgets.layers import Look, Samples
from altui.widgets.palette import HEAT, HEAT_FROM

FILLED: Final = 0.45  # how much of a class's colour covers the image
HOTTEST: Final = 0.75  # and of the greatest uncertainty's

_Floats = npt.NDArray[np.float32]


def rgb(samples: Samples, look: Look) -> npt.NDArray[np.uint8]:
    """(h, w, 3): what `look` shows of (h, w) samples, which may be pixels."""
    grey = levels(samples.grey, look.window, 255)
    picture = np.repeat(grey[..., None], 3, axis=2)
    ids, heat = samples.shown(look)
    if heat is not None:
        _lay(picture, heat >= HEAT_FROM, _heat_colours()[heat], heat * np.float32(HOTTEST / 255))
    if ids is not None:
        colours = _class_colours()[ids]
        cover = 1.0 if look.drawn == "outline" else FILLED
        _lay(picture, drawn(ids), colours, np.full(ids.shape, cover, np.float32))
    return np.rint(picture).astype(np.uint8)


def _lay(picture: _Floats, where: npt.NDArray[np.bool_], colours: _Floats, cover: _Floats) -> None:
    """Cover `picture` (h, w, 3) with colours (h, w, 3), each by its share."""
    share = cover[where][:, None]
    picture[where] = (1 - share) * picture[where] + share * colours[where]


@lru_cache(1)
def _class_colours() -> _Floats:
    """(256, 3), by class id."""
    return np.array([class_colour(number) for number in range(256)], np.float32)


@lru_cache(1)
def _heat_colours() -> _Floats:
    """(256, 3), by uncertainty."""
    steps = np.array([_triplet(code) for code in HEAT])
    at = np.linspace(0, 255, len(HEAT))
    bands = [np.interp(np.arange(256), at, steps[:, band]) for band in range(3)]
    return np.stack(bands, axis=1).astype(np.float32)


def _triplet(code: int) -> _Floats:
    return np.array(Color.from_ansi(code).get_truecolor(), np.float32)
