"""A panel whose title changes without what it holds being sent again."""

from typing import Self

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Titled(Widget):
    """Textual draws a whole panel anew, pictures in it included, for each change of its title."""

    _called = "", ""
    _is_entitled = False  # just now

    def entitle(self, title: str, subtitle: str = "") -> None:
        """What the upper and the lower border say; markup is not read."""
        if (title, subtitle) == self._called:
            return
        self._called, self._is_entitled = (title, subtitle), True
        self.border_title, self.border_subtitle = Content(title), Content(subtitle)
        self._is_entitled = False

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        if self._is_entitled and not regions:
            regions = self._borders()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _borders(self) -> tuple[Region, ...]:
        """The first and the last line, by the content's own coordinates."""
        (width, height), (x, y) = self.outer_size, self.content_offset
        return Region(-x, -y, width, 1), Region(-x, height - 1 - y, width, 1)


class TitledScroll(Titled, VerticalScroll):
    """With a text that may be longer than there is room for."""
