"""What of a chart finds room in its space, and the characters it is drawn with."""

from typing import Final, NamedTuple

from altui.widgets.terminal import LineStyle

_LEAST_PLOT_COLUMNS = 10


class Glyphs(NamedTuple):
    """The characters of a style; one marker for each series, used in turn."""

    markers: str
    side: str
    tick: str
    corner: str
    rule: str
    ellipsis: str


GLYPHS: Final[dict[LineStyle, Glyphs]] = {
    "braille": Glyphs("●○◆◇▲△■□", "│", "┤", "└", "─", "…"),
    "ascii": Glyphs("*o+x#=%@", "|", "+", "+", "-", "~"),
}


class Layout(NamedTuple):
    """Rows from top to bottom, and the columns at the left that the y axis takes."""

    legend: int
    plot: int
    rule: int
    labels: int
    name: int
    gutter: int = 0

    def with_gutter(self, wanted: int, columns: int) -> "Layout":
        """The same with `wanted` columns for the y axis, if enough remain for the plot."""
        return self._replace(gutter=wanted if columns - wanted >= _LEAST_PLOT_COLUMNS else 0)


def arranged(rows: int) -> Layout:
    """The rows of a chart of `rows` rows: the fewer there are, the less stands beside the plot."""
    legend = int(rows >= 4)
    labels = int(rows >= 3)
    rule = int(rows >= 10)
    name = int(rows >= 12)
    return Layout(legend, rows - legend - labels - rule - name, rule, labels, name)
