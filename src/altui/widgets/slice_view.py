"""A slice as a picture made of cells."""

import numpy as np
import numpy.typing as npt
from rich.style import Style
from textual.content import Content
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from altui.text import plain
from altui.widgets.cells import Samples, draw, shrink
from altui.widgets.palette import CLASS_COLOURS, Palette
from altui.widgets.terminal import CellStyle, picture_style

Image = npt.NDArray[np.uint8]


class SliceView(Widget):
    """One grey image, with class ids over it on demand, as large as its space allows."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    SliceView {
        width: 1fr;
        height: 1fr;
        content-align: center middle;
        text-align: center;
    }
    """

    overlay_shown: reactive[bool] = reactive(True)

    def __init__(
        self,
        *,
        cell_style: CellStyle | None = None,
        palette: Palette = CLASS_COLOURS,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
        classes: str | None = None,
    ) -> None:
        """`cell_style` is what the environment suggests, unless given."""
        super().__init__(name=name, id=id, classes=classes)
        self.cell_style: CellStyle = cell_style or picture_style()
        self._palette = palette
        self._image: Image | None = None
        self._overlay: Image | None = None
        self._message = ""
        self._samples: tuple[Size, Samples] | None = None
        self._drawn: tuple[tuple[Size, Style, bool, bool], list[Strip]] | None = None

    def show(self, image: Image | None, overlay: Image | None = None) -> None:
        """Show `image` (h, w), with class ids `overlay` (h, w) over it; None clears the view.

        The view keeps the arrays and reads them again when its size changes.
        """
        if image is not None and (image.ndim != 2 or image.size == 0 or image.dtype != np.uint8):
            raise ValueError(f"not a grey 8-bit image: {image.dtype} {image.shape}")
        if overlay is not None and image is not None and overlay.shape != image.shape:
            raise ValueError(f"overlay {overlay.shape} does not cover image {image.shape}")
        self._set(image, overlay, "")

    def message(self, text: str) -> None:
        """Show `text`, as it stands, in place of a picture."""
        self._set(None, None, "\n".join(plain(line) for line in text.splitlines()))

    def toggle_overlay(self) -> bool:
        """Switch the overlay on or off; returns whether it is on now."""
        self.overlay_shown = not self.overlay_shown
        return self.overlay_shown

    def _set(self, image: Image | None, overlay: Image | None, message: str) -> None:
        self._image, self._overlay, self._message = image, overlay, message
        self._samples = self._drawn = None
        self.refresh()

    def render(self) -> Content:
        return Content(self._message)

    def render_line(self, y: int) -> Strip:
        if self._image is None or not self.size:
            return super().render_line(y)
        strips = self._strips(self._image)
        return (
            strips[y]
            if y < len(strips)
            else Strip.blank(self.size.width, self.visual_style.rich_style)
        )

    def get_line_filters(self) -> list[LineFilter]:
        """All but the one that writes out 256-colour codes as 24-bit colours.

        Codes keep a picture at half the bytes.
        """
        filters = super().get_line_filters()
        return [each for each in filters if not isinstance(each, ANSIToTruecolor)]

    def _strips(self, image: Image) -> list[Strip]:
        """The picture at the present size; drawn once for each size, theme and overlay."""
        columns, rows = self.size
        ground, dark = self.visual_style.rich_style, self.app.current_theme.dark
        key = (self.size, ground, dark, self.overlay_shown)
        if self._drawn is None or self._drawn[0] != key:
            if self._samples is None or self._samples[0] != self.size:
                samples = shrink(image, columns, rows, self._overlay, self.cell_style)
                self._samples = (self.size, samples)
            samples = self._samples[1]
            if not self.overlay_shown:
                samples = samples._replace(classes=None)
            strips = draw(samples, columns, rows, self._palette, self.cell_style, dark, ground)
            self._drawn = (key, strips)
        return self._drawn[1]
