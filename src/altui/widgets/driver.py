"""Textual's driver, where lines are slow and terminals odd."""

import os
import selectors
import time
from codecs import getincrementaldecoder
from typing import Final

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message

from altui.widgets.answers import Answers
from altui.widgets.pastes import Pastes

TURN: Final = 0.1  # seconds between two looks at whether a lone Esc was one
LATEST_ANSWER: Final = 1.0  # seconds
LARGEST: Final = 5000  # cells, of a terminal's side


class Driver(LinuxDriver):
    """Takes no answer of the terminal's for keys, nor leaves one to the shell, nor what is pasted;
    survives bytes that are no UTF-8; ends with the terminal.
    """

    _asked = 0.0
    _answers: Answers | None = None

    def run_input_thread(self) -> None:
        self._asked, self._answers, pastes = time.monotonic(), Answers(), Pastes()
        decode = getincrementaldecoder("utf-8")("ignore").decode
        parser = XTermParser(self._debug)
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = pastes.given_up()
                if selector.select(TURN):
                    try:
                        read = os.read(self.fileno, 4096)
                    except OSError:
                        read = b""
                    if not read:
                        self._app.call_later(self._app.exit)
                        return
                    typed += pastes.cleaned(self._answers.out_of(decode(read)))
                for letter in typed:
                    try:
                        for message in parser.feed(letter):
                            self.process_message(message)
                    except (ArithmeticError, ValueError):
                        # At a key of a number that is none, or a click where cells have no size.
                        parser = XTermParser(self._debug)
                for message in parser.tick():
                    self.process_message(message)

    def process_message(self, message: Message) -> None:
        if isinstance(message, Resize) and not all(0 < side <= LARGEST for side in message.size):
            return  # no terminal is so large: it is text that looks like a report
        super().process_message(message)

    def disable_input(self) -> None:
        """Whoever leaves at once would find the answers in the shell."""
        while self._answers and self._answers.missing and self._is_early():
            time.sleep(0.02)
        super().disable_input()

    def _is_early(self) -> bool:
        return time.monotonic() - self._asked < LATEST_ANSWER
