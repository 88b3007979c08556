"""From what a mask holds to class ids: by value, by colour, by name.

What `[import]` in altui.toml says comes first, then what the file says itself; class ids
stand for themselves, and so do the colours of altui's bundles where no other is declared.
Nothing is guessed: a value or colour that nobody declared refuses the mask, with its number
of pixels.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from altui.colours import IGNORED, class_colour
from altui.config import Classes, Config
from altui.labels.blends import are_areas, are_blends, are_many
from altui.labels.formats.base import Pixels, whole_numbers
from altui.labels.formats.label_map import LabelMap, Names
from altui.labels.verdict import Refusal
from altui.text import count, did_you_mean, plain

Ids = npt.NDArray[np.integer]
UNLABELLED = 0  # what no label covers, in formats that name their labels
SHOWN = 5
ON_LABELS = "say what it means: [import.names]"


class Unclear(NamedTuple):
    """Why a colour means no class, which only counts where the colour occurs."""

    code: str
    words: str


def to_class_ids(pixels: Pixels, config: Config, labels: LabelMap) -> Ids:
    """(height, width) class ids of a decoded mask; values that are no class may be left,
    for `check_values` to name.

    `labels`: as a file beside the mask says. Raises Refusal.
    """
    known = _colours(config, labels.colours)
    values = pixels.values
    if values.ndim == 3:
        shades = packed(values)
        known = known or _bundles(shades, pixels.clear, config)
        if known:
            ids = _from_colours(shades, known, pixels.clear)
        else:
            ids = _from_values(_grey(shades, config), config, labels.values)
    elif pixels.palette is not None and (spoken := _spoken(pixels.palette, values, known, config)):
        shades = packed(pixels.palette)
        ids = _from_colours(shades[values], spoken, None)
    elif pixels.names is not None:
        ids = _from_names(whole_numbers(values), pixels.names, config)
    else:
        ids = _from_values(whole_numbers(values), config, labels.values)
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


def _colours(config: Config, colours: Mapping[int, Names]) -> dict[int, int | Unclear]:
    """Each declared colour's class id, or why it has none."""
    known: dict[int, int | Unclear] = {
        int(colour[1:], 16): found
        for colour, meaning in config.masks_in.colours.items()
        if (found := config.classes.id_of(meaning)) is not None
    }
    for colour, names in colours.items():
        known[colour] = _beside(names, config, known.get(colour))
    return known


def _beside(names: Names, config: Config, ours: int | Unclear | None) -> int | Unclear:
    """What labels of these names in the file beside a mask mean; `ours`: the class by
    altui.toml. Where the two differ, nobody knows which is right.
    """
    said = " and ".join(f'"{plain(name)}"' for name in names)
    try:
        classes = {class_of(name, config) for name in names}
    except Refusal:
        if ours is not None:
            return ours
        return Unclear("names", f'is {said}, which is no class; {ON_LABELS} {said} = "…"')
    if len(classes) > 1:
        return Unclear("colours", f"is both {said} in the label map: give each label its own")
    [found] = classes
    if isinstance(ours, int) and ours != found:
        wanted = f'"{plain(dict(enumerate(config.classes.names)).get(ours, "ignore"))}"'
        return Unclear(
            "colours",
            f"is {said} by the label map beside it, but {wanted} by altui.toml's [import]: remove "
            f"that line, or, if it is right, {ON_LABELS} {said} = {wanted}",
        )
    return found


def _bundles(
    shades: npt.NDArray[np.uint32], clear: npt.NDArray[np.bool_] | None, config: Config
) -> dict[int, int | Unclear]:
    """The colours that bundles give the classes, where a picture holds no other ones, and more
    than greys, which are in many.
    """
    own, greys = _own(config), {0, int(packed(np.array(IGNORED)))}
    found = {int(shade) for shade in np.unique(shades if clear is None else shades[~clear])}
    return {**own} if found <= own.keys() and not found <= greys else {}


def _own(config: Config) -> dict[int, int]:
    """The class of each of the bundles' colours."""
    classes = range(len(config.classes.names))
    own = {int(packed(np.array(class_colour(one)))): one for one in classes}
    return {int(packed(np.array(IGNORED))): config.classes.ignore} | own


def _spoken(
    palette: npt.NDArray[np.uint8],
    values: npt.NDArray[Any],
    known: dict[int, int | Unclear],
    config: Config,
) -> dict[int, int | Unclear]:
    """What a palette's colours mean, if all that occur mean something, or one does that is no
    background; otherwise nothing, and its indices count.
    """
    used = np.unique(values)
    if int(used[-1]) >= len(palette):
        return {}
    packed_shades = packed(palette[used])
    known = known or _bundles(packed_shades, None, config)
    shades = {int(shade) for shade in packed_shades}
    speaks = shades <= known.keys() or any(known.get(shade, UNLABELLED) for shade in shades)
    return known if speaks else {}


def _from_colours(
    shades: npt.NDArray[np.uint32],
    known: Mapping[int, int | Unclear],
    clear: npt.NDArray[np.bool_] | None,
) -> Ids:
    """(height, width) class ids of 0xRRGGBB. Raises Refusal."""
    ids = np.zeros(shades.shape, np.uint16)
    left = np.ones(shades.shape, bool) if clear is None else ~clear
    for colour, meaning in known.items():
        here = (shades == colour) & left
        if not isinstance(meaning, Unclear):
            ids[here] = meaning
        elif here.any():
            pixels = count(int(here.sum()), "pixel")
            raise Refusal(meaning.code, f"{named(colour)} ({pixels}) {meaning.words}")
        left &= ~here
    if left.any():
        raise _undeclared(shades, left, list(known))
    return ids


def _grey(shades: npt.NDArray[np.uint32], config: Config) -> Ids:
    """Class ids of a grey picture that was saved as RGB. Raises Refusal for colours."""
    ids = (shades & 0xFF).astype(np.uint8)
    if (shades == ids * np.uint32(0x010101)).all():
        return ids
    found, pixels = np.unique(shades, return_counts=True)
    own = list(_own(config))
    smoothed = _undeclared(shades, ~np.isin(shades, own), own)
    if smoothed.code == "anti-aliased":  # a drawing in the bundles' colours
        raise smoothed
    raise Refusal(
        "rgb",
        f"is a colour picture, and no colour is declared: {_told(found, pixels)}; say in "
        f'altui.toml what each means, [import.colours] "{named(int(found[-1]))}" = "…", or save '
        "class ids in one grey channel",
    )


def _undeclared(
    shades: npt.NDArray[np.uint32], left: npt.NDArray[np.bool_], known: list[int]
) -> Refusal:
    """`left`: which of the (height, width) pixels have no declared colour."""
    found, pixels = np.unique(shades[left], return_counts=True)
    told = f"holds colours that are not declared: {_told(found, pixels)}"
    mixed = are_many(len(found), left) or are_blends(found, pixels, known)
    if mixed and not are_areas(shades, left):
        return Refusal(
            "anti-aliased",
            f"{told}; they are blends of the declared colours, as smoothed edges and JPEG make "
            "them: save it as PNG or TIFF, without anti-aliasing and without scaling",
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


def _from_values(values: Ids, config: Config, labels: Mapping[int, Names]) -> Ids:
    """As they are, but for those that `[import.values]` or a label map name, and 0 and 255 of
    two classes. Raises Refusal.
    """
    ours = {
        int(value): config.classes.id_of(meaning)
        for value, meaning in config.masks_in.values.items()
    }
    mapped: dict[int, int | Unclear | None] = {**ours}
    for value, names in labels.items():
        mapped[value] = _beside(names, config, ours.get(value))
    if not mapped and _is_two_class_mask(values, config.classes):
        mapped = {255: 1}
    if not mapped:
        return values
    ids = values.astype(np.promote_types(values.dtype, np.uint16))  # a copy, with room for ids
    for value, meaning in mapped.items():
        here = values == value
        if isinstance(meaning, Unclear) and here.any():
            pixels = count(int(here.sum()), "pixel")
            raise Refusal(meaning.code, f"value {value} ({pixels}) {meaning.words}")
        if isinstance(meaning, int):
            ids[here] = meaning
    return ids


def _is_two_class_mask(values: Ids, classes: Classes) -> bool:
    """Whether it holds both 0 and 255 and nothing else, in a project of two classes."""
    if len(classes.names) != 2:
        return False
    high = values == 255
    return bool(high.any() and not high.all() and ((values == 0) | high).all())
