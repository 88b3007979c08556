"""Keys that come faster than screens do: in one packet, over a slow line."""

import threading
from pathlib import Path

import tifffile
from textual.pilot import Pilot
from textual.widgets import Input

from altui import Project
from altui.screens.export import Export
from altui.screens.imports import Import
from altui.screens.proposals import ProposalsScreen
from altui.screens.strategy import ChooseStrategy
from altui.screens.table import RecordTable

from .made import SLICES, is_settled, settle, state_of, until
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


async def test_a_decision_after_a_rejection_is_on_what_took_its_place(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        [first, *_] = before = state_of(app.project)
        in_one_packet(pilot, "2xa")
        await until(pilot, lambda: "approved" in state_of(app.project).values())
        after = state_of(app.project)
        assert after[first] == "rejected"
        [approved] = [one for one, state in after.items() if state == "approved"]
        assert approved not in before


async def test_three_rejections_are_of_three_slices(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2xxx")
        await until(pilot, lambda: list(state_of(app.project).values()).count("rejected") == 3)


async def test_what_is_possible_only_then_waits_for_it(folder: Path) -> None:
    """Nothing is approved yet when e is typed."""
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2Ae")
        await until(pilot, lambda: isinstance(app.screen, Export))


async def test_the_last_one_taken_back_can_be_approved_again(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2aaauaua")
        await until(pilot, lambda: app.current_mode == "proposals" and is_settled(app))
        assert set(state_of(app.project).values()) == {"approved"}


async def test_a_key_waits_for_an_import_and_those_behind_it_do_not(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    may_go = threading.Event()

    def take_in() -> None:
        may_go.wait(20)
        app.project.import_from_oracle()

    async with app.run_test() as pilot:
        await settle(pilot)
        app.perform(take_in, lambda _: None, slow=True)
        in_one_packet(pilot, "r4")
        await until(pilot, lambda: app.current_mode == "jobs")
        assert [n.message for n in app._notifications] == ["r waits for what is under way"]
        assert not app.project.status().jobs
        may_go.set()
        await until(pilot, lambda: bool(app.project.status().jobs))
    if app.project.job().active:
        app.project.cancel()


async def test_keys_typed_during_an_import_are_not_for_its_path(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    came = folder / "came"
    came.mkdir()
    for number, one in enumerate(app.project.status().missing, 1):
        mask = app.project.own_mask(one)
        assert mask is not None
        mask[0, :number] = 1  # no two alike
        tifffile.imwrite(came / f"{one.file_stem(SLICES)}.tif", mask)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "i\x15came\r5")
        await until(pilot, lambda: app.current_mode == "samples")
        await until(pilot, lambda: app.imported_from == "came" and is_settled(app))
        assert not isinstance(app.screen, Import)
    assert app.project.status().state == "labelled"


async def test_what_waited_in_vain_is_told(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "i\x15nowhere\rr")
        told = "r: not done, as it waited for what came otherwise"
        await until(pilot, lambda: told in [n.message for n in app._notifications])
        assert isinstance(app.screen, Import)
    assert not app.project.status().jobs


async def test_keys_of_a_picture_wait_for_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        in_one_packet(pilot, "2o+")
        await until(pilot, lambda: app.current_mode == "proposals" and is_settled(app))
        await until(pilot, lambda: len(list((folder / "pictures").glob("*.png"))) == 1)
        screen = app.screen
        assert isinstance(screen, ProposalsScreen)
        assert screen.viewing.look.zoom > 1
        in_one_packet(pilot, "...o")
        assert screen.viewed is not None
        there = screen.viewed.index + 3
        expected = folder / "pictures" / f"{screen.viewed.sample}_z{there:02d}.png"
        await until(pilot, expected.exists)
