"""Colours that can be read, also by eyes that lack a kind of cone; a person's settings."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from rich.color import Color
from textual.theme import BUILTIN_THEMES

from altui.colours import HUES, Rgb
from altui.errors import AltuiError
from altui.widgets.own_settings import Settings, read_settings
from altui.widgets.palette import CLASS_COLOURS, SIXTEEN_COLOURS, legend
from altui.widgets.theme import hue, own_variables, theme_for

Floats = npt.NDArray[np.float64]
XTERM: dict[str, Rgb] = {
    "ansi_bright_blue": (92, 92, 255),
    "ansi_magenta": (205, 0, 205),
    "ansi_red": (205, 0, 0),
}
# What the missing cone leaves, from linear RGB to linear RGB: Machado, Oliveira and Fernandes
# (2009), doi:10.1109/TVCG.2009.113, table 1, severity 1.
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array((
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    )),
    "deuteranopia": np.array((
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    )),
    "tritanopia": np.array((
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    )),
}  # fmt: skip
TO_XYZ = np.array(
    (
        (0.4124, 0.3576, 0.1805),
        (0.2126, 0.7152, 0.0722),
        (0.0193, 0.1192, 0.9505),
    )
)


def linear(colour: Rgb) -> Floats:
    parts = np.array(colour) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: Rgb, two: Rgb) -> float:
    """As WCAG 2.1 has it: 1 to 21."""
    low, high = sorted(float(TO_XYZ[1] @ linear(each)) for each in (one, two))
    return (high + 0.05) / (low + 0.05)


def seen(colour: Rgb, eye: str) -> Floats:
    """CIE L*a*b*, by an eye of that kind."""
    xyz = TO_XYZ @ np.clip(EYES[eye] @ linear(colour), 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours: Sequence[Rgb], eye: str) -> float:
    """The least distance of two, in units of which one is just about seen (CIE 1976)."""
    return min(
        float(np.linalg.norm(seen(a, eye) - seen(b, eye))) for a, b in combinations(colours, 2)
    )


def of_code(code: int) -> Rgb:
    return Color.from_ansi(code).get_truecolor()


def lines_on(theme: str) -> list[Rgb]:
    """The colours of a chart's lines, background's first."""
    found = own_variables(BUILTIN_THEMES[theme])
    return [Color.parse(found[f"hue-{n}"]).get_truecolor() for n in range(len(HUES) + 1)]


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("shade", range(4))
def test_classes_over_the_same_grey_are_told_apart(shade: int, eye: str) -> None:
    colours = [of_code(shades[shade]) for shades in CLASS_COLOURS]
    assert nearest(colours[:4], eye) > 22
    assert nearest(colours, eye) > (10 if eye != "tritanopia" else 6)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
def test_lines_of_charts_are_told_apart(theme: str, eye: str) -> None:
    assert nearest(lines_on(theme)[:5], eye) > 14
    assert nearest(lines_on(theme), eye) > 12


@pytest.mark.parametrize(("theme", "ground"), [("textual-dark", 0x12), ("textual-light", 0xE0)])
def test_lines_of_charts_can_be_seen(theme: str, ground: int) -> None:
    assert min(contrast(line, (ground,) * 3) for line in lines_on(theme)) >= 3


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_of_sixteen_colours_words_can_be_read_on_black_and_white(theme: str) -> None:
    own = own_variables(BUILTIN_THEMES[theme])
    used = {colour for name, colour in own.items() if name != "cursor-text"} - {"ansi_default"}
    assert used == set(XTERM)
    for colour in used:
        assert min(contrast(XTERM[colour], (ground,) * 3) for ground in (0, 255)) >= 3


def test_a_class_has_the_same_hue_in_charts_and_pictures() -> None:
    assert [hue(n) for n in (0, 1, 7, 8)] == ["$hue-0", "$hue-1", "$hue-7", "$hue-1"]
    assert lines_on("textual-dark")[1:] == [each.rgb for each in HUES]


def test_marks_have_black_about_them_where_the_ground_may_be_white() -> None:
    names = ("background", "bone")
    assert [each.plain for each in legend(names)] == ["██ bone"]
    assert [each.plain for each in legend(names, on_dark=False)] == ["▐██▌ bone"]
    assert len(set(SIXTEEN_COLOURS)) == len(HUES)


@pytest.mark.parametrize(
    ("wanted", "sixteen", "environ", "theme"),
    [
        (None, False, {}, None),
        (None, True, {}, "ansi-dark"),
        (None, False, {"COLORFGBG": "0;15"}, "textual-light"),
        (None, True, {"COLORFGBG": "0;default;7"}, "ansi-light"),
        (None, False, {"COLORFGBG": "15;0"}, None),
        (None, True, {"TEXTUAL_THEME": "nord"}, None),
        ("nord", True, {"TEXTUAL_THEME": "textual-light", "COLORFGBG": "0;15"}, "nord"),
    ],
)
def test_the_theme_to_begin_with(
    wanted: str | None, sixteen: bool, environ: dict[str, str], theme: str | None
) -> None:
    assert theme_for(wanted, sixteen, environ) == theme


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('images = "kity"', "not one of auto, half-cell, sixel, kitty, off"),
        ("images = 3", "not one of"),
        ("images = []", "not one of"),
        ('image = "kitty"', 'did you mean "images"'),
        ('theme = "dark"', "not one of auto, ansi-dark, ansi-light, .*textual-light, tokyo-night"),
        ("images = ", "cannot be read"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_faulty_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "app.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(AltuiError, match=told):
        read_settings(path)


def test_the_file_and_none(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    assert read_settings(path) == Settings("half-cell")
    path.write_text('images = "off"\ntheme = "auto"\n')
    assert read_settings(path) == Settings("off")
    path.write_text('theme = "textual-light"\n')
    assert read_settings(path) == Settings("half-cell", "textual-light")
