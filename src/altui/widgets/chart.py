"""mIoU over labelled slices, as a line chart of character cells."""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from altui.widgets.layout import GLYPHS
from altui.widgets.plot import EMPTY, X_NAME, draw_chart
from altui.widgets.series import Guide, Reference, Series
from altui.widgets.terminal import LineStyle, chart_style

__all__ = ["Guide", "LineChart", "Reference", "Series", "draw_chart"]


class LineChart(Widget):
    """A chart of one or more series that fills its space."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LineChart {
        width: 1fr;
        height: 1fr;
        text-wrap: nowrap;
        text-overflow: clip;
    }
    """

    def __init__(
        self,
        *,
        line_style: LineStyle | None = None,
        empty: str = EMPTY,
        x_name: str = X_NAME,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
        classes: str | None = None,
    ) -> None:
        """`empty` stands in place of a chart without points; `line_style` suits the terminal."""
        super().__init__(name=name, id=id, classes=classes)
        self.line_style: LineStyle = line_style or chart_style()
        self._empty, self._x_name = empty, x_name
        self._series: tuple[Series, ...] = ()
        self._references: tuple[Reference, ...] = ()
        self._guides: tuple[Guide, ...] = ()

    def show(
        self,
        series: Sequence[Series],
        references: Sequence[Reference] = (),
        guides: Sequence[Guide] = (),
    ) -> None:
        """Draw `series`, the first on top, with named levels and dashed lines behind them."""
        shown = tuple(series), tuple(references), tuple(guides)
        if shown != (self._series, self._references, self._guides):
            self._series, self._references, self._guides = shown
            self.refresh()

    def marker(self, place: int) -> str:
        """The mark of the series in that place."""
        markers = GLYPHS[self.line_style].markers
        return markers[place % len(markers)]

    def render(self) -> Content:
        if not self.size:
            return Content()
        lines = draw_chart(
            self._series,
            self.size.width,
            self.size.height,
            self.line_style,
            self._references,
            self._empty,
            self._guides,
            self._x_name,
        )
        return Content("\n").join(lines)
