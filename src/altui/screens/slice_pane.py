"""A slice of the project in a panel: read in a thread, with the network's prediction over it."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from altui.project import Project
from altui.screens.frame import filled
from altui.screens.pictures import Picture, Pictures, Wish
from altui.screens.trouble import in_words
from altui.widgets.palette import legend
from altui.widgets.slice_view import SliceView

PATIENCE = 0.15  # seconds that the last picture stays while the next is read


class SlicePane(Vertical):
    """Shows the slice that was wished for last; tells `Shown` once it does."""

    DEFAULT_CSS = """
    SlicePane > #legend {
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

    def __init__(self, project: Project) -> None:
        super().__init__(classes="panel")
        self._class_names = project.config.classes.names
        self._pictures = Pictures(project, self._read)
        self._picture: Picture | None = None
        self.wish: Wish | None = None

    def compose(self) -> ComposeResult:
        yield SliceView()
        yield Static(id="legend", markup=False)

    @property
    def picture(self) -> Picture | None:
        """What was wished for, once it has been read."""
        found = self._picture
        return found if found is not None and found.wish == self.wish else None

    @property
    def has_prediction(self) -> bool:
        return self.picture is not None and self.picture.prediction is not None

    def show(self, wish: Wish, title: str, subtitle: str) -> None:
        self.border_title, self.border_subtitle = Content(title), Content(subtitle)
        if wish == self.wish:
            return
        self.wish = wish
        picture = self._pictures.want(wish)
        if picture is not None:
            self._draw(picture)
        else:
            self.set_timer(PATIENCE, lambda: self._still_reading(wish))

    def show_nothing(self, why: str) -> None:
        self.wish = None
        self.border_title, self.border_subtitle = "Slice", None
        self.query_one(SliceView).message(why)
        self._show_legend()

    def toggle_overlay(self) -> None:
        self.query_one(SliceView).toggle_overlay()
        self._show_legend()

    def on_resize(self) -> None:
        self._show_legend()

    def on_unmount(self) -> None:
        self._pictures.close()

    def _read(self, picture: Picture) -> None:
        """In the reading thread."""
        self.post_message(self.Ready(picture))

    def on_slice_pane_ready(self, message: Ready) -> None:
        message.stop()
        if message.picture.wish == self.wish:
            self._draw(message.picture)

    def _still_reading(self, wish: Wish) -> None:
        if wish == self.wish and self.picture is None:
            self.query_one(SliceView).message("reading…")

    def _draw(self, picture: Picture) -> None:
        self._picture = picture
        view = self.query_one(SliceView)
        if picture.image is not None:
            view.show(picture.image, picture.prediction)
        elif picture.error is not None:
            view.message("\n".join(filter(None, in_words(picture.error))))
        self._show_legend()
        self.post_message(self.Shown())

    def _show_legend(self) -> None:
        view, shown = self.query_one(SliceView), self.query_one("#legend", Static)
        shown.display = self.has_prediction and view.overlay_shown
        entries = legend(self._class_names, view.cell_style)
        shown.update(filled(entries, self.content_size.width, 2))
