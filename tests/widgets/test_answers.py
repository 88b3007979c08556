"""What a terminal answers is not typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.widgets.answers import LATEST, Answers

STRAY = [
    "\x1b[?62;22c",  # what it is
    "\x1b[>0;276;0c",
    "\x1b[=1u",
    "\x1b[?1u",  # its keyboard
    "\x1b[?997;1n",  # its theme
    "\x1b[0n",
    "\x1b[4;600;800t",  # its size in pixels
    "\x1b[?1004;1$y",  # one of its modes
    "\x1b]11;rgb:1111/2222/3333\x1b\\",  # its colours
    "\x1b]4;1;rgb:ffff/0000/0000\x07",
    "\x1bP1$r0m\x1b\\",
    "\x1bP>|tmux 3.3a\x1b\\",  # its name
    "\x1b_Gi=31;OK\x1b\\",  # its graphics
]
ASKED_FOR = ["\x1b[?2026;2$y", "\x1b[?2048;0$y"]
KEYS = [
    *("a", "?", "é", "\r", "\x1b[A", "\x1b[1;5C", "\x1bOP", "\x1b[3~", "\x1b[97;5u", "\x1b[Z"),
    *("\x1b[<35;10;5M", "\x1b[I", "\x1b[200~typed, \x1b[201~", "\x1b[1;1R", "\x1bx"),
]


@given(st.lists(st.sampled_from([*STRAY, *ASKED_FOR, *KEYS])))
def test_keys_and_what_textual_asked_for_are_left(sent: list[str]) -> None:
    assert Answers().out_of("".join(sent)) == "".join(one for one in sent if one not in STRAY)


UNLIKE_KEYS = [one for one in STRAY if one[1] != "[" or one[2] in "?>="]


@given(st.sampled_from(UNLIKE_KEYS), st.sampled_from(KEYS), st.data())
def test_answers_in_pieces(answer: str, key: str, data: st.DataObject) -> None:
    """Two characters at least come together: Esc alone is a key."""
    answers, at = Answers(), data.draw(st.integers(3, len(answer) - 1))
    assert answers.out_of(key + answer[:at]) == key
    assert answers.out_of(answer[at:] + key) == key


@pytest.mark.parametrize("begun", ["\x1b[?62", "\x1bPabc", "\x1b]11;rgb"])
def test_an_answer_that_never_ends_swallows_no_later_keys(begun: str) -> None:
    now = [0.0]
    answers = Answers(lambda: now[0])
    assert answers.out_of(begun) == ""
    now[0] += LATEST + 0.1
    assert answers.out_of("axr") == "axr"


def test_what_was_asked_for_and_not_answered_is_known() -> None:
    answers = Answers()
    answers.out_of(ASKED_FOR[0])
    assert answers.missing == {"\x1b[?2048;"}
    answers.out_of("\x1b[?20")
    answers.out_of("48;0$y")
    assert not answers.missing
