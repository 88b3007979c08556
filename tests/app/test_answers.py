"""Terminals that answer what Textual asks them late, in pieces, wrongly, or never."""

import os
import re
import time
from pathlib import Path

import pytest

from altui import Project

from .made import state_of
from .terminal import altui

# altui with every key that it takes in written down; `images` is "auto" where nobody has said.
NOTES_KEYS = """
import os
from textual import events
from textual.driver import Driver
handle = Driver.process_message
def process_message(self, message):
    if isinstance(message, events.Key):
        with open(os.environ["TAKEN_IN"], "a") as log:
            print(message.key, file=log)
    handle(self, message)
Driver.process_message = process_message
"""
# Whatever a terminal answers: what it is, its colours, its modes, its graphics.
QUESTION = re.compile(rb"\x1b(?:\[[?>=]?[0-9;]*(?:\$p|[cnt]|q)|\][0-9;]+\?|_G|P)")
RIGHT = b"\x1b[?2026;2$y\x1b[?2048;0$y"
WRONG = b"\x1b[?62;22c\x1bP1$r0m\x1b\\\x1b]11;rgb:1a1a/2a2a/3a3a\x07\x1bP>|tmux 3.3a\x1b\\"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([RIGHT], id="late"),
        pytest.param([WRONG, WRONG[:5], WRONG[5:14], WRONG[14:]], id="wrong, and in pieces"),
        pytest.param([b"\xff\xfe\xc3("], id="no UTF-8"),
        pytest.param([], id="never"),
    ],
)
def test_no_answer_is_taken_for_keys(folder: Path, tmp_path: Path, answers: list[bytes]) -> None:
    taken = tmp_path / "keys"
    environ = {"TAKEN_IN": str(taken), "XDG_CONFIG_HOME": str(tmp_path)}
    with altui("open", folder, code=NOTES_KEYS, **environ) as terminal:
        terminal.until(b"Stop?")
        terminal.type("2")
        terminal.until(b"Why this slice")
        for answer in answers:
            os.write(terminal.handle, answer)
            terminal.read(0.3)
        terminal.type("1")
        terminal.until(b"Stop?")
        terminal.type("q")
        assert os.WEXITSTATUS(terminal.changed()) == 0
    expected = ["2", "left_parenthesis", "1", "q"] if b"\xff" in b"".join(answers) else list("21q")
    assert taken.read_text().split() == expected
    assert set(state_of(Project.open(folder)).values()) == {"proposed"}


# What the shell would read once altui has ended.
NOTES_REST = """
import atexit, os, select
import altui.widgets.driver
altui.widgets.driver.LATEST_ANSWER = 30
def note():
    rest = os.read(0, 4096) if select.select([0], [], [], 0.5)[0] else b""
    with open(os.environ["REST"], "wb") as file:
        file.write(rest)
os.system("stty -icanon")
atexit.register(note)
"""


def test_nor_is_one_left_to_the_shell(folder: Path, tmp_path: Path) -> None:
    with altui("open", folder, code=NOTES_REST, REST=str(tmp_path / "rest")) as terminal:
        asked = terminal.until(b"\x1b[?2048$p")
        terminal.type("q")
        terminal.until(b"\x1b[?2004l")  # it is about to end
        time.sleep(0.3)
        os.write(terminal.handle, RIGHT)
        assert os.WEXITSTATUS(terminal.changed()) == 0
    assert (tmp_path / "rest").read_bytes() == b""
    assert QUESTION.findall(asked) == [b"\x1b[?2026$p", b"\x1b[?2048$p"]
