"""Pasted text is text, whatever is in it and however it arrives."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from altui.widgets.pastes import BEGIN, END, SILENCE, Pastes

ANY = st.text(st.sampled_from("aq\x1b[201~;<M\n\t\x00\x07é"), max_size=40)


def keys_and_pastes(typed: str) -> tuple[list[str], list[str]]:
    parser = XTermParser()
    found = [*parser.feed(typed)] if typed else []
    return (
        [one.key for one in found if isinstance(one, events.Key)],
        [one.text for one in found if isinstance(one, events.Paste)],
    )


@given(ANY, st.integers(1, 7))
def test_no_letter_of_a_paste_is_a_key(text: str, pieces: int) -> None:
    assume(END not in text)
    whole = f"x{BEGIN}{text}{END}y"
    pastes = Pastes()
    passed = "".join(pastes.cleaned(whole[at : at + pieces]) for at in range(0, len(whole), pieces))
    assert not pastes.is_open
    keys, pasted = keys_and_pastes(passed)
    assert keys == ["x", "y"]
    assert "".join(pasted) == "".join(c for c in text if c.isprintable() or c in "\n\r\t")


@given(st.text(max_size=30), st.integers(1, 7))
def test_keys_pass_as_they_are(typed: str, pieces: int) -> None:
    pastes = Pastes()
    assume(BEGIN not in typed)
    parts = [pastes.cleaned(typed[at : at + pieces]) for at in range(0, len(typed), pieces)]
    assert "".join(parts) == typed


@pytest.mark.parametrize("half", ["", "half", "half\x1b", "half\x1b[20"])
def test_a_paste_that_never_ends_does_not_keep_keys_for_good(half: str) -> None:
    now = [0.0]
    pastes = Pastes(lambda: now[0])
    passed = pastes.cleaned(BEGIN + half) + pastes.given_up()
    assert pastes.is_open
    now[0] += SILENCE + 1
    passed += pastes.given_up() + pastes.cleaned("q")
    assert keys_and_pastes(passed)[0] == ["q"]
    assert not pastes.given_up()
