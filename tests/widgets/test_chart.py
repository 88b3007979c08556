import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from altui.widgets.axes import thinned_labels, value_axis, value_labels
from altui.widgets.chart import Guide, Reference, Series, draw_chart
from altui.widgets.terminal import LineStyle

from .demo import REFERENCE, TEST, VALIDATION

STYLES: tuple[LineStyle, ...] = ("braille", "ascii")
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS | st.none()), max_size=30).map(tuple)
RANGES = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=5).map(tuple)
SERIES = st.builds(Series, st.text(max_size=20), POINTS, RANGES)
LEADS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5).map(tuple)
GUIDES = st.builds(Guide, LEADS, RANGES, st.booleans())


def text(*series: Series, columns: int = 30, rows: int = 8, **options: object) -> list[str]:
    return [line.plain for line in draw_chart(series, columns, rows, **options)]  # type: ignore[arg-type]


@given(
    series=st.lists(SERIES, max_size=5),
    references=st.lists(st.builds(Reference, st.text(max_size=30), NUMBERS), max_size=3),
    columns=st.integers(1, 200),
    rows=st.integers(1, 60),
    style=st.sampled_from(STYLES),
    guides=st.lists(GUIDES, max_size=2),
)
@example([Series("a", ((0, 1e300), (1, -1e300)))], [], 30, 8, "braille", [])
@example([Series("a", ((8, 0.5), (8, 0.6), (8.0000001, 5e-324)))], [], 30, 8, "braille", [])
def test_any_series_fills_exactly_the_cells_given(
    series: list[Series],
    references: list[Reference],
    columns: int,
    rows: int,
    style: LineStyle,
    guides: list[Guide],
) -> None:
    lines = draw_chart(series, columns, rows, style, references, guides=guides)
    assert len(lines) == rows
    for line in lines:
        assert sum(cell_len(char) for char in line.plain) == columns


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 60))
def test_the_y_axis_holds_all_values_with_few_round_ticks(values: list[float], rows: int) -> None:
    axis = value_axis(values, rows)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert 2 <= len(axis.ticks) <= max(rows, 4)
    labels = value_labels(axis)
    assert len(set(labels)) == len(labels)
    for tick, label in zip(axis.ticks, labels, strict=True):
        assert math.isclose(float(label), tick, abs_tol=1e-9)


def test_labels_at_both_sides() -> None:
    lines = text(TEST, VALIDATION, columns=60, rows=16)
    assert lines[0].startswith("● test .798  ○ validation .782")
    assert [line[:3] for line in lines if line[3] == "┤"] == [".80", ".75", ".70", ".65"]
    assert lines[-2].split() == ["8", "16", "24", "32", "40", "48", "56"]
    assert lines[-1].strip() == "labelled slices"


def test_the_smallest_useful_chart() -> None:
    lines = text(TEST, VALIDATION)
    assert lines[0] == "● test .798  ○ validation .782"
    assert lines[-1].split()[0] == "8"
    assert lines[-1].endswith("56")
    assert any(line.startswith(".70┤") for line in lines)
    assert sum(line.count("●") for line in lines[1:]) >= 5


def test_ascii_is_ascii() -> None:
    lines = text(TEST, VALIDATION, style="ascii", references=[REFERENCE])
    assert all(line.isascii() for line in lines)
    assert lines[0].startswith("* test .798  o valid")
    assert any("- all slices .829 -" in line for line in lines)


def test_no_points_is_a_line_of_words() -> None:
    for series in ((), (Series("test", ((8, None), (16, math.nan))),)):
        words = " ".join(" ".join(text(*series)).split())
        assert words == "No mIoU yet: it appears here when the first round is evaluated."


def test_one_point_is_a_marker_with_a_scale() -> None:
    lines = text(Series("test", ((8, 0.612),)))
    assert sum(line.count("●") for line in lines[1:]) == 1
    assert lines[-1].strip() == "8"
    assert [line[:3] for line in lines if "┤" in line] == [".62", ".61"]


def test_points_without_a_value_are_left_out() -> None:
    gaps = Series("test", ((8, 0.6), (16, None), (24, math.nan), (32, math.inf), (40, 0.8)))
    assert text(gaps) == text(Series("test", ((8, 0.6), (40, 0.8))))


def test_lines_rise_to_the_right() -> None:
    lines = text(Series("test", ((8, 0.6), (16, 0.7), (24, 0.8))))
    assert lines[1].rstrip().endswith("●")
    assert lines[-2][4] == "●"


def test_a_reference_sets_the_range_and_is_named() -> None:
    lines = text(TEST, references=[Reference("[red]every slice[/]", 0.829)])
    assert "[red]every slice[/]" in lines[1]
    assert "┄" not in "".join(lines)


def test_a_range_reaches_from_end_to_end() -> None:
    lines = text(Series("test", ((8, 0.6), (16, 0.7)), ((16, 0.6, 0.8),)), style="ascii")
    upright = [line[-1] for line in lines[1:-1]]
    assert upright.count(".") == len(upright) - 1
    assert upright.count("*") == 1


def test_a_guide_leads_on_from_the_points_in_dashes() -> None:
    ahead = Guide(((16, 0.7), (24, 0.7), (32, 0.7)))
    lines = text(Series("test", ((8, 0.6), (16, 0.7))), guides=[ahead], style="ascii")
    assert lines[-1].split() == ["8", "16", "24", "32"]
    [row] = [line for line in lines if "*" in line and ". ." in line]
    assert row.rstrip().count(".") >= 6


def test_a_wide_band_does_not_flatten_what_was_measured() -> None:
    measured = Series("test", ((8, 0.7), (16, 0.74)))
    wide = Guide(((16, 0.74), (24, 0.75)), ((16, 0.74, 0.74), (24, 0.0, 1.0)))
    low = min(float(line[:3]) for line in text(measured, guides=[wide]) if line[3:4] == "┤")
    assert low >= 0.65


def test_nor_does_a_wide_range_however_far_it_goes() -> None:
    wide = Series("test", ((8, 0.7), (16, 0.74)), ((8, 0.2, 1.0), (16, -1e11, 1e11)))
    ticks = [float(line[:3]) for line in text(wide, rows=16) if line[3:4] == "┤"]
    assert 0.65 <= min(ticks) <= max(ticks) <= 0.8


def test_many_points_keep_the_newest_marker() -> None:
    many = Series("test", tuple((8.0 * n, 0.8 - 0.2 / n) for n in range(1, 200)))
    lines = text(many)
    assert "●" in "".join(line[-1] for line in lines)
    assert "1592" in lines[-1]


def test_wide_characters_keep_the_columns() -> None:
    lines = text(Series("試験試験試験", ((8, 0.6),)), columns=12)
    assert sum(cell_len(char) for char in lines[0]) == 12


def test_labels_keep_both_ends_where_a_regular_stride_allows() -> None:
    places = [(3 * n + 1, str(8 * n + 8)) for n in range(10)]
    assert [label for _, label in thinned_labels(places, 30)][::9] == ["8", "80"]
    closer = [(2 * middle // 3, label) for middle, label in places]
    assert [label for _, label in thinned_labels(closer, 20)] == ["8", "32", "56", "80"]


@pytest.mark.parametrize(("rows", "words"), [(3, False), (4, True)])
def test_what_fits_is_kept(rows: int, words: bool) -> None:
    assert ("test" in text(TEST, rows=rows)[0]) is words
