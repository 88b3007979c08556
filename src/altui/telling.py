"""What the app tells people beside its screens: notices, and errors in words."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from textual import events

from altui.actions import Keys, find, in_keys
from altui.actions.keys import shown
from altui.doing import DoingApp
from altui.screens.trouble import in_words
from altui.text import listing, with_project
from altui.widgets.type_ahead import Typed


class TellingApp(DoingApp):
    """Names keys as its person has them."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self.keys = keys
        self.set_keymap(keys.keymap)

    @property
    def folder(self) -> Path:
        """The project's."""
        raise NotImplementedError

    def put_off(self, typed: Typed) -> None:
        super().put_off(typed)
        if isinstance(typed, events.Key):
            self.say(f"{shown(typed.key)} waits for what is under way")

    def drop_put_off(self) -> None:
        keys = [shown(one.key) for one in self._put_off if isinstance(one, events.Key)]
        super().drop_put_off()
        if keys:
            self.say(f"{listing(keys)}: not done, as it waited for what came otherwise", "warning")

    def say(self, text: str, severity: Literal["information", "warning"] = "information") -> None:
        if self.is_running:  # what only informed makes room: a pile of it would cover the picture
            for screen in self.screen_stack:  # a dialog's come up again under it
                screen.query("Toast.-information").set(display=False)
        self.notify(text, severity=severity, markup=False)

    def hint(self, text: str) -> str:
        """With keys in place of commands; those that have none with this project's folder."""
        return with_project(in_keys(text, self.keys, self.current_mode), self.folder)

    def in_words(self, error: Exception) -> str:
        return "\n".join(filter(None, in_words(error, self.hint)))

    def complain(self, error: Exception) -> None:
        title, text = in_words(error, self.hint)
        self.notify(text, title=title, severity="error", timeout=12, markup=False)

    def key_of(self, name: str) -> str:
        """The key of an action, as people write it."""
        action = find(name)
        return self.keys.shown(action) if action else ""
