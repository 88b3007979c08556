"""Every check of a returned mask: its code, what it leads to, and what it looks at.

The one list that altui.toml's `[import.checks]`, the import itself and docs/checks.md go by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from altui.text import did_you_mean, listing, plain

Level = Literal["refuse", "quarantine", "note"]


@dataclass(frozen=True)
class Check:
    """`level`: unless altui.toml says otherwise, which it may only where the check is not
    `fixed`. `figures`: the names of the numbers that come with it.
    """

    code: str
    level: Level
    summary: str
    figures: tuple[str, ...] = ()
    fixed: bool = False


def _check(code: str, level: Level, summary: str, *figures: str) -> Check:
    return Check(code, level, summary, figures)


def _fixed(code: str, summary: str, *figures: str) -> Check:
    return Check(code, "refuse", summary, figures, fixed=True)


CHECKS: tuple[Check, ...] = (
    # Which file, which slice
    _fixed("unreadable", "it is damaged or cannot be read"),
    _fixed("format", "it is no format that altui reads"),
    _fixed("coco", "it is a COCO file that cannot be understood"),
    _fixed("label-studio", "it is a Label Studio export that cannot be understood"),
    _fixed("encrypted", "its archive is locked by a password"),
    _fixed("unsafe", "its archive puts files outside of its folder"),
    _fixed("too-large", "it unpacks to far more than masks can be"),
    _fixed("no-room", "there is no room to unpack it"),
    _fixed("changed", "it was changed while it was being read"),
    _fixed("inbox", "the inbox holds it in a way that it cannot be taken from there"),
    _fixed("not-a-mask", "it is a picture that the bundle brought"),
    _fixed("no-such-slice", "its name fits no slice"),
    _fixed("ambiguous", "its name fits several slices"),
    _fixed("duplicate", "another file holds another mask of the slice"),
    _fixed("held-out", "it is of a validation or test sample"),
    _fixed("stack", "nothing says which slices it holds"),
    _fixed("directions", "the directions of its axes do not fit those of the slices"),
    # Which class each pixel has
    _fixed(
        "shape",
        "it has another size than its slice",
        "width",
        "height",
        "wanted_width",
        "wanted_height",
    ),
    _fixed("values", "it holds values that are no class"),
    _fixed("float", "it holds numbers that are not whole"),
    _fixed("rgb", "it is a colour picture, and no colour is declared"),
    _fixed("colours", "it holds colours that are not declared"),
    _fixed("anti-aliased", "its edges are blends of the declared colours"),
    _fixed("names", "it names labels that are no class"),
    # What the round wants
    _check("not-asked", "refuse", "the round did not ask for the slice"),
    _check("unlabelled", "refuse", "it is an empty slice of a stack of the whole sample"),
    _fixed("image", "the slice's own image is damaged, so that nothing can be checked"),
    # Whether it can be believed
    _check("refused-before", "refuse", "a person refused this very mask out of quarantine"),
    _check("unedited", "quarantine", "it is the prediction that was exported to be corrected"),
    _check("binary", "quarantine", "it holds only 0 and the value to be ignored"),
    _check("empty", "quarantine", "it holds nothing but background"),
    _check("one-class", "quarantine", "one class fills it", "class"),
    _check(
        "copied", "quarantine", "it is the same as the mask of another slice", "slice", "pixels"
    ),
    _check(
        "orientation",
        "quarantine",
        "it fits the image or the prediction better when turned",
        "edges",
        "edges_turned",
        "agreement",
        "agreement_turned",
    ),
    _check(
        "another-slice",
        "quarantine",
        "it fits the image of another slice that was asked for far better",
        "slice",
        "edges",
        "edges_there",
    ),
    _check(
        "exchanged",
        "quarantine",
        "it fits the prediction better with classes exchanged",
        "agreement",
        "agreement_exchanged",
    ),
    _check(
        "missing-class",
        "quarantine",
        "a class that the prediction and the labels nearest along z hold is not in it",
        "class",
        "predicted",
        "nearest",
    ),
    _check(
        "disagreement",
        "quarantine",
        "it differs from the prediction far more than the labels of other slices do",
        "disagreement",
        "pixels",
        "median",
        "limit",
        "slices",
    ),
    _check(
        "islands",
        "note",
        "it holds small islands, or small holes in the background's place",
        "islands",
        "holes",
    ),
)
BY_CODE: Mapping[str, Check] = {check.code: check for check in CHECKS}


def level_fault(code: str, level: Level) -> str:
    """What is wrong with setting a check to a level, in words; empty for nothing."""
    check = BY_CODE.get(code)
    if check is None:
        changeable = [one.code for one in CHECKS if not one.fixed]
        nearest = did_you_mean(code, BY_CODE)
        return f'no check is named "{plain(code)}"' + (
            nearest or f"; those that can be changed: {listing(changeable, shown=20)}"
        )
    if check.fixed and level != check.level:
        return (
            f'"{code}" cannot be weakened to "{level}": where {check.summary}, nothing can be kept '
            "as a label; remove the line"
        )
    return ""


def level_of(code: str, changed: Mapping[str, Level]) -> Level:
    """What a check leads to; `changed`: what altui.toml says."""
    return changed.get(code, BY_CODE[code].level)
