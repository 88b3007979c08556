"""Keys that come faster than screens do: in one packet, over a slow line."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from altui import Project
from altui.screens.proposals import ProposalsScreen
from altui.screens.strategy import ChooseStrategy
from altui.screens.table import RecordTable

from .made import settle, state_of, until
from .test_decisions import app_on


def in_one_packet(pilot: Pilot[None], keys: str) -> None:
    """As the terminal's driver hands them on."""
    from textual._xterm_parser import XTermParser

    for event in XTermParser().feed(keys):
        pilot.app.post_message(event)


async def test_a_screen_and_decisions_on_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2aa")
        await until(pilot, lambda: list(state_of(app.project).values()).count("approved") == 2)
        assert isinstance(app.screen, ProposalsScreen)


async def test_what_no_snapshot_shows_yet_can_be_taken_back(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        before = state_of(app.project)
        in_one_packet(pilot, "2xu")
        await until(pilot, lambda: bool(app._notifications))
        assert state_of(Project.open(folder)) == before


async def test_a_dialog_and_what_is_typed_into_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2Xblurred, 1 of 2\r1")
        await until(pilot, lambda: "rejected" in state_of(app.project).values())
        assert app.project.proposals().slate.decisions
        await until(pilot, lambda: app.current_mode == "rounds")
    note = app.project.workspace.store.history().events[-1].note
    assert note == "blurred, 1 of 2"


async def test_the_palette_and_what_is_sought_in_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, ":show jobs\r")
        await until(pilot, lambda: app.current_mode == "jobs")


async def test_a_strategy_is_chosen_from_a_list_that_is_still_read(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2S\x1b[F")  # End
        await until(pilot, lambda: isinstance(app.screen, ChooseStrategy))
        table = app.screen.query_one(RecordTable)
        await until(pilot, lambda: table.cursor_row == table.row_count - 1 > 0)


async def test_many_keys_one_after_the_other(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "1234565g")
        await until(pilot, lambda: bool(app.screen.query(Input)))
        assert app.current_mode == "samples"
        assert not app._waiting
