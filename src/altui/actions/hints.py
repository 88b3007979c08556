"""What a hint has people run in a shell, as the keys that do it in the app."""

import re
from typing import Final

from altui.actions.keys import Keys
from altui.actions.registry import find

COMMAND: Final = re.compile(r'"?altui ([a-z-]+) PROJECT((?: [^\s;,"]+)*)"?')
INSTEAD: Final = {
    "propose": "propose",
    "propose --strategy": "switch",
    "approve": "approve",
    "assign": "assign",
    "approve --all": "approve_all",
    "reject": "reject",
    "undo": "undo",
    "export": "export",
    "export --annotator": "export",
    "import-labels": "import_labels",
    "run": "run_round",
    "run --wait": "show_jobs",
    "jobs retry": "retry",
    "jobs cancel": "cancel",
    "labels": "show_labels",
    "quarantine": "show_labels",
}
"""Commands with what changes their meaning; what is not here is done in a shell only."""


def in_keys(hint: str, keys: Keys, here: str) -> str:
    """'import them: altui import-labels PROJECT PATH' → 'import them: press i'; on the screen
    `here`, the way to which is left out.
    """
    return COMMAND.sub(lambda found: _pressed(found, keys, here), hint)


def _pressed(found: re.Match[str], keys: Keys, here: str) -> str:
    command, given = found[1], found[2].split()
    subcommand = given[:1] if command == "jobs" else []
    options = [word for word in given if word.startswith("--")]
    action = find(INSTEAD.get(" ".join([command, *subcommand, *options]), ""))
    if action is None:
        return found[0]
    way = find(f"show_{action.screens[0]}") if action.screens else None
    first = f"{keys.shown(way)}, then " if way and here not in action.screens else ""
    return f"press {first}{keys.shown(action)}"
