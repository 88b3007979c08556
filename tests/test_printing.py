"""How lines and tables are folded for a terminal, and stay whole for pipes."""

import os
import pty
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.cli.base import hang
from altui.query.strategies import STRATEGIES
from altui.report.tables import fit
from altui.text import folded

LINES = st.lists(st.sampled_from(["a", "to", "slices", "x" * 30, " ", "·"]), max_size=20).map(
    " ".join
)


@given(LINES, st.integers(1, 40), st.integers(0, 40))
def test_nothing_is_lost_and_nothing_is_wider(line: str, width: int, inner: int) -> None:
    rows = folded(line, width, inner)
    assert "".join("".join(rows).split()) == "".join(line.split())
    assert all(len(row) <= width for row in rows)


@given(LINES, st.integers(1, 40), st.integers(0, 40))
def test_words_can_stay_whole(line: str, width: int, inner: int) -> None:
    rows = folded(line, width, inner, chop=False)
    assert " ".join(rows).split() == line.split()


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("no lead of its own", 0),
        ("  · a reason among others", 4),
        ("  → a remedy", 4),
        ("warn   [model]: something", 7),
        ("  screw01, indented", 2),
    ],
)
def test_a_long_line_goes_on_below_its_words(line: str, second: int) -> None:
    assert hang(line) == second


def test_only_as_many_columns_are_narrowed_as_it_takes() -> None:
    widths = [8, 60, 20, 40]
    fit(widths, [1, 2, 3], 80)
    assert widths == [8, 23, 20, 23]
    fit(widths, [1, 2, 3], None)
    assert widths == [8, 23, 20, 23]
    fit(widths, [1, 2, 3], 10)  # cannot be: as narrow as is readable
    assert widths == [8, 12, 12, 12]


def altui(*arguments: str, terminal: bool) -> str:
    command = [sys.executable, "-m", "altui", *arguments]
    if not terminal:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    main, side = pty.openpty()
    process = subprocess.Popen(command, stdout=side, env={**os.environ, "COLUMNS": "60"})
    os.close(side)
    said = b""
    try:
        while more := os.read(main, 4096):
            said += more
    except OSError:  # Linux' way to say that the other end is closed
        pass
    os.close(main)
    assert process.wait() == 0
    return said.decode().replace("\r", "")


def test_a_terminal_gets_folded_tables_and_a_pipe_whole_lines() -> None:
    folded_lines = altui("strategies", terminal=True).splitlines()
    assert max(map(len, folded_lines)) <= 60
    whole = altui("strategies", terminal=False).splitlines()
    assert len(whole) == len(STRATEGIES) < len(folded_lines)
    words = " ".join(" ".join(folded_lines).split())
    assert all(" ".join(line.split()) in words for line in whole)
