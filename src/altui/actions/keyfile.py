"""A person's own keys, from a `keys.toml`:

approve = "y"
reject = ["n", "delete"]
"""

import tomllib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import Keys as TextualKeys
from textual.keys import _character_to_key, key_to_character

from altui.actions.action import Action
from altui.actions.keys import Keys, shown
from altui.actions.registry import ACTIONS, find
from altui.errors import AltuiError
from altui.files import read_text
from altui.text import did_you_mean, plain

NAME = "keys.toml"
MODIFIERS = ("ctrl", "alt", "shift")
KNOWN = {key.value for key in TextualKeys}
FIXED = ("escape", "enter", "tab", "shift+tab", "ctrl+c")
"""What dialogs, fields and panels are used with."""


def keys_path() -> Path:
    """Where a person's keys are read from."""
    from platformdirs import user_config_path

    return user_config_path("altui", appauthor=False) / NAME


def read_keys(path: Path) -> Keys:
    """The keys of a file; altui's own where there is none.

    Raises AltuiError, with all that is wrong in it: half of a person's keys beside half of
    altui's would be a trap.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return Keys()
    except (OSError, ValueError) as error:
        raise _refusal(path, [f"it cannot be read: {plain(error)}"]) from None
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers and nesting without end, too
        raise _refusal(path, [f"it is no TOML: {plain(error)}"]) from None
    faults: list[str] = []
    other: dict[str, tuple[str, ...]] = {}
    for name, value in found.items():
        try:
            other[_action(name).name] = _keys(name, value)
        except ValueError as error:
            faults.append(str(error))
    keys = Keys(other)
    faults += clashes(keys)
    if faults:
        raise _refusal(path, faults)
    return keys


def own_keys() -> Keys | AltuiError:
    """What the app begins with: a faulty file is told about in the app, and keeps nobody out."""
    try:
        return read_keys(keys_path())
    except AltuiError as error:
        return error


def clashes(keys: Keys) -> Iterator[str]:
    """Keys that would do two things on one screen."""
    for one, two in combinations(ACTIONS, 2):
        if _meet(one, two):
            for key in sorted(set(keys.of(one)) & set(keys.of(two))):
                yield f'"{shown(key)}" would do both {one.name} and {two.name}'


def _meet(one: Action, two: Action) -> bool:
    """Whether there is a place where both can be done."""
    places = [set(action.screens) for action in (one, two)]
    if any("dialog" in place for place in places):
        return places[0] == places[1]
    everywhere = any(not place or "list" in place for place in places)
    return everywhere or bool(places[0] & places[1])


def _action(name: str) -> Action:
    """Raises ValueError for a name that is none."""
    action = find(name)
    if action is None:
        names = [known.name for known in ACTIONS]
        raise ValueError(f'no action is named "{plain(name)}"{did_you_mean(name, names)}')
    return action


def _keys(name: str, value: object) -> tuple[str, ...]:
    """The names of keys, as Textual has them. Raises ValueError."""
    given = value if isinstance(value, list) else [value]
    keys = [key for key in given if isinstance(key, str) and key]
    if not keys or len(keys) < len(given):
        raise ValueError(f'{name} needs a key, such as "y", or a list of keys')
    return tuple(dict.fromkeys(one for key in keys for one in _key(name, key)))


def _key(name: str, key: str) -> tuple[str, ...]:
    """What is pressed, and what Textual makes of it, where that is another key."""
    *modifiers, last = key.split("+") if len(key) > 1 and not key.endswith("++") else (key,)
    if len(last) == 1 and last.isprintable():
        last = _character_to_key(last)
        if "shift" in modifiers:
            raise ValueError(f'{name}: in place of "{plain(key)}" write the character itself')
    elif last not in KNOWN and (len(last) == 1 or key_to_character(last) is None):
        raise ValueError(f'{name}: "{plain(key)}" is no key{did_you_mean(last, KNOWN)}')
    if any(modifier not in MODIFIERS for modifier in modifiers):
        raise ValueError(f'{name}: "{plain(key)}" is no key: before + stand {", ".join(MODIFIERS)}')
    found = ("+".join((*modifiers, last)), *_arriving(modifiers, last))
    if set(found) & set(FIXED):
        raise ValueError(f'{name}: "{plain(key)}" has its fixed place in dialogs')
    return found


def _arriving(modifiers: list[str], last: str) -> Iterator[str]:
    """Terminals send the same for ctrl+h and backspace, alt+b and ctrl+left, ctrl+i and tab."""
    character = key_to_character(last) or ""
    if modifiers == ["alt"]:
        sent = f"\x1b{character}"
    elif modifiers == ["ctrl"] and "@" <= character <= "~":
        sent = chr(ord(character) & 0x1F)
    else:
        return
    found = ANSI_SEQUENCES_KEYS.get(sent, ())
    if isinstance(found, str):
        yield _character_to_key(found)
    elif isinstance(found, tuple) and found:
        yield found[0].value


def _refusal(path: Path, faults: list[str]) -> AltuiError:
    return AltuiError(
        f"{plain(path)}: {'; '.join(faults)}",
        "until it is mended the keys are altui's own; ? shows them",
    )
