"""What an action is, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first frame is drawn before the project's parts are imported
    from altui.jobs.state import JobView
    from altui.labels.overview import SliceLabels
    from altui.poller import Snapshot
    from altui.rounds.state import RoundState
    from altui.store.history import Decision

OPEN: frozenset[RoundState] = frozenset({"proposed", "annotating", "labelled", "failed"})
"""States in which a round's decisions can still change."""

PARTS = ("list", "dialog")
"""Screens by name, too: what has keys of its own on top of a screen's."""


@dataclass(frozen=True)
class Context:
    """What the availability of an action depends on: the project, and what the cursor is on."""

    snapshot: Snapshot
    decision: Decision | None = None
    job: JobView | None = None
    has_picture: bool = False  # a slice is shown, not words
    has_classes: bool = False
    has_heat: bool = False
    is_zoomed: bool = False
    can_step: bool = False
    can_compare: bool = False  # a slice of the sample is labelled
    labels: SliceLabels | None = None  # of the slice under the cursor
    revision: int | None = None  # that is looked at
    is_searching: bool = False  # in a job's log
    is_deciding: bool = False  # something was done that no snapshot shows yet

    @property
    def state(self) -> RoundState:
        return self.snapshot.status.state

    @property
    def is_open(self) -> bool:
        """Whether the round's decisions can still change."""
        return self.state in OPEN


Rule = Callable[[Context], bool]


@dataclass(frozen=True)
class Action:
    """`name` is Textual's (`action_NAME`); `label` stands in the footer, unless it is empty,
    and `todo` in "press KEY to TODO", with {NAME} for the key of another action. `screens`:
    none means everywhere; `key`: none means that it is in the palette only. `run`: Textual's
    action, where it is not the name. `spare`: left out of a footer that would take another
    line, those with the greatest number first; 0 always stays.
    """

    name: str
    key: str
    label: str
    help: str
    screens: tuple[str, ...] = ()
    available: Rule | None = None
    todo: str = ""
    run: str = ""
    spare: int = 0

    @property
    def target(self) -> str:
        return "screen" if self.screens else "app"

    @property
    def is_part(self) -> bool:
        """Whether it belongs to lists or dialogs, not to a screen."""
        return any(screen in PARTS for screen in self.screens)


def changing(rule: Rule) -> Rule:
    """`rule`, where the project can be written to at all."""
    return lambda context: context.snapshot.writable and rule(context)


def is_valid(action: Action, context: Context | None) -> bool:
    """Whether the action can be done now; without a context, only what needs none."""
    if action.available is None:
        return True
    return context is not None and action.available(context)
