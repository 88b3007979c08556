"""Start-up times beside the least that any such program could take, as ratios in one run.

    python benchmarks/startup.py [--runs 9]

`altui --help` beside `python -c "import click"`; the app's first paint on a real terminal
beside a Textual app with nothing in it but a word. Pairs are run in turn, so that a
machine that slows down slows both; medians are printed.
"""

import argparse
import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

SAMPLE_PROJECT = Path(__file__).resolve().parents[1] / "sample_project"
EMPTY_APP = """
from textual.app import App
from textual.widgets import Label
class Empty(App):
    def compose(self):
        yield Label("painted")
Empty().run()
"""
SIZE = (24, 80)  # rows, columns


def run_time(command: list[str]) -> float:
    """Seconds that a command takes as a whole process."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def paint_time(command: list[str], word: bytes) -> float:
    """Seconds from starting a program on a terminal to `word` appearing there."""
    begin = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], command)
    seen = b""
    try:
        while word not in seen:
            if not select.select([terminal], [], [], 30)[0]:
                raise TimeoutError(f"{command} painted no {word!r}")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - begin
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def pair(
    name: str, runs: int, ours: Callable[[], float], bare: Callable[[], float], beside: str
) -> None:
    """Run both in turn and print their medians and the median of the ratios."""
    ours(), bare()  # the first reads files that later runs find in memory
    times = [(ours(), bare()) for _ in range(runs)]
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(a / b for a, b in times)
    print(f"{name}: {first:.3f} s; {beside}: {second:.3f} s; ratio {ratio:.2f} ({runs} pairs)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    altui = str(Path(sys.executable).with_name("altui"))
    with tempfile.TemporaryDirectory() as scratch:
        project = shutil.copytree(SAMPLE_PROJECT, Path(scratch) / "project")
        pair(
            "altui --help",
            runs,
            lambda: run_time([altui, "--help"]),
            lambda: run_time([sys.executable, "-c", "import click"]),
            "import click",
        )
        pair(
            "altui status",
            runs,
            lambda: run_time([altui, "status", str(project)]),
            lambda: run_time([sys.executable, "-c", "import sqlite_utils, numpy, pydantic"]),
            "import sqlite_utils, numpy, pydantic",
        )
        pair(
            "first paint of the app",
            runs,
            lambda: paint_time([altui, "open", str(project)], b"Rounds"),
            lambda: paint_time([sys.executable, "-c", EMPTY_APP], b"painted"),
            "an empty Textual app",
        )


if __name__ == "__main__":
    main()
