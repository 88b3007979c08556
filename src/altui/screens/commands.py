"""The command palette's list."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from inspect import unwrap

from textual import work
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from altui.actions import ACTIONS, Action
from altui.screens.base import AltuiScreen, Once
from altui.screens.frame import TABS


class Palette(CommandPalette, Once[None]):  # whose looks are the first one's
    """Textual's palette, closed while it still gathers, fails on the list that is gone; that
    must not take the app with it.
    """

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP, exit_on_error=False)
    async def _gather_commands(self, search_value: str) -> None:
        await unwrap(CommandPalette._gather_commands)(self, search_value)  # without its own @work


class ActionCommands(Provider):
    """The command palette's list: the actions that are valid now."""

    async def discover(self) -> Hits:
        for action in self._valid():
            yield DiscoveryHit(words(action), self._command(action), help=action.help)

    async def search(self, query: str) -> Hits:
        is_found = False
        for action in self._valid():
            score = match(query, words(action), action.help)
            if score:
                is_found = True
                shown = highlighted(words(action), query)
                command = self._command(action)
                yield Hit(score, shown, command, text=words(action), help=action.help)

        for hit in () if is_found else self._elsewhere(query):
            yield hit

    def _elsewhere(self, query: str) -> Iterable[Hit]:
        """The way to what other screens have under these words."""
        here, titles = self.screen, dict(TABS)
        if not isinstance(here, AltuiScreen) or here.SCREEN_NAME not in titles:
            return
        for action in ACTIONS:
            there = next((name for name in action.screens if name in titles), None)
            score = match(query, words(action), action.help)
            if there and score and here.SCREEN_NAME not in action.screens:
                told = f"{words(action)} is on {titles[there]}: go there"
                go = partial(self.app.run_action, f"app.show_{there}")
                yield Hit(score, told, go, text=told, help=action.help)

    def _valid(self) -> Iterable[Action]:
        here = self.screen
        if not isinstance(here, AltuiScreen):
            return []
        name, context = here.SCREEN_NAME, here.altui.context
        return [
            action
            for action in ACTIONS
            if (not action.screens or name in action.screens)
            and not action.is_part
            and here.can(action, context)
            and action.name != "command_palette"
        ]

    def _command(self, action: Action) -> Callable[[], object]:
        return partial(self.app.run_action, f"{action.target}.{action.name}")


def words(action: Action) -> str:
    """'approve_all' → 'Approve all'."""
    text = action.name.replace("_", " ")
    return text[0].upper() + text[1:]


def match(query: str, name: str, help_text: str) -> float:
    """0 for none, up to 1: every word that was typed begins a word of the name or the help,
    or is a part of the name.
    """
    return min(
        (_match_word(typed, name, help_text) for typed in query.lower().split()), default=0.0
    )


def _match_word(typed: str, name: str, help_text: str) -> float:
    if begins_word(typed, name):
        return 1.0
    if typed in name.lower():
        return 0.6
    return 0.3 if begins_word(typed, help_text) else 0.0


def begins_word(typed: str, text: str) -> bool:
    return any(word.startswith(typed) for word in re.findall(r"[^\W_]+", text.lower()))


def highlighted(name: str, query: str) -> Content:
    """The name, with what was typed underlined where it stands in it."""
    shown = Content(name)
    for typed in query.lower().split():
        at = name.lower().find(typed)
        if at >= 0:
            shown = shown.stylize("bold underline", at, at + len(typed))
    return shown
