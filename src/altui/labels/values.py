"""From what a mask holds to class ids: by value, by colour, by name.

What `[import]` in altui.toml says comes first, then what the file says itself; class ids
stand for themselves. Nothing is guessed: a value or colour that nobody declared refuses
the mask, with its number of pixels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.config import Classes, Config
from altui.labels.blends import are_blends
from altui.labels.formats.base import Pixels, whole_numbers
from altui.labels.verdict import Refusal
from altui.text import count, did_you_mean, plain

Ids = npt.NDArray[np.integer]
UNLABELLED = 0  # what no label covers, in formats that name their labels
SHOWN = 5


def to_class_ids(pixels: Pixels, config: Config, colours: Mapping[int, str]) -> Ids:
    """(height, width) class ids of a decoded mask; values that are no class may be left,
    for `check_values` to name.

    `colours`: 0xRRGGBB to the name of a label, as a file beside the mask says. Raises Refusal.
    """
    known = _colours(config, colours)
    values = pixels.values
    if values.ndim == 3:
        ids = _from_colours(packed(values), known, pixels.clear)
    elif pixels.palette is not None and _speaks(pixels.palette, values, known):
        shades = packed(pixels.palette)
        ids = _from_colours(shades[values], known, None)
    elif pixels.names is not None:
        ids = _from_names(whole_numbers(values), pixels.names, config)
    else:
        ids = _from_values(whole_numbers(values), config)
    if pixels.clear is not None:
        ids = np.where(pixels.clear, ids.dtype.type(UNLABELLED), ids)
    return ids


def packed(colours: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """(…, 3) bytes of RGB as (…) numbers 0xRRGGBB."""
    red, green, blue = (colours[..., channel].astype(np.uint32) for channel in range(3))
    numbers: npt.NDArray[np.uint32] = (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return numbers


def named(colour: int) -> str:
    return f"#{colour:06x}"


def class_of(name: str, config: Config) -> int:
    """The class that a label's name means. Raises Refusal."""
    by_name = {said.casefold(): meaning for said, meaning in config.masks_in.names.items()}
    found = config.classes.id_of(by_name.get(name.casefold(), name))
    if found is not None:
        return found
    if name.casefold() in ("background", "exterior", "clear label"):
        return UNLABELLED
    raise Refusal(
        "names",
        f'holds label "{plain(name)}", which is no class{did_you_mean(name, config.classes.names)};'
        f' say what it means: [import.names] "{plain(name)}" = "…" in altui.toml',
    )


def _colours(config: Config, colours: Mapping[int, str]) -> dict[int, int | str]:
    """Each declared colour's class id, or the name that only counts where it occurs."""
    declared = {
        int(colour[1:], 16): config.classes.id_of(meaning)
        for colour, meaning in config.masks_in.colours.items()
    }
    known: dict[int, int | str] = {}
    for colour, name in colours.items():
        try:
            known[colour] = class_of(name, config)
        except Refusal:
            known[colour] = name
    return known | {colour: found for colour, found in declared.items() if found is not None}


def _speaks(
    palette: npt.NDArray[np.uint8], values: npt.NDArray[Any], known: Mapping[int, int | str]
) -> bool:
    """Whether a palette's colours are declared, all that occur; otherwise its indices count."""
    used = np.unique(values)
    return int(used[-1]) < len(palette) and all(
        int(shade) in known for shade in packed(palette[used])
    )


def _from_colours(
    shades: npt.NDArray[np.uint32],
    known: Mapping[int, int | str],
    clear: npt.NDArray[np.bool_] | None,
) -> Ids:
    """(height, width) class ids of 0xRRGGBB. Raises Refusal."""
    if not known:
        return _grey(shades)
    ids = np.zeros(shades.shape, np.uint16)
    left = np.ones(shades.shape, bool) if clear is None else ~clear
    for colour, meaning in known.items():
        here = (shades == colour) & left
        if isinstance(meaning, str) and here.any():
            raise Refusal(
                "names",
                f'{named(colour)} is "{plain(meaning)}" ({count(int(here.sum()), "pixel")}), which '
                f'is no class; say what it means: [import.names] "{plain(meaning)}" = "…"',
            )
        if not isinstance(meaning, str):
            ids[here] = meaning
        left &= ~here
    if left.any():
        raise _undeclared(shades[left], list(known))
    return ids


def _grey(shades: npt.NDArray[np.uint32]) -> Ids:
    """Class ids of a grey picture that was saved as RGB. Raises Refusal for colours."""
    ids = (shades & 0xFF).astype(np.uint8)
    if (shades == ids * np.uint32(0x010101)).all():
        return ids
    found, pixels = np.unique(shades, return_counts=True)
    raise Refusal(
        "rgb",
        f"is a colour picture, and no colour is declared: {_told(found, pixels)}; say in "
        f'altui.toml what each means, [import.colours] "{named(int(found[-1]))}" = "…", or save '
        "class ids in one grey channel",
    )


def _undeclared(shades: npt.NDArray[np.uint32], known: list[int]) -> Refusal:
    found, pixels = np.unique(shades, return_counts=True)
    told = f"holds colours that are not declared: {_told(found, pixels)}"
    if are_blends(found, pixels, known):
        return Refusal(
            "anti-aliased",
            f"{told}; they are blends of the declared colours, as smoothed edges are: save it "
            "without anti-aliasing and without scaling",
        )
    return Refusal(
        "colours", f'{told}; say in altui.toml what they mean: [import.colours] "#rrggbb" = "…"'
    )


def _told(found: npt.NDArray[np.uint32], pixels: npt.NDArray[np.int64]) -> str:
    """'#ff0000 (12 pixels), …', the most frequent first."""
    order = np.argsort(-pixels, kind="stable")
    words = [f"{named(int(found[i]))} ({count(int(pixels[i]), 'pixel')})" for i in order[:SHOWN]]
    more = len(found) - len(words)
    return ", ".join(words) + (f" and {more} more" if more else "")


def _from_names(values: Ids, names: Mapping[int, str], config: Config) -> Ids:
    """Raises Refusal for a value without a name, and a name without a class."""
    ids = np.zeros(values.shape, np.uint16)
    for value in np.unique(values):
        name = names.get(int(value))
        if name is not None:
            ids[values == value] = class_of(name, config)
        elif value != UNLABELLED:
            pixels = count(int((values == value).sum()), "pixel")
            raise Refusal("values", f"holds value {value} ({pixels}), which the file does not name")
    return ids


def _from_values(values: Ids, config: Config) -> Ids:
    """As they are, but for those that `[import.values]` maps, and 0 and 255 of two classes."""
    mapped = {
        int(value): config.classes.id_of(meaning)
        for value, meaning in config.masks_in.values.items()
    }
    if not mapped and _is_two_class_mask(values, config.classes):
        mapped = {255: 1}
    if not mapped:
        return values
    ids = values.astype(np.promote_types(values.dtype, np.uint16))  # a copy, with room for ids
    for value, meaning in mapped.items():
        if meaning is not None:
            ids[values == value] = meaning
    return ids


def _is_two_class_mask(values: Ids, classes: Classes) -> bool:
    """Whether it holds both 0 and 255 and nothing else, in a project of two classes."""
    if len(classes.names) != 2:
        return False
    high = values == 255
    return bool(high.any() and not high.all() and ((values == 0) | high).all())
