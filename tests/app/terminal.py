"""altui on a terminal of its own."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class Terminal:
    """`seen`: all that the program has written so far."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        size: tuple[int, int] = (24, 80),  # rows, columns
    ) -> None:
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT):
                signal.signal(number, signal.SIG_DFL)  # under nohup it would be ignored
            self._resize(0, size)
            os.execvpe(command[0], list(command), {"TERM": "xterm-256color", **environ})
        self.seen = b""
        self.attributes = termios.tcgetattr(self.handle)

    def type(self, keys: str) -> None:
        os.write(self.handle, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        self._resize(self.handle, (rows, columns))

    def _resize(self, handle: int, size: tuple[int, int]) -> None:
        fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def read(self, seconds: float = 0.1) -> None:
        if select.select([self.handle], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.handle, 65536)
            except OSError:  # the program has ended
                time.sleep(0.02)

    def until(self, words: bytes, seconds: float = 30.0) -> bytes:
        """What is written up to `words`, which are forgotten then."""
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen[-3000:]
            self.read()
        found, self.seen = self.seen.split(words, 1)
        return found + words

    def changed(self, options: int = 0, seconds: float = 20.0) -> int:
        """The program's state, once it has ended (or stopped, with WUNTRACED)."""
        deadline = time.monotonic() + seconds
        while True:
            self.read(0.02)
            done, state = os.waitpid(self.pid, os.WNOHANG | options)
            if done:
                self.read(0.2)
                return state
            assert time.monotonic() < deadline, "it neither ended nor stopped"

    def kill(self) -> None:
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.handle)


@contextmanager
def altui(*arguments: object, code: str = "", **environ: str) -> Iterator[Terminal]:
    """`altui ARGUMENTS`, after `code` of the test's own."""
    run = f"{code}\nimport sys; from altui.cli import main; sys.argv[0] = 'altui'; main()"
    # A size in the environment, such as the test runner's, would outrank the terminal's own.
    own = ("NO_COLOR", "LC_ALL", "COLORTERM", "COLORFGBG", "COLUMNS", "LINES")
    kept = {k: v for k, v in os.environ.items() if k not in own}
    kept |= {"LANG": "C.UTF-8", **environ}
    with running([sys.executable, "-c", run, *map(str, arguments)], kept) as terminal:
        yield terminal


@contextmanager
def running(
    command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = (24, 80)
) -> Iterator[Terminal]:
    terminal = Terminal(command, environ, size)
    try:
        yield terminal
    finally:
        terminal.kill()
