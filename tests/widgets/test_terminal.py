import pytest

from altui.widgets.palette import legend, symbol
from altui.widgets.terminal import chart_style, picture_style, speaks_unicode


@pytest.mark.parametrize(
    ("environ", "picture", "chart"),
    [
        ({"LANG": "de_DE.UTF-8"}, "half-cell", "braille"),
        ({"LANG": "de_DE.utf8"}, "half-cell", "braille"),
        ({}, "half-cell", "braille"),
        ({"NO_COLOR": "1"}, "ascii", "braille"),
        ({"NO_COLOR": ""}, "half-cell", "braille"),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "ascii", "ascii"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, "half-cell", "braille"),
        ({"LANG": "de_DE.ISO-8859-1"}, "ascii", "ascii"),
        ({"TERM": "dumb"}, "ascii", "ascii"),
    ],
)
def test_styles_suit_the_environment(environ: dict[str, str], picture: str, chart: str) -> None:
    assert picture_style(environ) == picture
    assert chart_style(environ) == chart


def test_an_output_that_is_not_utf8_gets_ascii() -> None:
    assert not speaks_unicode({"LANG": "en_GB.UTF-8"}, encoding="iso8859-1")


def test_a_legend_leaves_out_background_and_takes_names_as_they_stand() -> None:
    names = ("background", "[bold]bone[/bold]", "im\x1bplant")
    assert [line.plain for line in legend(names, "ascii")] == [
        "1 [bold]bone[/bold]",
        "2 im\\x1bplant",
    ]
    coloured = legend(names)
    assert [line.plain for line in coloured] == ["██ [bold]bone[/bold]", "██ im\\x1bplant"]
    assert len(coloured[0].spans) == 2


def test_symbols_are_single_ascii_characters_that_cycle() -> None:
    assert [symbol(number) for number in (1, 9, 10, 36, 61, 62)] == ["1", "9", "a", "A", "Z", "1"]
