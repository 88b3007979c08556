"""A whole round over SSH and a bad line, by keys, in tmux, looked at with `tmux capture-pane`.

One long session, for the training is the long part; what happens to terminals meanwhile happens
to them while it goes on.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import tifffile

from altui import Project

from .ssh import missing, serving
from .terminal import Terminal

PROMPT = "ready>"
DELAY, LOST = 0.2, 0.01  # seconds each way; a share of the segments
# As `altui` does, but every key and paste that the app takes in is written down.
ALTUI = """\
import os, sys
from textual import events
from textual.driver import Driver
handle = Driver.process_message
def process_message(self, message):
    if isinstance(message, (events.Key, events.Paste)):
        with open(os.environ["TAKEN_IN"], "a") as log:
            print(message.key if isinstance(message, events.Key) else repr(message), file=log)
    handle(self, message)
Driver.process_message = process_message
if os.environ.get("CRASHES"):
    from altui.app import AltuiApp
    AltuiApp.action_help = lambda self: {}["[oops]"]
from altui.cli import main
sys.argv[0] = "altui"
main()
"""

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"{missing()} is not installed"),
    pytest.mark.timeout(240),
]


class Tmux:
    """A server of its own, on a socket in the test's folder."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-u", "-S", str(folder / "tmux"), "-f", str(folder / "tmux.conf")]
        (folder / "tmux.conf").write_text(
            'set -g status off\nset -g default-shell /bin/sh\nset -g default-terminal "tmux-256color"\n'
        )

    def command(self, *arguments: str) -> str:
        return shlex.join([*self._tmux, *arguments])

    def ask(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, timeout=10)
        return done.stdout

    @property
    def screen(self) -> str:
        return self.ask("capture-pane", "-p")

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns that altui fills."""
        lines = self.screen.splitlines()
        return len(lines), max(map(len, lines), default=0)

    @property
    def clients(self) -> int:
        return len(self.ask("list-clients").splitlines())


class Session:
    """One person at a terminal: keys go in over the line, tmux tells what stands there."""

    def __init__(self, tmux: Tmux, terminal: Terminal, sent: Sequence[str] = ()) -> None:
        self.tmux, self.terminal = tmux, terminal
        self.sent = list(sent)

    def type(self, command: str) -> None:
        """For the shell."""
        self.terminal.type(f"{command}\r")

    def press(self, *keys: str) -> None:
        """Keys as Textual calls them."""
        typed = {"enter": "\r", "escape": "\x1b", "ctrl+z": "\x1a", "question_mark": "?"}
        for key in keys:
            self.terminal.type(typed.get(key, key))
            self.sent.append(key)

    def until(self, what: str | Callable[[], bool], seconds: float = 30) -> None:
        """Until the pane shows some words, or something holds."""
        deadline = time.monotonic() + seconds
        while not (what in self.tmux.screen if isinstance(what, str) else what()):
            assert time.monotonic() < deadline, f"{what}\n{self.tmux.screen}"
            self.terminal.read(0.05)


def send_masks(project: Project, to: Path) -> None:
    """What annotators send back for the round."""
    to.mkdir()
    for wanted in project.status().missing:
        mask = tifffile.imread(project.root / "masks" / f"{wanted.sample}.tif")[wanted.index]
        tifffile.imwrite(to / f"{wanted.file_stem(12)}.tif", mask)


def test_a_round_over_a_bad_line(new_folder: Callable[..., Path], tmp_path: Path) -> None:
    begin = time.monotonic()
    def mark(what):
        print(f"{time.monotonic() - begin:6.1f} {what}")
    project = Project.open(new_folder())
    watch = Project.open(project.root, who="chris")
    tmux = Tmux(tmp_path)
    (tmp_path / "watched.py").write_text(ALTUI)

    def altui(who: str, **more: str) -> str:
        environ = {
            "ALTUI_USER": who,
            "LANG": "C.UTF-8",
            "TAKEN_IN": str(tmp_path / f"{who}.keys"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            **more,
        }
        given = [f"{name}={value}" for name, value in environ.items()]
        command = [sys.executable, str(tmp_path / "watched.py"), "open", str(project.root)]
        return shlex.join(["env", *given, *command])

    with ExitStack() as stack:
        host, line = stack.enter_context(serving(tmp_path / "ssh", DELAY, LOST))
        stack.callback(tmux.ask, "kill-server")
        work = tmux.command("new-session", "-A", "-s", "work", f"env PS1='{PROMPT} ' sh -i")
        anna = Session(tmux, stack.enter_context(host.run(work)))
        # His altui is on the line itself, without tmux; his terminal answers late, too.
        his = stack.enter_context(host.run(f"echo $$ > {tmp_path}/his; exec {altui('bert')}"))
        anna.until(PROMPT)
        anna.type("clear; " + altui("anna"))
        anna.until("Round 1, proposed:")
        mark("proposed")
        his.until(b"Round 1")
        mark("his")
        his.type("\x1b[?2026;2$y\x1b[?2048;0$y")

        anna.press("2")
        anna.until("Why this slice")
        proposed = [decision.slice for decision in watch.status().slate.decisions]
        anna.press("x", "u", "A")  # they come in one packet
        anna.until("Round 1, annotating:")
        assert list(watch.status().slate.approved) == proposed
        mark("approved")
        his.until(b"annotating")
        mark("approved his")
        anna.press("e")
        anna.until("Export")
        anna.press("enter")
        anna.until(lambda: (project.root / "bundles/round-01/manifest.json").is_file())
        anna.until(lambda: "Esc close" not in tmux.screen)
        mark("exported")
        send_masks(watch, project.root / "returned")
        anna.press("i")
        anna.until("Import masks")
        anna.press("enter")
        anna.until("Round 1, labelled:")
        mark("imported")
        his.until(b"to run")
        his.type("r")
        anna.until("Round 1, running:")
        mark("running")
        anna.press("4")

        # His line is cut: his altui ends, what he started goes on.
        at_his = psutil.Process(int((tmp_path / "his").read_text()))
        assert at_his.environ()["ALTUI_USER"] == "bert"
        os.kill(his.pid, signal.SIGKILL)
        anna.until(lambda: not at_his.is_running() or at_his.status() == psutil.STATUS_ZOMBIE)
        [job] = watch.status().jobs
        assert job.active or job.state == "finished"
        mark("bert gone")

        # Another size, in mid-work; then another terminal, which goes on where the first leaves.
        anna.terminal.resize(30, 100)
        anna.until(lambda: tmux.size == (30, 100))
        mark("resized")
        elsewhere = Session(tmux, stack.enter_context(host.run(work, (36, 120))))
        elsewhere.until(lambda: tmux.size == (36, 120))
        elsewhere.until("train-001")
        mark("elsewhere")
        anna.terminal.type("\x02d")
        anna.until(lambda: tmux.clients == 1)
        os.kill(elsewhere.terminal.pid, signal.SIGKILL)
        elsewhere.until(lambda: tmux.clients == 0)
        mark("all gone")
        anna = Session(tmux, stack.enter_context(host.run(work)), anna.sent)
        anna.until(lambda: tmux.size == (24, 80))
        mark("back")

        anna.until("Round 2, proposed:", 100)
        mark("proposed")
        anna.press("1")
        anna.until("initial")
        # To the shell and back.
        anna.press("ctrl+z")
        anna.until(lambda: tmux.screen.rstrip().endswith(PROMPT))
        anna.type("fg")
        anna.until("Round 2, proposed:")
        anna.press("2", "a")
        anna.until(lambda: len(watch.status().slate.approved) == 1)
        anna.press("q")
        anna.until(PROMPT)
        mark("quit")
        # A fault of its own: the terminal is as before, and the report is named.
        anna.type(altui("anna", CRASHES="1"))
        anna.until("Round 2, annotating:")
        anna.press("question_mark")
        anna.until(lambda: tmux.screen.rstrip().endswith(PROMPT))
        mark("crashed")
        anna.type("echo he''re")
        anna.until("here")
        [report] = (tmp_path / "state").rglob("unexpected-*.txt")
        assert report.name in "".join(tmux.screen.split())
        print(tmux.screen)
    assert (tmp_path / "anna.keys").read_text().split() == anna.sent
    assert (tmp_path / "bert.keys").read_text().split() == ["r"]
    mark(f"end {line.losses}")
