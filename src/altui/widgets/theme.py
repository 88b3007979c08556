"""The colours of words and lines, legible on dark, light and unknown grounds, and the themes."""

from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

from altui.colours import HUES, Rgb, hexadecimal

CLASS_HUES: Final = len(HUES)

# On light grounds the hues of Okabe and Ito would fade. These are theirs, darkened so that each has
# a contrast of 3 with Textual's light ground (WCAG 2.1, 1.4.11), and unequally so that those which
# red-green blindness brings together differ in lightness.
_ON_LIGHT: Final[tuple[Rgb, ...]] = (
    (0, 104, 156),
    (118, 69, 0),
    (0, 26, 83),
    (137, 128, 0),
    (0, 135, 96),
    (94, 47, 77),
    (77, 23, 0),
)
# Of a terminal's own 16, those that can be read on black and on white: which of the two it has,
# TERM=xterm does not tell.
_OF_SIXTEEN: Final = ("ansi_default", "ansi_bright_blue", "ansi_magenta", "ansi_red")
_WORDS: Final = {
    "text-primary": "ansi_bright_blue",
    "text-accent": "ansi_magenta",
    "text-warning": "ansi_magenta",
    "cursor-text": "ansi_bright_white",
}


def hue(class_id: int) -> str:
    """The variable with a class's colour in charts, that of its hue in pictures."""
    return f"$hue-{(class_id - 1) % CLASS_HUES + 1 if class_id else 0}"


def own_variables(theme: Theme) -> Mapping[str, str]:
    """What altui's styles need beside a theme's own variables, or in their place.

    `hue-0` stands for background, and `hue-1` … for the hues of classes; `cursor-text` for words
    on the line with the cursor.
    """
    if theme.ansi:
        lines = [_OF_SIXTEEN[n % len(_OF_SIXTEEN)] for n in range(CLASS_HUES + 1)]
        return {**_WORDS, **_numbered(lines)}
    on = tuple(each.rgb for each in HUES) if theme.dark else _ON_LIGHT
    lines = [theme.foreground or ("#e0e0e0" if theme.dark else "#1f1f1f"), *map(hexadecimal, on)]
    return {"cursor-text": "auto 87%", **_numbered(lines)}


def _numbered(lines: list[str]) -> dict[str, str]:
    return {f"hue-{number}": line for number, line in enumerate(lines)}


def theme_for(wanted: str | None, sixteen_colours: bool, environ: Mapping[str, str]) -> str | None:
    """The theme to begin with; None for Textual's own choice, which TEXTUAL_THEME makes.

    `wanted`: by a person's settings. Without any, light ones where the terminal says in COLORFGBG
    that its ground is, and with 16 colours the terminal's own, which its owner chose.
    """
    if wanted or environ.get("TEXTUAL_THEME"):
        return wanted
    kind = "light" if is_light(environ) else "dark"
    if sixteen_colours:
        return f"ansi-{kind}"
    return "textual-light" if kind == "light" else None


def is_light(environ: Mapping[str, str]) -> bool:
    """Whether COLORFGBG, '0;15' or '0;default;15', says that the terminal's ground is light."""
    return environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
