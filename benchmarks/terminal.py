"""A program on a terminal of its own: keys go in, and what it writes is counted."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psutil

SIZE = (24, 80)  # rows, columns
QUIET = 0.4  # seconds without output that end what a key brings: some of it waits for a rest


class Brought(NamedTuple):
    """What a key brought: seconds to its first byte and to its last, and how many bytes."""

    first: float
    last: float
    size: int


class Terminal:
    """Answers nothing that the program asks of it, as a plain terminal would not."""

    def __init__(self, command: Sequence[str], size: tuple[int, int] = SIZE) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.environ["TERM"] = "xterm-256color"
            os.environ.pop("COLORTERM", None)
            os.execv(command[0], list(command))
        self.process = psutil.Process(self.pid)

    def read(self, seconds: float) -> bytes:
        """What comes within `seconds`; nothing where nothing does."""
        if select.select([self._terminal], [], [], seconds)[0]:
            return os.read(self._terminal, 65536)
        return b""

    def wait_for(self, words: bytes, seconds: float = 60.0) -> None:
        """Raises TimeoutError."""
        seen, deadline = b"", time.monotonic() + seconds
        while words not in seen:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} was not written: {seen[-500:]!r}")
            seen = (seen + self.read(0.1))[-100_000:]

    def settle(self, quiet: float = QUIET, seconds: float = 60.0) -> int:
        """Read until it is quiet; returns how many bytes came."""
        count, deadline = 0, time.monotonic() + seconds
        while (found := self.read(quiet)) and time.monotonic() < deadline:
            count += len(found)
        return count

    def settle_until(self, end: float) -> None:
        """Read until then, by the monotonic clock."""
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def press(self, key: str, patience: float = 5.0, quiet: float = QUIET) -> Brought:
        begin = time.perf_counter()
        os.write(self._terminal, key.encode())
        found = self.read(patience)
        count, first = len(found), time.perf_counter()
        last = first
        while found and (found := self.read(quiet)):
            count, last = count + len(found), time.perf_counter()
        return Brought(first - begin, last - begin, count)

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    @property
    def memory(self) -> int:
        """Bytes that are resident."""
        return int(self.process.memory_info().rss)

    @property
    def cpu(self) -> float:
        """Seconds of a core that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


@contextmanager
def running(command: Sequence[str]) -> Iterator[Terminal]:
    terminal = Terminal(command)
    try:
        yield terminal
    finally:
        terminal.close()
