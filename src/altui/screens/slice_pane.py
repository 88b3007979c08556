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
from altui.text import plain
from altui.widgets.layers import Frame, Layers
from altui.widgets.palette import Palette, heat_legend, legend, palette_of
from altui.widgets.slice_view import SliceView
from altui.widgets.titled import Titled
from altui.widgets.told import Told

if TYPE_CHECKING:
    from altui.app import AltuiApp

PATIENCE = 0.5  # seconds that the last picture stays while the next is read
NOT_OVERLAID = "nothing lies over it"


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
        self._drawn: Picture | None = None
        self._asked: Wish | None = None
        self._ahead: Sequence[Wish] = ()
        self._is_due = False  # whether the picture is still to follow what was said of it
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
        is_drawn = not self._is_due and self.view.is_drawn
        return self.wish is None or (self.picture is not None and is_drawn)

    @property
    def frame(self) -> Frame | None:
        """The part of the slice that is in view; None without a slice or without space."""
        self._update()
        return self.view.frame

    @property
    def closest(self) -> float:
        """The greatest zoom that still shows more."""
        self._update()
        return self.view.closest

    def show(self, wish: Wish, title: str, place: str, ahead: Sequence[Wish] = ()) -> None:
        """`place`: where the slice lies; `ahead`: what may be wished for next."""
        self._title, self._place = title, place
        if wish != self.wish:
            self.wish, self._ahead = wish, ahead
            self._update_soon()
        self._tell()

    def show_nothing(self, title: str, why: str) -> None:
        self.wish = self._asked = self._drawn = None
        self._title, self._place = title, ""
        self._tell()
        self.view.message(why)
        self._show_legend()

    def look(self, viewing: Viewing) -> None:
        """Look at it this way, and at what comes after it."""
        if viewing != self._viewing:
            self._viewing = viewing
            self._tell()
            self._show_legend()
            self._update_soon()

    def on_resize(self) -> None:
        if self.query(".legend"):
            self._show_legend()

    def _read(self, picture: Picture) -> None:
        """In the reading thread."""
        self.post_message(self.Ready(picture))

    def on_slice_pane_ready(self, message: Ready) -> None:
        message.stop()
        if message.picture.wish == self.wish:
            self._take(message.picture)

    def _still_reading(self, wish: Wish) -> None:
        if wish == self.wish and self.picture is None:
            self._drawn = None
            self.view.message("reading…")

    def _update_soon(self) -> None:
        """Words answer a key sooner than a picture: it comes once they are on screen."""
        if not self._is_due:
            self._is_due = True
            self.call_after_refresh(self._update)

    def _update(self) -> None:
        """Bring the view up to date, if something is due."""
        wish, is_due, self._is_due = self.wish, self._is_due, False
        if not is_due or wish is None or not self.is_attached:
            return
        if wish != self._asked:
            self._ask(wish)
        elif self.picture is not None:
            self._draw(self.picture)

    def _ask(self, wish: Wish) -> None:
        self._asked = wish
        pictures = cast("AltuiApp", self.app).pictures
        picture = pictures.want(wish, self._read, self._ahead, self.view.prepare)
        if picture is not None:
            self._take(picture)
        else:
            self._tell()
            self.set_timer(PATIENCE, lambda: self._still_reading(wish))

    def _take(self, picture: Picture) -> None:
        self._picture = picture
        self._draw(picture)
        self._tell()
        self._show_legend()
        self.post_message(self.Shown())

    def _draw(self, picture: Picture) -> None:
        is_new, self._drawn = picture is not self._drawn, picture
        if picture.layers is None:
            if is_new and picture.error is not None:
                self.view.message(cast("AltuiApp", self.app).in_words(picture.error))
        elif is_new:
            self.view.show(picture.layers, self._viewing.look_at(picture.windows))
        else:
            self.view.look = self._viewing.look_at(picture.windows)

    def _tell(self) -> None:
        """Which slice it is, at once; and while another one is seen, that it is being read."""
        said = self._viewing.said(self.has_classes)
        place = ", ".join(filter(None, (self._place, said)))
        if self.picture is not None and self.picture.file:
            more = ", ".join(filter(None, (self._place, plain(self.picture.file), said)))
            place = more if len(more) < self.size.width else place
        if self.wish is not None and self.wish == self._asked and self.picture is None:
            place = f"reading {place}"
        self.entitle(self._title, place)

    def _show_legend(self) -> None:
        if self.wish is not None and self.picture is None:
            return  # it would come and go, and the picture grow and shrink
        look, shown = self._viewing.look, self.query_one(".legend", Told)
        style = self.view.cell_style
        theme = self.app.current_theme
        on_dark = theme.dark and not theme.ansi
        entries = legend(self._class_names, style, self._palette, look.only, on_dark)
        if not self.has_classes:
            entries = []
        elif look.overlay == "off":
            # On as many lines: the picture would have to be made anew, for another size.
            lines = self._arranged(entries).plain.count("\n")
            entries = [Content(NOT_OVERLAID + "\n" * lines)]
        if self.has_heat and look.heat:
            differs = self.wish is not None and self.wish.differs
            told = Content("bright: not as predicted") if differs else None
            entries.append(told or heat_legend(style))
        shown.display = bool(entries)
        shown.tell(self._arranged(entries))

    def _arranged(self, entries: Sequence[Content]) -> Content:
        return closely(entries, self.content_size.width)
