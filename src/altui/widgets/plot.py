"""A line chart as lines of text: `draw_chart` and what it draws."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from altui.widgets.axes import (
    Axis,
    count_label,
    thinned_labels,
    value_axis,
    value_label,
    value_labels,
)
from altui.widgets.braille import Canvas, Dash
from altui.widgets.grid import Grid, shortened
from altui.widgets.layout import GLYPHS, arranged
from altui.widgets.series import Guide, Range, Reference, Series, usable
from altui.widgets.terminal import LineStyle
from altui.widgets.theme import hue

EMPTY: Final = "No mIoU yet: it appears here when the first round is evaluated."
X_NAME: Final = "labelled slices"

_QUIET = "$foreground-muted"
_SHORT: Final[Dash] = (1, 1)
_LONG: Final[Dash] = (3, 3)
_EDGE: Final[Dash] = (1, 3)  # of a band
_REACH = 0.5  # of the measured height: how far ranges may stretch the y axis, each way
_CLASS_OF = (1, 2, 0, 6, 5, 3, 4, 7)  # whose hue a series without one has, by its place


@dataclass(frozen=True)
class _Curve:
    """A series as it is drawn: measured points by x, and its marks."""

    name: str
    points: tuple[tuple[float, float], ...]
    marker: str
    colour: str
    ranges: tuple[Range, ...] = ()
    marked: bool = True


def draw_chart(
    series: Sequence[Series],
    columns: int,
    rows: int,
    style: LineStyle = "braille",
    references: Sequence[Reference] = (),
    empty: str = EMPTY,
    guides: Sequence[Guide] = (),
    x_name: str = X_NAME,
) -> list[Content]:
    """`rows` lines of `columns` cells; below about 30 × 8 only what fits of the axes.

    `empty` is shown while no series has a point. Styles name theme variables. Ranges and
    bands leave the chart where they are much wider than what was measured.
    """
    grid = Grid(columns, rows)
    curves = [_curve(each, place, style) for place, each in enumerate(series)]
    if any(curve.points for curve in curves):
        levels = [each for each in references if usable(each.value)]
        _Plot(grid, curves, levels, style, guides, x_name).draw()
    else:
        _write_centred(grid, empty)
    return grid.lines()


class _Plot:
    """One chart under way: the grid it goes to, its axes and where they stand."""

    def __init__(
        self,
        grid: Grid,
        curves: list[_Curve],
        levels: list[Reference],
        style: LineStyle,
        guides: Sequence[Guide] = (),
        x_name: str = X_NAME,
    ) -> None:
        self.x_name = x_name
        self.grid, self.curves, self.levels = grid, curves, levels
        self.guides = [each for each in guides if each.is_usable]
        self.style, self.glyphs = style, GLYPHS[style]
        measured = [point for curve in curves for point in curve.points]
        led = [point for guide in self.guides for point in guide.points]
        counts = sorted({x for x, _ in (*measured, *led)})
        values = [y for _, y in (*measured, *led)] + [each.value for each in levels]
        about = [*(each for curve in curves for each in curve.ranges)]
        about += [each for guide in self.guides for each in guide.band]
        values += _within(values, [end for _, *ends in about for end in ends])
        layout = arranged(grid.rows)
        self.x_axis = Axis(counts[0], counts[-1], tuple(counts))
        self.y_axis = value_axis(values, layout.plot)
        self.labels = value_labels(self.y_axis)
        self.layout = layout.with_gutter(max(map(len, self.labels)) + 1, grid.columns)
        self.columns = grid.columns - self.layout.gutter

    def draw(self) -> None:
        # What is drawn later covers what was drawn before.
        taken = self._lines()
        for level in self.levels:
            self._level_name(level, taken)
        for curve in reversed(self.curves):
            self._markers(curve)
        self._y_axis()
        self._x_axis()
        if self.layout.legend:
            self._legend()

    def _canvas(self) -> Canvas:
        return Canvas(self.columns, self.layout.plot, self.style)

    def _dots(self, points: Sequence[tuple[float, float]], canvas: Canvas) -> list[tuple[int, int]]:
        return [(self.x_axis.dot(x, canvas.width), self._down(y, canvas.height)) for x, y in points]

    def _down(self, value: float, height: int) -> int:
        """Not far outside, for what is far outside the axis: a line there costs time."""
        return min(max(height - 1 - self.y_axis.dot(value, height), -height), 2 * height)

    def _row(self, value: float) -> int:
        """The grid row of a value; found by the dots, as the markers' rows are."""
        canvas = self._canvas()
        return self.layout.legend + canvas.cell_of(0, self._down(value, canvas.height))[0]

    def _lines(self) -> set[tuple[int, int]]:
        """Draw the lines between points and the levels; returns the lines' cells."""
        canvas, colours = self._canvas(), dict[tuple[int, int], str]()
        # A cell where lines meet has the dots of both, in the colour of the first.
        for curve in self.curves:
            canvas.line(self._dots(curve.points, canvas))
            for row, column, _ in canvas.cells():
                colours.setdefault((row, column), curve.colour)
        for x, low, high in (each for curve in self.curves for each in curve.ranges):
            canvas.line(self._dots([(x, low), (x, high)], canvas))
        for guide in self.guides:
            canvas.line(self._dots(guide.points, canvas), _LONG if guide.long else _SHORT)
            for side in (1, 2):
                canvas.line(self._dots([(end[0], end[side]) for end in guide.band], canvas), _EDGE)
        for level in self.levels:
            canvas.level(self._down(level.value, canvas.height))
        top, left = self.layout.legend, self.layout.gutter
        for row, column, char in canvas.cells():
            self.grid.put(top + row, left + column, char, colours.get((row, column), _QUIET))
        return {(top + row, left + column) for row, column in colours}

    def _markers(self, curve: _Curve) -> None:
        canvas, before = self._canvas(), None
        points = curve.points if curve.marked else curve.points[-1:]
        for x, y in reversed(self._dots(points, canvas)):
            row, column = canvas.cell_of(x, y)
            # Side by side they would hide the line; the newest point always has one.
            if before is None or before - column >= 2:
                self.grid.put(
                    self.layout.legend + row,
                    self.layout.gutter + column,
                    curve.marker,
                    curve.colour,
                )
                before = column

    def _level_name(self, level: Reference, taken: set[tuple[int, int]]) -> None:
        """On its line: at the left, where a learning curve is low, unless the right is clearer."""
        name = f" {shortened(level.name, self.columns - 4, self.glyphs.ellipsis)} "
        row, left = self._row(level.value), self.layout.gutter + 1
        right = self.grid.columns - cell_len(name) - 1
        hides = any((row, column) in taken for column in range(left, left + cell_len(name)))
        self.grid.put(row, right if hides and right > left else left, name, _QUIET)

    def _y_axis(self) -> None:
        if not self.layout.gutter:
            return
        side = self.layout.gutter - 1
        for row in range(self.layout.plot):
            self.grid.put(self.layout.legend + row, side, self.glyphs.side, _QUIET)
        for value, label in zip(self.y_axis.ticks, self.labels, strict=True):
            self.grid.put(self._row(value), 0, label.rjust(side) + self.glyphs.tick, _QUIET)

    def _x_axis(self) -> None:
        layout, canvas = self.layout, self._canvas()
        below = layout.legend + layout.plot
        if layout.rule and layout.gutter:
            rule = self.glyphs.corner + self.glyphs.rule * self.columns
            self.grid.put(below, layout.gutter - 1, rule, _QUIET)
        if layout.labels:
            places = [
                (
                    layout.gutter + canvas.cell_of(self.x_axis.dot(count, canvas.width), 0)[1],
                    count_label(count),
                )
                for count in self.x_axis.ticks
            ]
            for start, text in thinned_labels(places, self.grid.columns):
                self.grid.put(below + layout.rule, start, text, _QUIET)
        if layout.name:
            start = layout.gutter + max((self.columns - len(self.x_name)) // 2, 0)
            self.grid.put(self.grid.rows - 1, start, self.x_name, _QUIET)

    def _legend(self) -> None:
        """Marker, name and newest value of each series; long names share what room there is."""
        column = 0
        for place, curve in enumerate(self.curves):
            share = (self.grid.columns - column + 2) // (len(self.curves) - place) - 2
            newest = f" {value_label(curve.points[-1][1], 3)}" if curve.points else ""
            if share - len(newest) < 6:
                newest = ""
            name = f"{curve.marker} {curve.name}"
            text = shortened(name, share - len(newest), self.glyphs.ellipsis) + newest
            self.grid.put(0, column, text)
            self.grid.put(0, column, curve.marker, curve.colour)  # words are for all eyes
            column += cell_len(text) + 2


def _curve(series: Series, place: int, style: LineStyle) -> _Curve:
    markers = GLYPHS[style].markers
    return _Curve(
        series.name,
        series.measured(),
        markers[place % len(markers)],
        hue(_CLASS_OF[place % len(_CLASS_OF)] if series.class_id is None else series.class_id),
        tuple(each for each in series.ranges if usable(*each)),
        series.marked,
    )


def _within(values: Sequence[float], ends: Sequence[float]) -> list[float]:
    """`ends`, as far as they stretch the range of `values` by no more than `_REACH`."""
    low, high = min(values), max(values)
    reach = _REACH * (high - low)
    return [min(max(end, low - reach), high + reach) for end in ends]


def _write_centred(grid: Grid, text: str) -> None:
    lines = textwrap.wrap(text, grid.columns)[: grid.rows]
    top = (grid.rows - len(lines)) // 2
    for row, line in enumerate(lines, start=top):
        grid.put(row, max((grid.columns - cell_len(line)) // 2, 0), line, _QUIET)
