"""Odd terminals, faults, hostile names, hang-ups."""

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from altui.app import AltuiApp
from altui.errors import AltuiError
from altui.project import Project
from altui.screens.base import AltuiScreen
from altui.screens.commands import match
from altui.screens.frame import TitleBar, TooSmall
from altui.screens.help import Help
from altui.screens.proposals import ProposalsScreen
from altui.slices import SliceId

from .made import (
    end_job,
    finish_round,
    make_project,
    press,
    settle,
    start_job,
    state_of,
    until,
    write_progress,
)
from .test_decisions import app_on


def screen_text(app: AltuiApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_a_terminal_too_small_and_back(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        assert app.screen.query_one(TooSmall).display
        words = " ".join(screen_text(app).split())
        assert words == "altui needs 60 x 16 cells at least; this terminal has 40 x 10"
        await press(pilot, "2")
        assert "altui needs" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        await until(pilot, lambda: "Why this slice" in screen_text(app))
        await pilot.resize_terminal(50, 30)
        await until(pilot, lambda: "50 x 30" in " ".join(screen_text(app).split()))


async def test_a_dialog_in_a_terminal_too_small(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "altui needs" in screen_text(app))
        assert "Everywhere" not in screen_text(app)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 50)])
async def test_every_screen_fits(folder: Path, size: tuple[int, int]) -> None:
    app = app_on(folder)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in "123456":
            await press(pilot, key)
            await pilot.pause()
            lines = screen_text(app).splitlines()
            assert "q quit" in lines[-1]
            assert "Compare" in lines[0]


@pytest.mark.parametrize("has_job", [False, True])
@pytest.mark.parametrize("key", "123456")
async def test_too_small_says_only_so_on_every_screen(
    folder: Path, key: str, has_job: bool
) -> None:
    app = app_on(folder)
    if has_job:
        finish_round(app.project, 0.8)
    async with app.run_test(size=(50, 14)) as pilot:
        await settle(pilot)
        await press(pilot, key)
        expected = "altui needs 60 x 16 cells at least; this terminal has 50 x 14"
        assert " ".join(screen_text(app).split()) == expected
        for opens in ("colon", "i", "question_mark"):
            await pilot.press(opens)
            await pilot.pause(0.1)
            assert " ".join(screen_text(app).split()) == expected
            if not isinstance(app.screen, AltuiScreen):
                await pilot.press("escape")


async def test_the_smallest_terminal_shows_results_and_the_log(folder: Path) -> None:
    app = app_on(folder)
    project = app.project
    for quality in (0.7, 0.8):
        finish_round(project, quality)
        project.propose()
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    write_progress(project, job, 100, "".join(f"line {n}\n" for n in range(30)))
    end_job(project, job, "failed", "the weights could not be fetched " * 3, "the remedy")
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        assert "2 random          6 16.7 %" in screen_text(app)
        await press(pilot, "4")
        await until(pilot, lambda: "line 29" in screen_text(app))
        assert "line 28" in screen_text(app)
        assert "the remedy" in screen_text(app)


async def test_names_are_not_read_as_markup(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", name="[red]Mg[/red] [/] [@click=app.quit]x")
    app = app_on(folder)
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)
        assert "[red]Mg[/red] [/]" in str(app.screen.query_one(TitleBar).render())


async def test_an_unreadable_slice_says_so_in_place_of_its_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on(folder)

    def image(slice_id: SliceId) -> None:
        raise AltuiError(f"{slice_id} [cut] short", "copy it again")

    monkeypatch.setattr(app.project, "image", image)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await until(pilot, lambda: "[cut] short" in screen_text(app))
        assert "copy it again" in screen_text(app)
        await press(pilot, "a")
        assert "approved" in state_of(app.project).values()


async def test_the_picture_appears(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await until(pilot, lambda: "▀" in screen_text(app))


async def test_a_fault_of_the_poller_is_told_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on(folder, interval=0.02)
    async with app.run_test() as pilot:
        await settle(pilot)
        with monkeypatch.context() as broken:
            looks: list[int] = []

            def status() -> None:
                looks.append(1)
                raise AltuiError("the disk is [away]", "mount it")

            broken.setattr(app.project, "refresh", status)
            await until(pilot, lambda: len(looks) > 5)
            assert [n.message for n in app._notifications] == ["the disk is [away]\nmount it"]
        app.project.approve_all()
        await until(
            pilot,
            lambda: app.snapshot is not None and app.snapshot.status.state == "annotating",
        )


async def test_the_unexpected_is_reported_to_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = app_on(folder)

    def approve_all() -> None:
        raise ZeroDivisionError("[oops]")

    monkeypatch.setattr(app.project, "approve_all", approve_all)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "A")
        await until(pilot, lambda: bool(app._notifications))
        notice = next(iter(app._notifications))
        assert notice.title == "Unexpected"
        assert "[oops]" in notice.message
        reports = list((tmp_path / "state").rglob("unexpected-*.txt"))
        assert [str(report) in notice.message for report in reports] == [True]
        assert "ZeroDivisionError" in reports[0].read_text()
        await press(pilot, "1", "2")  # it goes on


async def test_a_read_only_project_offers_no_changes(folder: Path) -> None:
    app = app_on(folder)
    app.project.workspace.store.writable = False
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "a", "x")
        assert set(state_of(app.project).values()) == {"proposed"}
        assert not app._notifications


async def open_palette(pilot: Pilot[None]) -> list[str]:
    await pilot.press("colon")
    found = pilot.app.screen.query_one(OptionList)
    await until(pilot, lambda: found.option_count > 0)
    await pilot.pause(0.3)
    options = [found.get_option_at_index(n) for n in range(found.option_count)]
    return [str(option.prompt).splitlines()[0] for option in options]


async def test_the_palette_lists_what_is_valid_and_does_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        names = await open_palette(pilot)
        assert "Approve all" in names
        assert not {"Run round", "Undo", "Cancel", "Export"} & set(names)
        await pilot.press(*"approve all", "enter")
        await pilot.press("enter")
        await until(pilot, lambda: set(state_of(app.project).values()) == {"approved"})


async def test_the_palette_tells_the_way_to_what_is_elsewhere(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await open_palette(pilot)
        await pilot.press(*"zoom in")
        found = app.screen.query_one(OptionList)
        way = "Zoom in is on Proposals: go there"
        await until(
            pilot,
            lambda: found.option_count > 0 and way in str(found.get_option_at_index(0).prompt),
        )
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.current_mode == "proposals")


async def test_a_palette_that_is_closed_while_it_gathers(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await open_palette(pilot)
        await app.screen.query_one(OptionList).remove()
        await pilot.press("a")
        await pilot.pause(0.3)
        await pilot.press("escape", "2")
        await until(pilot, lambda: app.current_mode == "proposals")


@pytest.mark.parametrize(
    ("query", "found"),
    [("app", True), ("all app", True), ("undecided", True), ("slc", False), ("n", False), ("", 0)],
)
def test_the_palette_finds_words_not_scattered_letters(query: str, found: bool) -> None:
    score = match(query, "Approve all", "approve every slice that is still undecided")
    assert bool(score) == bool(found)


def test_the_palette_puts_names_before_helps() -> None:
    assert match("run", "Run round", "train") > match("run", "Retry", "run this job again") > 0


async def test_help_has_every_key(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(100, 110)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.pause()
        text = screen_text(app)
        assert "reject this slice" in text
        assert "stop this job (not now)" in text
        assert text.index("Proposals") < text.index("Everywhere")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ProposalsScreen))


async def test_without_colour(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "a", "x")
        text = screen_text(app)
        assert "✓" in text
        assert "✗" in text
        assert "▀" not in text
        colours = {
            (colour.triplet.red, colour.triplet.green, colour.triplet.blue)
            for strip in app.screen._compositor.render_strips()
            for segment in strip.apply_filter(app._filters[-1], app.screen.background_colors[1])
            if segment.style and (colour := segment.style.color) and colour.triplet
        }
        assert all(red == green == blue for red, green, blue in colours)


@pytest.mark.parametrize("terminal", ["xterm-256color", "xterm"])
async def test_without_colour_words_can_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, terminal: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("COLORTERM")
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "down")
        for strip in app.screen._compositor.render_strips():
            for text, style, _ in strip:
                if text.strip() and style and style.color and style.bgcolor:
                    ink, ground = (
                        sum(each.get_truecolor()) for each in (style.color, style.bgcolor)
                    )
                    assert abs(ink - ground) > 90, text


async def test_digits_typed_into_a_dialog_stay_there(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("i")
        await until(pilot, lambda: bool(app.screen.query(Input)))
        await pilot.press("1", "2", "q")
        assert app.screen.query_one(Input).value == "12q"
        assert app.current_mode == "rounds"


def test_a_hang_up_loses_nothing(folder: Path) -> None:
    Project.open(folder)
    code = (
        "import sys; from altui.app import AltuiApp; from altui.project import Project; "
        "AltuiApp(Project.open(sys.argv[1], who='anna')).run()"
    )
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        os.execv(sys.executable, [sys.executable, "-c", code, str(folder)])
    assert b"proposed:" in read_until(terminal, b"proposed:")
    os.write(terminal, b"2")
    read_until(terminal, b"Why")
    os.write(terminal, b"ax")
    watching = Project.open(folder, who="bert")
    deadline = time.monotonic() + 20
    while set(state_of(watching).values()) < {"approved", "rejected", "proposed"}:
        assert time.monotonic() < deadline
        drain(terminal)
    os.close(terminal)
    wait_for(child)
    assert sorted(state_of(Project.open(folder)).values()) == [
        "approved",
        "proposed",
        "proposed",
        "rejected",
    ]


def drain(terminal: int, seconds: float = 0.1) -> bytes:
    if select.select([terminal], [], [], seconds)[0]:
        return os.read(terminal, 65536)
    return b""


def read_until(terminal: int, words: bytes, seconds: float = 20) -> bytes:
    seen = b""
    deadline = time.monotonic() + seconds
    while words not in seen:
        assert time.monotonic() < deadline, seen[-2000:]
        seen += drain(terminal)
    return seen


def wait_for(child: int, seconds: float = 20) -> int:
    deadline = time.monotonic() + seconds
    while True:
        done, end = os.waitpid(child, os.WNOHANG)
        if done:
            return end
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError("the app outlived its terminal")
        time.sleep(0.05)
