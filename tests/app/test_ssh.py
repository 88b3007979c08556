"""A whole round over SSH and a bad line, by keys, in tmux, looked at with `tmux capture-pane`.

One long session, for the training is the long part; what happens to terminals meanwhile happens
to them while it goes on.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import tifffile

from altui import Project

from .ssh import Host, missing, serving
from .terminal import Terminal

PROMPT = "ready>"
DETACH = "\x02d"
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
    pytest.mark.timeout(400),
]


class Tmux:
    """A server of its own, on a socket in the test's folder."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-u", "-S", str(folder / "tmux"), "-f", str(folder / "tmux.conf")]
        (folder / "tmux.conf").write_text(
            "set -g status off\nset -g default-shell /bin/sh\n"
            "set -g default-terminal tmux-256color\n"
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

    def until(self, what: str | Callable[[], bool], seconds: float = 60) -> None:
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


@dataclass(frozen=True)
class Place:
    """Where the round happens: a project, and a tmux that is reached over the line."""

    folder: Path
    project: Project  # of someone who only looks
    host: Host
    tmux: Tmux

    @property
    def work(self) -> str:
        """What ssh runs: a shell in a session that is begun or gone on with."""
        shell = f"env PS1='{PROMPT} ' sh -i"
        return self.tmux.command("new-session", "-A", "-s", "work", shell)

    def altui(self, who: str, **more: str) -> str:
        environ = {
            "ALTUI_USER": who,
            "LANG": "C.UTF-8",
            "TAKEN_IN": str(self.folder / f"{who}.keys"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),  # images = "auto", as by default
            "XDG_STATE_HOME": str(self.folder / "state"),
            **more,
        }
        given = [f"{name}={value}" for name, value in environ.items()]
        run = [sys.executable, str(self.folder / "watched.py"), "open", str(self.project.root)]
        return shlex.join(["env", *given, *run])

    def taken_in(self, who: str) -> list[str]:
        return (self.folder / f"{who}.keys").read_text().split()


def test_a_round_over_a_bad_line(new_folder: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(ALTUI)
    with ExitStack() as stack:
        host = stack.enter_context(serving(tmp_path / "ssh", DELAY, LOST))
        tmux = Tmux(tmp_path)
        stack.callback(tmux.ask, "kill-server")
        place = Place(tmp_path, Project.open(new_folder(), who="chris"), host, tmux)
        anna = Session(tmux, stack.enter_context(host.run(place.work)))
        # His altui is on the line itself, without tmux.
        command = f"echo $$ > {tmp_path / 'his'}; exec {place.altui('bert')}"
        bert = stack.enter_context(host.run(command))
        anna.until(PROMPT)
        anna.type("clear; " + place.altui("anna"))
        anna.until("Round 1, proposed:")
        up_to_labelled(place, anna, bert)
        his_line_is_cut(place, anna, bert)
        with host.run(place.work, (36, 120)) as other:
            on_other_terminals(place, anna, Session(tmux, other))
        anna = Session(tmux, stack.enter_context(host.run(place.work)), anna.sent)
        up_to_the_next_round(place, anna)
        to_the_shell_and_back(place, anna)
        a_crash(place, anna)
    assert place.taken_in("anna") == anna.sent
    assert place.taken_in("bert") == ["r"]


def up_to_labelled(place: Place, anna: Session, bert: Terminal) -> None:
    bert.until(b"Round 1")
    bert.type("\x1b[?2026;2$y\x1b[?2048;0$y")  # his terminal answers late
    anna.press("2")
    anna.until("Why this slice")
    proposed = [decision.slice for decision in place.project.status().slate.decisions]
    anna.press("x", "u", "A")  # they come in one packet
    anna.until("Round 1, annotating:")
    assert list(place.project.status().slate.approved) == proposed
    bert.until(b"annotating")
    anna.press("e")
    anna.until("Export")
    anna.press("enter")
    anna.until(lambda: (place.project.root / "bundles/round-01/manifest.json").is_file())
    anna.until(lambda: "Esc close" not in place.tmux.screen)
    send_masks(place.project, place.project.root / "returned")
    anna.press("i")
    anna.until("Import masks")
    anna.press("enter")
    anna.until("Round 1, labelled:")


def his_line_is_cut(place: Place, anna: Session, bert: Terminal) -> None:
    """His altui ends; what he has started goes on."""
    bert.until(b"to run")
    bert.type("r")
    anna.until("Round 1, running:")
    anna.press("4")
    anna.until("train-001")
    altui = psutil.Process(int((place.folder / "his").read_text()))
    assert altui.environ()["ALTUI_USER"] == "bert"
    os.kill(bert.pid, signal.SIGKILL)
    anna.until(lambda: not altui.is_running())
    [job] = place.project.status().jobs
    assert job.active or job.state == "finished"


def on_other_terminals(place: Place, anna: Session, other: Session) -> None:
    """Another size while the job runs; another terminal, which takes over and is cut off, too."""
    anna.terminal.resize(30, 100)
    anna.until(lambda: place.tmux.size == (30, 100))
    other.until(lambda: place.tmux.size == (36, 120))
    other.until("train-001")
    anna.terminal.type(DETACH)
    anna.until(lambda: place.tmux.clients == 1)
    os.kill(other.terminal.pid, signal.SIGKILL)
    other.until(lambda: place.tmux.clients == 0)


def up_to_the_next_round(place: Place, anna: Session) -> None:
    anna.until(lambda: place.tmux.size == (24, 80))
    anna.until("Round 2, proposed:", 90)
    first, _ = place.project.status().rounds
    assert first.finished_at is not None
    anna.press("1")
    anna.until(lambda: "initial" in place.tmux.screen and "entropy" in place.tmux.screen)


def to_the_shell_and_back(place: Place, anna: Session) -> None:
    anna.press("ctrl+z")
    anna.until(lambda: place.tmux.screen.rstrip().endswith(PROMPT))
    anna.type("fg")
    anna.until("Round 2, proposed:")
    anna.press("2", "a")  # they come in one packet
    anna.until(lambda: len(place.project.status().slate.approved) == 1)
    anna.press("q")
    anna.until(PROMPT)


def a_crash(place: Place, anna: Session) -> None:
    """It gives the terminal back as it was, and names its report."""
    anna.type(place.altui("anna", CRASHES="1"))
    anna.until("decide on 2 proposals")
    anna.press("question_mark")
    anna.until(lambda: place.tmux.screen.rstrip().endswith(PROMPT))
    anna.until("jobs go on")
    anna.type("echo as be''fore")
    anna.until("as before")
    [report] = (place.folder / "state").rglob("unexpected-*.txt")
    assert report.name in "".join(place.tmux.screen.split())
