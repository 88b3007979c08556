"""Which key does what: altui's own keys, or those of a person's `keys.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from textual.keys import key_to_character

from altui.actions.action import Action

NAMES = {
    **{"up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn"},
    **{"escape": "Esc", "enter": "Enter", "space": "Space", "home": "Home", "end": "End"},
    **{"plus": "+", "minus": "-", "at": "@"},  # which Textual tells by their names
    **{"slash": "/", "backspace": "Backspace", "delete": "Del", "insert": "Ins"},
}
"""How keys that are no characters are told."""


@dataclass(frozen=True)
class Keys:
    """`other`: the keys, by Textual's names, of actions that have others than altui's own."""

    other: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, action: Action) -> tuple[str, ...]:
        """Its keys; none for what is in the palette only."""
        return self.other.get(action.name) or tuple(filter(None, (action.key,)))

    def shown(self, action: Action) -> str:
        """The first of its keys, as people write it; empty for none."""
        keys = self.of(action)
        return shown(keys[0]) if keys else ""

    @property
    def keymap(self) -> dict[str, str]:
        """For Textual: the keys by the bindings' ids."""
        return {name: ",".join(keys) for name, keys in self.other.items()}


def shown(key: str) -> str:
    """'ctrl+question_mark' → 'ctrl+?'."""
    *modifiers, last = key.split("+")
    return "+".join((*modifiers, NAMES.get(last) or key_to_character(last) or last))
