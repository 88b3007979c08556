"""Pasted text, on its way to Textual: nothing in it may pass for keys.

Textual takes an escape sequence within a bracketed paste for keys, and one of those may be `q`,
or `A`, which approves; and until a paste has ended it listens to no key at all.
"""

import time
from collections.abc import Callable
from typing import Final

BEGIN: Final = "\x1b[200~"
END: Final = "\x1b[201~"
SILENCE: Final = 5.0  # seconds after which the rest of a paste will not come any more


class Pastes:
    """`is_open`: whether a paste has begun and not ended."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard = 0.0
        self._before = ""  # the last letters outside of a paste: its beginning may come in pieces
        self._held = ""  # what may be the beginning of its end
        self.is_open = False

    def cleaned(self, typed: str) -> str:
        """`typed`, without the control characters within pastes."""
        self._heard = self._clock()
        typed, self._held = self._held + typed, ""
        parts: list[str] = []
        while typed:
            part, typed = self._pasted(typed) if self.is_open else self._keys(typed)
            parts.append(part)
        return "".join(parts)

    def given_up(self) -> str:
        """The end of a paste that stays silent, which did not come; empty otherwise."""
        if not self.is_open or self._clock() - self._heard < SILENCE:
            return ""
        self.is_open, self._held = False, ""
        return END

    def _keys(self, typed: str) -> tuple[str, str]:
        """What is passed on up to where a paste begins, and the rest."""
        known = self._before + typed
        found = known.find(BEGIN)
        self.is_open = found >= 0
        end = found + len(BEGIN) - len(self._before) if self.is_open else len(typed)
        self._before = "" if self.is_open else known[1 - len(BEGIN) :]
        return typed[:end], typed[end:]

    def _pasted(self, typed: str) -> tuple[str, str]:
        text, end, rest = typed.partition(END)
        self.is_open = not end
        if self.is_open:
            begun = next((n for n in range(len(END) - 1, 0, -1) if text.endswith(END[:n])), 0)
            text, self._held = text[: len(text) - begun], END[:begun]
        return "".join(c for c in text if c.isprintable() or c in "\n\r\t") + end, rest
