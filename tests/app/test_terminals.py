"""altui on real terminals: crashes, signals, sizes, and what little some of them can show."""

import os
import re
import signal
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from altui import Project
from altui.widgets.plain_ascii import as_ascii

from .made import state_of
from .terminal import altui

ALTERNATE, BACK = b"\x1b[?1049h", b"\x1b[?1049l"


def test_a_crash_gives_the_terminal_back_and_says_where_its_report_is(
    folder: Path, tmp_path: Path
) -> None:
    code = "import altui.app as a; a.AltuiApp.action_help = lambda self: {}['[oops]']"
    with altui("open", folder, code=code, XDG_STATE_HOME=str(tmp_path / "state")) as terminal:
        before = termios.tcgetattr(terminal.handle)[3]
        terminal.until(b"Stop?")
        assert not termios.tcgetattr(terminal.handle)[3] & termios.ECHO
        terminal.type("?")
        state = terminal.changed()
        assert os.WEXITSTATUS(state) == 1
        assert termios.tcgetattr(terminal.handle)[3] == before
        last = terminal.seen.split(BACK)[-1].decode()
        words = " ".join(last.split())
        assert "altui ended over a fault of its own: KeyError: '[oops]'" in words
        assert "Traceback" not in words
        [report] = (tmp_path / "state").rglob("unexpected-*.txt")
        assert report.name in "".join(last.split())
        assert "KeyError" in report.read_text()


@pytest.mark.parametrize("by_key", [True, False])
def test_into_the_background_and_back(folder: Path, by_key: bool) -> None:
    with altui("open", folder) as terminal:
        terminal.until(b"Stop?")
        if by_key:
            terminal.type("\x1a")
        else:
            os.kill(terminal.pid, signal.SIGTSTP)
        assert os.WIFSTOPPED(terminal.changed(os.WUNTRACED))
        assert BACK in terminal.seen
        assert termios.tcgetattr(terminal.handle)[3] & termios.ECHO
        terminal.seen = b""
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until(ALTERNATE)
        terminal.until(b"Stop?")
        terminal.type("q")
        assert os.WEXITSTATUS(terminal.changed()) == 0


def test_a_terminal_of_another_size(folder: Path) -> None:
    with altui("open", folder) as terminal:
        terminal.until(b"Stop?")
        terminal.resize(36, 120)
        terminal.until(b"\x1b[36;")  # to the last of the new lines
        terminal.type("2")
        terminal.until(b"Why this slice")


@pytest.mark.parametrize(
    "report", ["\x1b[48;99999;99999;0;0t", "\x1b[48;0;0;0;0t", "\x1b[48;24;80;0;0t\x1b[<0;5;5M"]
)
def test_a_size_that_no_terminal_has(folder: Path, report: str) -> None:
    with altui("open", folder) as terminal:
        terminal.until(b"Stop?")
        terminal.type(f"{report}2")
        terminal.until(b"Why this slice")
        terminal.type("q")
        assert os.WEXITSTATUS(terminal.changed()) == 0


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_asked_to_end_it_gives_the_terminal_back(folder: Path, asked: signal.Signals) -> None:
    with altui("open", folder) as terminal:
        terminal.until(b"Stop?")
        terminal.type("?")
        terminal.until(b"Esc")
        os.kill(terminal.pid, asked)
        assert os.WEXITSTATUS(terminal.changed()) == 0
        assert BACK in terminal.seen
        assert termios.tcgetattr(terminal.handle)[3] & termios.ECHO


def test_what_is_pasted_is_not_taken_for_keys(folder: Path) -> None:
    with altui("open", folder) as terminal:
        terminal.until(b"Stop?")
        terminal.type("\x1b[999999999999~")  # of no key
        terminal.read(1)
        terminal.type("\x1b[200~2A \x1b[31m\x1b]0;q\x07 qqq\x1b[201~4")
        terminal.until(b"no job has been started yet")
        assert set(state_of(Project.open(folder)).values()) == {"proposed"}


def test_ascii_alone_where_nothing_else_arrives(folder: Path) -> None:
    with altui("open", folder, LC_ALL="C") as terminal:
        said = terminal.until(b"Stop?")
        terminal.type("2")
        said += terminal.until(b"Why this slice")
        terminal.type("a")
        said += terminal.until(b" v  1")
        assert said.isascii()
        assert re.search(rb"\+(\x1b\[[\d;]*m)*-", said), "the corner of a panel"


def test_sixteen_colours_are_not_sent_others(folder: Path) -> None:
    with altui("open", folder, TERM="xterm-16color") as terminal:
        said = terminal.until(b"Stop?")
        terminal.type("2")
        said += terminal.until(b"Why this slice")
        terminal.read(1)
        assert not re.search(rb"[34]8;[25];", said + terminal.seen)


@pytest.mark.parametrize(
    "said", [{"TEXTUAL_THEME": "ansi-light"}, {"COLORFGBG": "0;15"}, {"XDG_CONFIG_HOME": "own"}]
)
def test_light_terminals(folder: Path, tmp_path: Path, said: dict[str, str]) -> None:
    own = tmp_path / "own" / "altui" / "app.toml"
    own.parent.mkdir(parents=True)
    own.write_text('theme = "textual-light"\n')
    settings = {"XDG_CONFIG_HOME": str(tmp_path / said.get("XDG_CONFIG_HOME", "none"))}
    with altui("open", folder, COLORTERM="truecolor", **said | settings) as terminal:
        seen = terminal.until(b"Stop?")
        assert (b"48;2;224;224;224" in seen) == ("TEXTUAL_THEME" not in said)
        terminal.type("2")
        terminal.until(b"Why this slice")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_ascii_takes_as_many_cells(text: str) -> None:
    assert as_ascii(text).isascii()
    assert len(as_ascii(text)) == sum(map(cell_len, text))


def test_the_marks_of_lists_and_charts_are_told_apart_in_ascii() -> None:
    marks = "○✓●✗"
    assert len({as_ascii(mark) for mark in marks}) == len(marks)
    assert "?" not in as_ascii(marks + "△□◇◆°")
