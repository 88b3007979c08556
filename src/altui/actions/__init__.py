"""Every action of the app, in one registry: keys, footer, help and palette come from it.

A module for each screen holds that screen's actions and when they can be done; `everywhere`
those of all screens, `moving` those of lists and dialogs.
"""

from altui.actions.action import Action, Context, is_valid
from altui.actions.hints import in_keys
from altui.actions.keys import Keys
from altui.actions.registry import ACTIONS, bindings, find, next_steps, on_screen

__all__ = [
    "ACTIONS",
    "Action",
    "Context",
    "Keys",
    "bindings",
    "find",
    "in_keys",
    "is_valid",
    "next_steps",
    "on_screen",
]
