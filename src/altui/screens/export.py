"""Dialog: where to write the round's bundle."""

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from altui.labels.bundle import Bundle
from altui.screens.base import Dialog
from altui.screens.trouble import in_words
from altui.text import count, plain


class Export(Dialog[None]):
    """Stays until the bundle is written, so that a refusal can be mended at once."""

    BINDINGS = [Binding("escape", "close", "close")]

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def body(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Export the approved slices as a bundle"
            box.border_subtitle = "Enter export   Esc close"
            yield Static("A new folder; a relative one starts in the project", markup=False)
            field = Input(self._folder)
            field.cursor_blink = False
            yield field
            yield Static(id="answer", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            return
        target = self.altui.project.root / Path(event.value.strip()).expanduser()
        self.query_one("#answer", Static).update("writing…")
        self.altui.perform(
            lambda: self.altui.project.export(target), self._written, self._refused, slow=True
        )

    def _written(self, bundle: Bundle) -> None:
        starts = f", {count(bundle.premasks, 'mask')} to start from" if bundle.premasks else ""
        text = f"{count(len(bundle.slices), 'slice')}{starts} in {plain(bundle.folder)}"
        self.altui.say(text)
        if self.is_current:
            self.dismiss(None)

    def _refused(self, error: Exception) -> None:
        if self.is_attached:
            self.query_one("#answer", Static).update("\n".join(filter(None, in_words(error))))
        else:
            self.altui.complain(error)
