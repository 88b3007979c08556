"""A slice of the project in a panel: read in a thread, with what lies over it and a legend."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from altui.screens.frame import closely
from altui.screens.pictures import Picture, Wish
from altui.screens.viewing import Viewing
from altui.widgets.layers import Layers
from altui.widgets.palette import Palette, heat_legend, legend, palette_of
from altui.widgets.slice_view import SliceView
from altui.widgets.titled import Titled
from altui.widgets.told import Told

if TYPE_CHECKING:
    from altui.app import AltuiApp

PATIENCE = 0.5  # seconds that the last picture stays while the next is read


class SlicePane(Titled, Vertical):
    """Shows the slice that was wished for last; tells `Shown` once it does."""

    DEFAULT_CSS = """
    SlicePane > .legend {
        height: auto; max-height: 3; width: 1fr; text-align: center; text-wrap: nowrap;
        display: none;
    }
    """

    class Ready(Message):
        """A picture has been read."""

        def __init__(self, picture: Picture) -> None:
            super().__init__()
            self.picture = picture

    class Shown(Message):
        """The picture that was wished for is on screen."""

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
    ) -> None:
        super().__init__(classes="panel", id=id)
        self._class_names = class_names
        self._picture: Picture | None = None
        self._viewing = Viewing()
        self._title, self._place = "", ""
        self.wish: Wish | None = None

    def compose(self) -> ComposeResult:
        yield SliceView(cell_style=cast("AltuiApp", self.app).images, palette=self._palette)
        yield Told(classes="legend")

    @property
    def _palette(self) -> Palette:
        return palette_of(self.app.console.color_system)

    @property
    def view(self) -> SliceView:
        return self.query_one(SliceView)

    @property
    def picture(self) -> Picture | None:
        """What was wished for, once it has been read."""
        found = self._picture
        return found if found is not None and found.wish == self.wish else None

    @property
    def seen(self) -> Layers | None:
        """Of the picture that is seen: while the next is read, keys do not come and go."""
        return self._picture.layers if self._picture and self.wish else None

    @property
    def has_classes(self) -> bool:
        """Whether a prediction or a mask can lie over the slice."""
        return self.seen is not None and self.seen.has_classes

    @property
    def has_heat(self) -> bool:
        return self.seen is not None and self.seen.has_heat

    @property
    def is_settled(self) -> bool:
        """Whether what was wished for is on screen."""
        return self.wish is None or (self.picture is not None and self.view.is_drawn)

    def show(self, wish: Wish, title: str, place: str, ahead: Sequence[Wish] = ()) -> None:
        """`place`: where the slice lies; `ahead`: what may be wished for next."""
        self._title, self._place = title, place
        if wish == self.wish:
            self._tell()
            return
        self.wish = wish
        pictures = cast("AltuiApp", self.app).pictures
        picture = pictures.want(wish, self._read, ahead, self.view.prepare)
        if picture is not None:
            self._draw(picture)
        else:
            self._tell()
            self.set_timer(PATIENCE, lambda: self._still_reading(wish))

    def show_nothing(self, title: str, why: str) -> None:
        self.wish = None
        self._title, self._place = title, ""
        self._tell()
        self.view.message(why)
        self._show_legend()

    def look(self, viewing: Viewing) -> None:
        """Look at it this way, and at what comes after it."""
        self._viewing = viewing
        if self.picture is not None and self.picture.layers is not None:
            self.view.look = viewing.look_at(self.picture.windows)
        self._tell()
        self._show_legend()

    def on_resize(self) -> None:
        if self.query(".legend"):
            self._show_legend()

    def _read(self, picture: Picture) -> None:
        """In the reading thread."""
        self.post_message(self.Ready(picture))

    def on_slice_pane_ready(self, message: Ready) -> None:
        message.stop()
        if message.picture.wish == self.wish:
            self._draw(message.picture)

    def _still_reading(self, wish: Wish) -> None:
        if wish == self.wish and self.picture is None:
            self.view.message("reading…")

    def _draw(self, picture: Picture) -> None:
        self._picture = picture
        if picture.layers is not None:
            self.view.show(picture.layers, self._viewing.look_at(picture.windows))
        elif picture.error is not None:
            self.view.message(cast("AltuiApp", self.app).in_words(picture.error))
        self._tell()
        self._show_legend()
        self.post_message(self.Shown())

    def _tell(self) -> None:
        """Which slice it is, at once; and while another one is seen, that it is being read."""
        place = ", ".join(filter(None, (self._place, self._viewing.said())))
        if self.wish is not None and self.picture is None:
            place = f"reading {place}"
        self.entitle(self._title, place)

    def _show_legend(self) -> None:
        if self.wish is not None and self.picture is None:
            return  # it would come and go, and the picture grow and shrink
        look, shown = self._viewing.look, self.query_one(".legend", Told)
        entries: list[Content] = []
        if self.has_classes and look.overlay != "off":
            style = self.view.cell_style
            entries += legend(self._class_names, style, self._palette, look.only)
        if self.has_heat and look.heat:
            differs = self.wish is not None and self.wish.differs
            told = Content("bright: not as predicted") if differs else None
            entries.append(told or heat_legend(self.view.cell_style))
        shown.display = bool(entries)
        shown.tell(closely(entries, self.content_size.width))
