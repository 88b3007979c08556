"""A slice as a picture made of cells."""

from functools import partial

from rich.style import Style
from textual.content import Content
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from altui.text import plain
from altui.widgets.cells import Samples, draw, grid, shrink
from altui.widgets.layers import PLAIN, Frame, Layers, Look, closest_zoom, framed
from altui.widgets.palette import CLASS_COLOURS, Palette
from altui.widgets.terminal import CellStyle, picture_style

_Key = tuple[int, Size, Frame, int | None]  # what samples depend on; the layers by a number


class SliceView(Widget):
    """One grey image with classes and uncertainty over it, as large as its space allows.

    It is brought to the screen's resolution in a thread; until that is done, what was shown
    before stays. Another window or overlay is drawn at once, from the same samples.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    SliceView {
        width: 1fr;
        height: 1fr;
        content-align: center middle;
        text-align: center;
    }
    """

    look: reactive[Look] = reactive(PLAIN, init=False)

    class Shrunk(Message):
        """The samples are there."""

        def __init__(self, key: _Key, samples: Samples) -> None:
            super().__init__()
            self.key, self.samples = key, samples

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
        self._layers: Layers | None = None
        self._number = 0  # of the layers: an id() may be used again
        self._message = ""
        self._wanted: _Key | None = None
        self._shrunk: tuple[_Key, Samples, Look] | None = None
        self._drawn: tuple[tuple[object, ...], list[Strip]] | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether what was to be shown is on screen, not something from before."""
        return self._wanted is None or (
            self._shrunk is not None and self._shrunk[0] == self._wanted
        )

    @property
    def frame(self) -> Frame | None:
        """The part of the slice that is in view; None without a slice or without space."""
        if self._layers is None or not self.content_size:
            return None
        samples = grid(*self.content_size, self.cell_style)
        return framed(self._layers.image.shape, *samples, self.look)

    @property
    def closest(self) -> float:
        """The greatest zoom that still shows more."""
        if self._layers is None or not self.content_size:
            return 1.0
        columns, rows, aspect = grid(*self.content_size, self.cell_style)
        return closest_zoom(self._layers.image.shape, columns, rows, aspect)

    def show(self, layers: Layers | None, look: Look | None = None) -> None:
        """Show a slice; None clears the view. The view keeps the arrays."""
        self._number += 1
        self._layers, self._message = layers, ""
        if look is not None:
            self.set_reactive(SliceView.look, look)
        self._renew()

    def message(self, text: str) -> None:
        """Show `text`, as it stands, in place of a picture."""
        self._layers = None
        self._message = "\n".join(plain(line) for line in text.splitlines())
        self._renew()

    def watch_look(self) -> None:
        self._renew()

    def on_resize(self) -> None:
        self._renew()

    def _renew(self) -> None:
        """See to it that the samples are those of the slice, the size and the look."""
        frame = self.frame
        if frame is None or self._layers is None:
            self._wanted = self._shrunk = None
            self.refresh()
            return
        wanted = (self._number, self.content_size, frame, self.look.only)
        if wanted != self._wanted:
            self._wanted = wanted
            work = partial(self._shrink, wanted, self._layers)
            self.run_worker(work, group="shrink", exclusive=True, thread=True, exit_on_error=False)
        elif self.is_drawn:
            self.refresh()

    def _shrink(self, key: _Key, layers: Layers) -> None:
        """In a thread."""
        if key == self._wanted:
            self.post_message(self.Shrunk(key, shrink(layers, key[2], key[3])))

    def on_slice_view_shrunk(self, message: Shrunk) -> None:
        message.stop()
        if message.key == self._wanted:
            self._shrunk = message.key, message.samples, self.look
            self.refresh()

    def render(self) -> Content:
        return Content(self._message)

    def render_line(self, y: int) -> Strip:
        if self._layers is None or not self.content_size:
            return super().render_line(y)
        strips = self._strips()
        ground = self.visual_style.rich_style
        return strips[y] if y < len(strips) else Strip.blank(self.content_size.width, ground)

    def get_line_filters(self) -> list[LineFilter]:
        """All but the one that writes out 256-colour codes as 24-bit colours.

        Codes keep a picture at half the bytes.
        """
        filters = super().get_line_filters()
        return [each for each in filters if not isinstance(each, ANSIToTruecolor)]

    def _strips(self) -> list[Strip]:
        """The picture at the present size; drawn once for each size, theme and look."""
        if self._shrunk is None or self._shrunk[0][1] != self.content_size:
            return []
        key, samples, then = self._shrunk
        # A slice that is still being shrunk shows with its own window, not with the next one's.
        look = self.look if self.is_drawn else then
        ground: Style = self.visual_style.rich_style
        dark = self.app.current_theme.dark
        made_of = (key, look, ground, dark)
        if self._drawn is None or self._drawn[0] != made_of:
            size = self.content_size
            strips = draw(samples, *size, look, self._palette, self.cell_style, dark, ground)
            self._drawn = made_of, strips
        if self.is_drawn:
            self._shrunk = key, samples, look
        return self._drawn[1]
