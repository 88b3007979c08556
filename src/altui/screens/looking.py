"""What can be done to the view of a slice, on every screen that shows one."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from altui.actions import Context
from altui.actions.looking import LOOKING, OF_THE_VERY_SLICE
from altui.poller import Snapshot
from altui.screens.base import AltuiScreen
from altui.screens.pictures import Wish
from altui.screens.saving import save_picture
from altui.screens.slice_pane import SlicePane
from altui.screens.viewing import Viewing
from altui.text import plain

PAN = 0.25  # of what is in view


class LookingScreen(AltuiScreen):
    """A screen with slices in panes, which are all looked at in the same way."""

    viewing = Viewing()
    _waited_for: Wish | None = None

    @cached_property
    def panes(self) -> tuple[SlicePane, ...]:
        """Once they are mounted. To look for them takes longer than all else that a key does."""
        return tuple(self.query(SlicePane).results())

    @property
    def pane(self) -> SlicePane:
        """The one that actions are about."""
        return next((pane for pane in self.panes if pane.display), self.panes[0])

    def looking_context(self, snapshot: Snapshot, **more: Any) -> Context:
        """What the keys of looking depend on, and `more` of `Context`."""
        pane = self.pane
        return Context(
            snapshot,
            has_picture=pane.seen is not None,
            has_classes=pane.has_classes,
            has_heat=pane.has_heat,
            is_zoomed=self.viewing.look.zoom > 1,
            **more,
        )

    def is_to_wait(self, key: str) -> bool:
        """For the first picture, and for the very one that is to be written; not twice for one,
        as a disk may be slow.
        """
        pane = self.pane if self.is_ready else None
        if pane is None or pane.wish in (None, self._waited_for) or pane.picture is not None:
            return False
        needing = LOOKING if pane.seen is None else OF_THE_VERY_SLICE
        if not any(key in self.altui.keys.of(action) for action in needing):
            return False
        self._waited_for = pane.wish
        return True

    def on_slice_pane_shown(self, message: SlicePane.Shown) -> None:
        self.keys_changed()  # it may have a prediction
        self.altui.release()

    def view(self, viewing: Viewing) -> None:
        self.viewing = viewing
        for pane in self.panes:
            pane.look(viewing)
        self.call_after_refresh(self.keys_changed)

    def action_overlay(self) -> None:
        self.view(self.viewing.next_overlay())

    def action_heat(self) -> None:
        self.view(self.viewing.toggle_heat())

    def action_one_class(self) -> None:
        self.view(self.viewing.next_class(len(self.altui.project.config.classes.names)))

    def action_contrast(self) -> None:
        self.view(self.viewing.next_contrast())

    def action_brighter(self) -> None:
        self.view(self.viewing.brighter(1))

    def action_darker(self) -> None:
        self.view(self.viewing.brighter(-1))

    def action_more_contrast(self) -> None:
        self.view(self.viewing.steeper(1))

    def action_less_contrast(self) -> None:
        self.view(self.viewing.steeper(-1))

    def action_zoom_in(self) -> None:
        closest = self.pane.closest
        zoomed = self.viewing.zoomed(1)
        look = replace(zoomed.look, zoom=min(zoomed.look.zoom, closest))
        self.view(replace(zoomed, look=look))

    def action_zoom_out(self) -> None:
        self.view(self.viewing.zoomed(-1))

    def action_whole_slice(self) -> None:
        self.view(self.viewing.whole())

    def action_pan_left(self) -> None:
        self._pan(0, -PAN)

    def action_pan_right(self) -> None:
        self._pan(0, PAN)

    def action_pan_up(self) -> None:
        self._pan(-PAN, 0)

    def action_pan_down(self) -> None:
        self._pan(PAN, 0)

    def _pan(self, down: float, right: float) -> None:
        frame, picture = self.pane.frame, self.pane.picture
        if frame is not None and picture is not None and picture.layers is not None:
            self.view(self.viewing.panned(frame, picture.layers.shape, down, right))

    def action_save_picture(self) -> None:
        pane, project = self.pane, self.altui.project
        picture, frame = pane.picture, pane.frame
        if picture is None or picture.layers is None or frame is None:
            if pane.wish is not None:
                self.altui.say(f"{pane.wish.slice} is still being read, or cannot be", "warning")
            return
        slices = project.workspace.headers[picture.wish.slice.sample].slices
        stem = picture.wish.slice.file_stem(slices)
        viewing = self.viewing
        self.altui.perform(
            lambda: save_picture(picture, viewing, frame, project.root, stem),
            self._saved,
            slow=True,
            waits="none",
        )

    def _saved(self, path: Path) -> None:
        self.altui.say(f"the picture is in {plain(path)}")
