"""A terminal's answers, taken out of what is typed.

A terminal answers whoever asked it: Textual, tmux, or an editor that has ended meanwhile. Over a
slow line the answer may come late, and to a program that does not understand it, which would
take it for keys: one of them is `r`, and another `a`.
"""

import re
import time
from collections.abc import Callable
from typing import Final

UNDERSTOOD: Final = ("\x1b[?2026;", "\x1b[?2048;")  # by Textual, which asks for these
LATEST: Final = 1.0  # seconds within which the rest of an answer has to come
LONGEST: Final = 8192  # characters of an answer
# Control sequences that no key sends, and strings of all kinds: DCS, SOS, OSC, PM, APC.
ANSWER: Final = re.compile(
    r"\x1b\[(?:[?>=][0-9;:]*[ -/]*[@-~]|[0-9]+n|[34689];[0-9]+;[0-9]+t)"
    r"|\x1b[PX\]^_][^\x07\x1b]+(?:\x07|\x1b\\)"
)
BEGUN: Final = re.compile(r"\x1b\[[?>=][0-9;:]*[ -/]*\Z|\x1b[PX\]^_][^\x07\x1b]+\x1b?\Z")


class Answers:
    """`missing`: what Textual has asked for and not been told, by how the answer begins."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun, self._since = "", 0.0
        self.missing = set(UNDERSTOOD)

    def out_of(self, typed: str) -> str:
        """What is left of `typed` without answers, whole or begun; those that Textual
        understands stay.
        """
        if self._begun and self._clock() - self._since > LATEST:
            self._begun = ""
        typed, self._begun = self._begun + typed, ""
        begun = BEGUN.search(typed)
        if begun and len(begun[0]) < LONGEST:
            self._begun, self._since = begun[0], self._clock()
            typed = typed[: begun.start()]
        return ANSWER.sub(self._judged, typed)

    def _judged(self, found: re.Match[str]) -> str:
        understood = next((one for one in UNDERSTOOD if found[0].startswith(one)), None)
        if understood is None:
            return ""
        self.missing.discard(understood)
        return found[0]
