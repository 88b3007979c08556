"""What every screen does: shows snapshots, its keys, and a message where it cannot fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

from altui.actions import Action, Context, find, is_valid, on_screen
from altui.screens.frame import KeyBar, StatusLine, TitleBar, TooSmall, is_too_small
from altui.widgets.memory import forget_gone

if TYPE_CHECKING:
    from altui.app import AltuiApp
    from altui.poller import Snapshot


class AltuiScreen(Screen[None]):
    """One of the numbered screens. A subclass composes its `body` and shows a snapshot."""

    AUTO_FOCUS = "RecordTable"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
    SCREEN_NAME: ClassVar[str]

    _snapshot: Snapshot | None = None

    @property
    def altui(self) -> AltuiApp:
        return cast("AltuiApp", self.app)

    @property
    def is_ready(self) -> bool:
        """Whether its widgets are there: not before they are mounted, nor while they are taken
        away, nor while the app ends.
        """
        return self.is_mounted and self.display and self.app.is_running and not self.app._exit

    def compose(self) -> ComposeResult:
        yield TitleBar(self.SCREEN_NAME, self.altui.keys)
        yield StatusLine()
        yield from self.body()
        yield KeyBar()
        yield TooSmall()

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def show(self, snapshot: Snapshot) -> None:
        """Bring the widgets up to date."""

    def shown_of(self, snapshot: Snapshot) -> object:
        """What `show` makes use of: where that is as before, nothing is drawn anew."""
        return snapshot

    def context(self, snapshot: Snapshot) -> Context:
        """What the keys depend on; a subclass adds what its cursor is on."""
        return Context(snapshot)

    def take(self, snapshot: Snapshot | None) -> None:
        """Show a snapshot, if it is news to this screen."""
        if snapshot is None or snapshot is self._snapshot or not self.is_ready:
            return
        before, self._snapshot = self._snapshot, snapshot
        self.query_one(TitleBar).show(snapshot.status.project, self.altui.who)
        if before is None or self.shown_of(before) != self.shown_of(snapshot):
            self.show(snapshot)
        self.keys_changed()

    def keys_changed(self) -> None:
        """Tell the keys that are valid now, after the snapshot or the cursor has changed."""
        if not self.is_ready:
            return
        context, keys = self.altui.context, self.altui.keys
        valid = [a for a in on_screen(self.SCREEN_NAME) if a.label and self.can(a, context)]
        self.query_one(KeyBar).show([a for a in valid if keys.of(a)], keys)
        if context is not None:
            self.query_one(StatusLine).show(self.SCREEN_NAME, context, keys)

    def is_to_wait(self, key: str) -> bool:
        """Whether a key needs what is still being read; a subclass says so once."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = find(action)
        return known is None or self.can(known, self.altui.context)

    def can(self, action: Action, context: Context | None) -> bool:
        """Whether the action can be done now; `context`: the app's, asked for once for all."""
        return is_valid(action, context)

    def on_mount(self) -> None:
        self.take(self.altui.snapshot)
        self.keys_changed()

    def on_screen_resume(self) -> None:
        forget_gone()  # the dialog over it, for one
        self.take(self.altui.snapshot)

    def on_resize(self, event: events.Resize) -> None:
        guard_size(self, event)
        self.keys_changed()


_Result = TypeVar("_Result")


class Once(ModalScreen[_Result], Generic[_Result]):
    """Closed once, however often it is asked to: two clicks come as two messages, the second of
    which would close what lies under it.
    """

    def dismiss(self, result: _Result | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_current else AwaitComplete()


class Dialog(Once[_Result]):
    """A box over a screen, closed with Esc. While it `is_busy`, other keys wait."""

    is_busy = False

    def compose(self) -> ComposeResult:
        yield from self.body()
        yield TooSmall()

    def body(self) -> ComposeResult:
        raise NotImplementedError

    @property
    def altui(self) -> AltuiApp:
        return cast("AltuiApp", self.app)

    def on_resize(self, event: events.Resize) -> None:
        guard_size(self, event)

    def action_close(self) -> None:
        self.dismiss(None)


def guard_size(screen: Screen[_Result], event: events.Resize) -> None:
    """Where the screen does not fit, one plain message takes its place."""
    screen.set_class(is_too_small(event.size), "-too-small")
    for message in screen.query(TooSmall):  # gone already where the app ends
        message.say(event.size)
