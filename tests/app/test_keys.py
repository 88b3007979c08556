"""A person's own keys: what keys.toml may say, what it may not, and what follows the keys."""

from pathlib import Path
from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from altui.actions import ACTIONS, Keys, find
from altui.actions.keyfile import FIXED, clashes, read_keys
from altui.app import AltuiApp
from altui.errors import AltuiError
from altui.project import Project
from altui.screens.commands import Palette
from altui.screens.confirm import Confirm
from altui.screens.frame import TABS, StatusLine, TitleBar
from altui.screens.table import RecordTable
from altui.widgets.told import Hanging

from .made import press, settle, start_job, state_of, until
from .test_decisions import selected
from .test_robust import screen_text

WORDS = ("take back your latest", "approve this slice")


def keys_of(tmp_path: Path, text: str) -> Keys:
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    return read_keys(path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(AltuiError) as caught:
        keys_of(tmp_path, text)
    assert "altui's own" in caught.value.hint
    return caught.value.message


def app_with(folder: Path, keys: Keys | AltuiError) -> AltuiApp:
    return AltuiApp(Project.open(folder, who="anna"), interval=60, host="gpu3", keys=keys)


def test_altuis_own_keys_do_one_thing_each() -> None:
    assert list(clashes(Keys())) == []


def test_every_action_is_found_by_its_name() -> None:
    assert [find(action.name) for action in ACTIONS] == list(ACTIONS)


def test_every_action_has_something_that_does_it() -> None:
    doers: dict[str, object] = {name: make() for name, make in AltuiApp.MODES.items()}  # type: ignore[operator]
    doers |= {"list": RecordTable, "dialog": Confirm}
    for action in ACTIONS:
        method = f"action_{(action.run or action.name).split('(')[0]}"
        for place in action.screens or ("",):
            assert hasattr(doers.get(place, AltuiApp), method), (place, method)


async def test_other_colours_are_chosen_by_the_palette(folder: Path) -> None:
    app = AltuiApp(folder, interval=60, host="gpu3")
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("colon", *"theme")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press(*"textual-light")
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "textual-light")
        told = 'to keep it, write theme = "textual-light" into'
        await until(pilot, lambda: any(told in one.message for one in app._notifications))
        await settle(pilot)


async def test_what_a_line_of_help_cannot_hold_goes_on_under_its_words(folder: Path) -> None:
    app = AltuiApp(folder, interval=60, host="gpu3")
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: bool(app.screen.query(Hanging)))
        lines = str(app.screen.query_one(Hanging).content).splitlines()
        assert max(map(len, lines)) <= app.screen.query_one(Hanging).size.width
        at = next(
            n for n, line in enumerate(lines) if line.startswith("       O  take the missing")
        )
        assert lines[at + 1].startswith(" " * 10)
        assert lines[at + 1][10] != " "


def test_no_file_means_altuis_own(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "none.toml") == Keys()


def test_keys_are_read_as_people_write_them(tmp_path: Path) -> None:
    keys = keys_of(
        tmp_path,
        'approve = "y"\nreject = ["?", "delete", "ctrl+r", "*"]\nhelp = "f1"\ncancel = ";"',
    )
    assert keys.other["reject"] == ("question_mark", "delete", "ctrl+r", "asterisk")
    reject = find("reject")
    assert reject is not None
    assert keys.shown(reject) == "?"


@pytest.mark.parametrize("modifier", ["ctrl", "alt"])
def test_what_the_terminal_sends_for_a_key_is_taken_for_it(tmp_path: Path, modifier: str) -> None:
    for letter in ascii_lowercase + digits * (modifier == "alt"):
        sent = chr(ord(letter) & 0x1F) if modifier == "ctrl" else f"\x1b{letter}"
        parser = XTermParser()
        (came,) = [*parser.feed(sent), *parser.feed("")]
        assert isinstance(came, events.Key)
        if came.key not in FIXED:
            text = f'suspend_process = "f1"\napprove = "{modifier}+{letter}"'
            keys = keys_of(tmp_path, text)
            assert came.key in keys.other["approve"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('aprove = "y"', 'no action is named "aprove"; did you mean "approve"?'),
        ('approve = "q"', '"q" would do both approve and quit'),
        ('approve = "c"\nup = "c"', '"c" would do both approve and up'),
        ('yes = "n"', '"n" would do both yes and no'),
        ("approve = 3", 'approve needs a key, such as "y", or a list of keys'),
        ("approve = []", "approve needs a key"),
        ('approve = ""', "approve needs a key"),
        ('approve = "dlete"', '"dlete" is no key; did you mean "delete"?'),
        ('approve = "hyper+a"', "before + stand ctrl, alt, shift"),
        ('approve = "shift+a"', "write the character itself"),
        ('approve = "escape"', "has its fixed place"),
        ('approve = "ctrl+i"', "has its fixed place"),
        ('approve = "ctrl+h"\nundo = "backspace"', '"Backspace" would do both approve and undo'),
        ("approve = ", "it is no TOML"),
        ("approve = " + "9" * 5000, "it is no TOML"),
        ('[approve]\nkey = "y"', "approve needs a key"),
        ('approve = "\\u001b[2J"', "is no key"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, told: str) -> None:
    message = refused(tmp_path, text)
    assert told in message
    assert "\x1b" not in message


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, 'aprove = "y"\nundo = "q"\nreject = 1')
    assert all(word in message for word in ("aprove", "undo and quit", "reject needs"))


def test_a_key_may_serve_on_two_screens(tmp_path: Path) -> None:
    assert keys_of(tmp_path, 'cancel = "a"').other == {"cancel": ("a",)}


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    assert set(keys_of(tmp_path, 'approve = "x"\nreject = "a"').other) == {"approve", "reject"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=6) | st.integers() | st.none()))
def test_whatever_the_file_says_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, found: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "some-keys.toml"
    lines = (f"{name} = {value!r}" for name, value in found.items())
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        keys = read_keys(path)
    except AltuiError:
        return
    assert list(clashes(keys)) == []


async def test_other_keys_do_it_and_are_told(folder: Path, tmp_path: Path) -> None:
    text = 'approve = "x"\nreject = "a"\nundo = ["ctrl+u", "d"]\nshow_proposals = "F"\ndown = "j"\n'
    app = app_with(folder, keys_of(tmp_path, text))
    async with app.run_test(size=(100, 60)) as pilot:
        await settle(pilot)
        assert "press F to see them" in str(app.screen.query_one(StatusLine).render())
        assert "F Proposals" in str(app.screen.query_one(TitleBar).render())
        await press(pilot, "2")
        assert app.current_mode == "rounds"
        await press(pilot, "F")
        assert "press x to approve, a to reject" in str(app.screen.query_one(StatusLine).render())
        first = selected(app)
        assert first is not None
        await press(pilot, "x")
        assert state_of(app.project)[first] == "approved"
        assert "ctrl+u undo" in screen_text(app)
        await press(pilot, "d")
        assert state_of(app.project)[first] == "proposed"
        at = app.screen.query_one(RecordTable).cursor_row
        await press(pilot, "j")
        assert app.screen.query_one(RecordTable).cursor_row == at + 1
        await press(pilot, "down")
        assert app.screen.query_one(RecordTable).cursor_row == at + 1
        await press(pilot, "question_mark")
        await until(pilot, lambda: "↑ j" in screen_text(app))
        lines = str(app.screen.query_one(Hanging).content).splitlines()
        (undo, approve) = (next(line for line in lines if word in line) for word in WORDS)
        assert undo.index(WORDS[0]) == approve.index(WORDS[1])


async def test_a_question_is_answered_with_other_keys(folder: Path, tmp_path: Path) -> None:
    app = app_with(folder, keys_of(tmp_path, 'yes = "j"\ncancel = "K"'))
    app.project.approve_all()
    app.project.import_from_oracle()
    job = start_job(app.project)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "4")
        await pilot.press("K")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert "j cancel the job" in screen_text(app)
        await answered(pilot, "y")
        assert isinstance(app.screen, Confirm)
        await answered(pilot, "j")
        await until(pilot, lambda: app.project.job(job).state == "cancelled")


async def answered(pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    await pilot.pause()


async def test_a_faulty_file_is_told_and_keeps_nobody_out(folder: Path) -> None:
    app = app_with(folder, AltuiError("keys.toml: [aprove]", "mend it"))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert [n.message for n in app._notifications] == ["keys.toml: [aprove]\nmend it"]
        await press(pilot, "2", "a")
        assert "approved" in state_of(app.project).values()


async def test_keys_typed_before_it_is_open_count(folder: Path) -> None:
    app = AltuiApp(folder, interval=60)
    async with app.run_test() as pilot:
        await pilot.press("2")
        await until(pilot, lambda: app.current_mode == "proposals")


async def test_a_project_that_cannot_be_opened_ends_the_app(tmp_path: Path) -> None:
    app = AltuiApp(tmp_path / "none", interval=60)
    async with app.run_test() as pilot:
        await until(pilot, lambda: not app.is_running)
    assert isinstance(app.failure, AltuiError)
    assert app.return_code == 1


def test_the_manual_names_every_action_and_its_key() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "app.md").read_text(encoding="utf-8")
    places = {
        "anywhere": "",
        **{label: name for name, label in TABS},
        "setting up": "wizard",
        "lists": "list",
        "questions": "dialog",
    }
    keys = Keys()
    for place, screen in places.items():
        own = [a for a in ACTIONS if (screen in a.screens if screen else not a.screens)]
        told = ", ".join(f"`{a.name}`{f' {keys.shown(a)}' if a.key else ''}" for a in own)
        assert f"| {place} | {told} |" in manual
