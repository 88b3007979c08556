"""The registry: every action, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from altui.actions.action import Action, Context, is_valid
from altui.actions.compare import COMPARE
from altui.actions.everywhere import APP, ROUND, SCREENS
from altui.actions.jobs import JOBS
from altui.actions.keys import Keys
from altui.actions.labels import LABELS
from altui.actions.looking import LOOKING
from altui.actions.moving import DIALOGS, LISTS
from altui.actions.proposals import PROPOSALS
from altui.actions.rounds import ROUNDS
from altui.actions.samples import SAMPLES
from altui.actions.wizard import WIZARD

if TYPE_CHECKING:
    from altui.rounds.state import RoundState

ACTIONS: tuple[Action, ...] = (
    *SCREENS,
    *ROUNDS,
    *PROPOSALS,
    *LABELS,
    *SAMPLES,
    *LOOKING,
    *JOBS,
    *COMPARE,
    *WIZARD,
    *ROUND,
    *APP,
    *LISTS,
    *DIALOGS,
)
"""In the order of help and footer."""

_BY_NAME = {action.name: action for action in ACTIONS}

NEXT: dict[RoundState, tuple[str, ...]] = {
    "proposed": ("show_proposals", "approve", "propose"),
    "annotating": ("accept_mask", "export", "import_labels"),
    "labelled": ("run_round",),
    "running": ("show_jobs",),
    "failed": ("show_jobs", "retry", "run_round"),
    "evaluated": ("propose",),
    "stopped": ("propose",),
}
"""The actions that bring a round on from each state."""

DOUBTS = "show_labels"
"""Where masks in quarantine are decided on, in whatever state the round is."""


def on_screen(screen: str) -> tuple[Action, ...]:
    """The actions of a screen: its own, then those of every screen."""
    own = [action for action in ACTIONS if screen in action.screens]
    return (*own, *(action for action in ACTIONS if not action.screens))


def find(name: str) -> Action | None:
    return _BY_NAME.get(name)


def bindings(screen: str | None = None) -> list[BindingType]:
    """Textual's bindings for one screen's own actions, or for those of every screen.

    Each has its action's name as id, by which the app's keymap gives it other keys.
    """
    return [
        Binding(
            action.key,
            action.run or action.name,
            action.label,
            show=False,
            tooltip=action.help,
            id=action.name,
        )
        for action in ACTIONS
        if action.key and (screen in action.screens if screen else not action.screens)
    ]


def next_steps(screen: str, context: Context, keys: Keys) -> str:
    """'press e to export, i to import masks': what brings the round on from here."""
    here = on_screen(screen)
    steps = [
        action
        for name in NEXT[context.state]
        for action in here
        if action.name == name and is_valid(action, context) and name != f"show_{screen}"
        if name != "export" or context.snapshot.status.unsent
    ]
    # Where a step can be taken at once, the way to its screen need not be told.
    direct = [action for action in steps if not action.name.startswith("show_")]
    ways = [
        action
        for action in here
        if action.name == DOUBTS and context.snapshot.status.quarantined and screen != "labels"
    ]
    steps = [*ways, *(direct or steps)]
    words = [f"{keys.shown(action)} to {_todo(action, keys)}" for action in steps]
    return f"press {', '.join(words)}" if words else ""


def _todo(action: Action, keys: Keys) -> str:
    """Its words, with the keys of other actions where those are named."""
    return action.todo.format_map({one.name: keys.shown(one) for one in ACTIONS})
