"""A slice as a picture made of cells."""

import os
from functools import partial
from itertools import count

from rich.style import Style
from textual.content import Content
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from altui.errors import AltuiError
from altui.text import plain
from altui.widgets.cells import draw, grid, shrunk
from altui.widgets.compose import rgb
from altui.widgets.graphics import Graphic, cell_size, forget, kitty, sixel
from altui.widgets.layers import PLAIN, Frame, Layers, Look, Samples, closest_zoom, framed
from altui.widgets.palette import CLASS_COLOURS, Palette
from altui.widgets.terminal import CellStyle, picture_style

_Key = tuple[int, Size, Frame, int | None, Look | None]
"""What samples depend on, the layers by a number; and for graphics the whole look."""

_numbers = count(1)  # of pictures that Kitty keeps


OFF = "pictures are off"


class SliceView(Widget):
    """One grey image with classes and uncertainty over it, as large as its space allows.

    It is brought to the screen's resolution in a thread, unless it was prepared; until that is
    done, what was shown before stays. Another window or overlay is drawn at once, from the same
    samples.
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
        """The samples are there, or the picture itself."""

        def __init__(self, key: _Key, made: Samples | Graphic) -> None:
            super().__init__()
            self.key, self.made = key, made

    class Lost(Message):
        """The slice had to be read again, and could not be."""

        def __init__(self, key: _Key, why: str) -> None:
            super().__init__()
            self.key, self.why = key, why

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
        self._shrunk: tuple[_Key, Samples | Graphic, Look] | None = None
        self._kitty = 0  # the number of this view's picture, once it has one
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
        return framed(self._layers.shape, *self._grid, self.look)

    @property
    def _grid(self) -> tuple[int, int, float]:
        """The columns and rows of samples that there is room for, and a sample's aspect."""
        columns, rows = self.content_size
        if self.cell_style in ("kitty", "sixel"):
            width, height = cell_size()
            return columns * width, rows * height, 1.0
        return grid(columns, rows, self.cell_style)

    @property
    def closest(self) -> float:
        """The greatest zoom that still shows more."""
        if self._layers is None or not self.content_size:
            return 1.0
        return closest_zoom(self._layers.shape, *self._grid)

    def show(self, layers: Layers | None, look: Look | None = None) -> None:
        """Show a slice; None clears the view. The view keeps the arrays."""
        self._number += 1
        self._layers, self._message = layers, ""
        if look is not None:
            self.set_reactive(SliceView.look, look)
        self._renew()

    def prepare(self, layers: Layers) -> None:
        """Do the slow part for a slice that may be shown next; in any thread."""
        if self.cell_style in ("half-cell", "ascii") and self.content_size:
            frame = framed(layers.shape, *self._grid, self.look)
            shrunk(layers, frame, self.look.only)

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
        if frame is None or self._layers is None or self.cell_style == "off":
            self._wanted = self._shrunk = None
            self.refresh()
            return
        graphic = self.look if self.cell_style in ("kitty", "sixel") else None
        wanted = (self._number, self.content_size, frame, self.look.only, graphic)
        if wanted != self._wanted:
            self._wanted = wanted
            found = None if graphic else self._layers.made.get((frame, self.look.only))
            if found is not None:
                self._take(wanted, found)
                return
            work = partial(self._shrink, wanted, self._layers)
            self.run_worker(work, group="shrink", exclusive=True, thread=True, exit_on_error=False)
        elif self.is_drawn:
            self.refresh()

    def _shrink(self, key: _Key, layers: Layers) -> None:
        """In a thread."""
        if key != self._wanted:
            return
        _, _, frame, only, look = key
        try:
            samples = shrunk(layers, frame, only)
        except AltuiError as error:
            self.post_message(self.Lost(key, error.message))
            return
        self.post_message(self.Shrunk(key, self._encoded(samples, look) if look else samples))

    def _encoded(self, samples: Samples, look: Look) -> Graphic:
        picture, cell = rgb(samples, look), cell_size()
        if self.cell_style == "sixel":
            return sixel(picture, cell)
        self._kitty = self._kitty or os.getpid() % 4096 * 4096 + next(_numbers)
        return kitty(picture, self._kitty, cell)

    def on_slice_view_lost(self, message: Lost) -> None:
        message.stop()
        if message.key == self._wanted:
            self.message(message.why)

    def on_slice_view_shrunk(self, message: Shrunk) -> None:
        message.stop()
        if message.key == self._wanted:
            self._take(message.key, message.made)

    def _take(self, key: _Key, made: Samples | Graphic) -> None:
        self._shrunk = key, made, self.look
        if isinstance(made, Graphic) and self.cell_style == "kitty":
            self._send(made.data)
        self.refresh()

    def on_unmount(self) -> None:
        if self._kitty:
            self._send(forget(self._kitty))

    def _send(self, data: str) -> None:
        """In line with what the screen sends, and like that without waiting."""
        driver = self.app._driver
        if driver is not None and not self.app.is_headless:
            driver.write(data)

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.cell_style == "sixel" and self._shrunk is not None:
            self.call_after_refresh(self._draw_sixels)
        return super().render_lines(crop)

    def _draw_sixels(self) -> None:
        """Over the cells that were drawn blank; not over what covers them."""
        made = self._shrunk[1] if self._shrunk is not None else None
        if isinstance(made, Graphic) and self.screen.is_active and self.is_on_screen:
            x, y = self.content_region.offset + self._corner(made)
            self._send(f"\x1b7\x1b[{y + 1};{x + 1}H{made.data}\x1b8")

    def _corner(self, made: Graphic) -> Offset:
        """Where a picture stands in the view, so that it is in the middle."""
        columns, rows = self.content_size
        return Offset((columns - made.columns) // 2, (rows - made.rows) // 2)

    def render(self) -> Content:
        return Content(self._message or (OFF if self.cell_style == "off" else ""))

    def render_line(self, y: int) -> Strip:
        if self._layers is None or not self.content_size or self.cell_style == "off":
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
        key, made, then = self._shrunk
        if isinstance(made, Graphic):
            return self._around(made)
        samples = made
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

    def _around(self, made: Graphic) -> list[Strip]:
        """The cells of a picture, and those around it."""
        columns, rows = self.content_size
        ground, corner = self.visual_style.rich_style, self._corner(made)
        right = columns - corner.x - made.columns
        blank = Strip.blank(columns, ground)
        sides = Strip.blank(corner.x, ground), Strip.blank(right, ground)
        middle = [Strip.join([sides[0], strip, sides[1]]) for strip in made.strips(ground)]
        return [*[blank] * corner.y, *middle, *[blank] * (rows - corner.y - made.rows)]
