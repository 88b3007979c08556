"""Picks by hand, reasons, other strategies and assignments, by keys."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.ask import Ask
from altui.screens.proposals import ProposalsScreen
from altui.screens.strategy import ChooseStrategy
from altui.screens.table import RecordTable
from altui.slices import SliceId

from .made import press, settle, state_of, until
from .test_decisions import app_on, selected
from .test_robust import screen_text


async def answer(pilot: object, app: AltuiApp, text: str | None) -> None:
    """Type into the dialog that opens."""
    from textual.pilot import Pilot

    assert isinstance(pilot, Pilot)
    await until(pilot, lambda: isinstance(app.screen, Ask))
    if text is not None:
        app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await settle(pilot)


def why(app: AltuiApp) -> str:
    return str(app.screen.query_one("#why").query_one(Static).render())


async def test_the_slice_looked_at_is_picked_in_place_of_the_proposal(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "full_stop")
        proposal = selected(app)
        assert isinstance(app.screen, ProposalsScreen)
        viewed = app.screen.viewed
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        assert f"in place of {proposal}" in screen_text(app)
        await answer(pilot, app, None)
        await until(pilot, lambda: selected(app) == str(viewed))
        found = state_of(Project.open(folder))
        assert found[str(viewed)] == "approved"
        assert proposal not in found
        assert "picked by anna" in screen_text(app)
        assert ", by hand" in screen_text(app)
        assert "by by" not in screen_text(app)


async def test_any_slice_is_picked_by_its_name_and_rules_are_told(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "A", "P")
        await answer(pilot, app, "screw02:0")
        assert state_of(Project.open(folder))["screw02:0"] == "approved"
        assert any("1 slice beyond the budget of 3" in n.message for n in app._notifications)
        await press(pilot, "u")
        assert "screw02:0" not in state_of(Project.open(folder))
        assert any(n.message == "taken back: pick screw02:0" for n in app._notifications)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("screw2:0", 'no sample is named "screw2"'),
        ("screw05:1", "screw05"),
        ("nonsense", "SAMPLE:INDEX"),
        ("screw01:99", "has slices 0 to"),
    ],
)
async def test_what_is_no_slice_of_the_pool_is_asked_again(
    folder: Path, name: str, told: str
) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "P")
        before = state_of(app.project)
        await answer(pilot, app, name)
        await until(pilot, lambda: isinstance(app.screen, Ask))
        assert app.screen.query_one(Input).value == name  # to be mended, not typed again
        assert told in str(app.screen.query_one(".box Static", Static).render())
        assert state_of(Project.open(folder)) == before
        await answer(pilot, app, "screw01:9")
        await until(pilot, lambda: state_of(Project.open(folder)).get("screw01:9") == "approved")


async def test_a_reason_stays_with_the_rejection(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        rejected = selected(app)
        await pilot.press("X")
        await answer(pilot, app, "ring [artefact]")
        assert rejected is not None
        await until(pilot, lambda: state_of(app.project)[rejected] == "rejected")
        await until(pilot, lambda: selected(app) != rejected)
        app.screen.query_one(RecordTable).select(rejected)
        await until(pilot, lambda: f"{rejected} rejected by anna: ring [artefact]" in why(app))


async def test_escape_rejects_nothing(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = state_of(app.project)
        for key in ("X", "P"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, Ask))
            await pilot.press("escape")
            await settle(pilot)
        assert state_of(Project.open(folder)) == before


async def test_undo_goes_all_the_way_and_says_what_each_was(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = state_of(app.project)
        one = selected(app)
        await press(pilot, "a", "x", "A")
        rejected = next(name for name, state in state_of(app.project).items() if state[0] == "r")
        await press(pilot, "u", "u", "u")
        assert state_of(Project.open(folder)) == before
        told = [notice.message for notice in app._notifications]
        assert told[1].startswith("taken back: approve ")
        assert told[2:] == [f"taken back: reject {rejected}", f"taken back: approve {one}"]
        await press(pilot, "u")  # nothing is left, and nothing happens
        assert len(app._notifications) == len(told)


async def open_strategies(pilot: object, app: AltuiApp, name: str) -> str:
    """The dialog's words on a strategy, once it has worked them out."""
    from textual.pilot import Pilot

    assert isinstance(pilot, Pilot)
    await pilot.press("S")
    await until(pilot, lambda: isinstance(app.screen, ChooseStrategy))
    table = app.screen.query_one(RecordTable)
    await until(pilot, lambda: table.row_count > 0)
    table.select(name)
    change = app.screen.query_one("#change", Static)
    await until(
        pilot,
        lambda: (
            str(change.render()).startswith(f"{name}:")
            and "working out" not in str(change.render())
        ),
    )
    return str(change.render())


async def test_another_strategy_is_seen_before_it_is_taken(folder: Path) -> None:
    app = app_on(folder)
    first = app.project.proposals().slate.decisions[0].slice
    app.project.approve(first)
    planned = app.project.plan("random")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = state_of(app.project)
        told = await open_strategies(pilot, app, "random")
        assert f"1 approved slice stays: {first}" in told
        for what, slices in (("would go", planned.go), ("would come", planned.come)):
            assert f"{what}: {', '.join(map(str, slices))}" in told
        assert "entropy" not in screen_text(app)  # it needs scores
        await pilot.press("escape")
        await settle(pilot)
        assert state_of(Project.open(folder)) == before
        await open_strategies(pilot, app, "random")
        await pilot.press("enter")
        await settle(pilot)
        after = state_of(Project.open(folder))
        assert set(after) == set(map(str, (*planned.stay, *planned.come)))
        assert after[str(first)] == "approved"
        await press(pilot, "u")
        assert state_of(Project.open(folder)) == before
        assert any(n.message == "taken back: switch to random" for n in app._notifications)


async def test_a_slice_is_assigned(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "at")
        assert not isinstance(app.screen, Ask)  # nothing is approved yet
        await press(pilot, "A")
        one = selected(app)
        assert one is not None
        await pilot.press("at")
        await answer(pilot, app, "bert")
        (claim,) = Project.open(folder).claims()
        assert (claim.slice, claim.annotator) == (SliceId.parse(one), "bert")
        await until(pilot, lambda: "mask awaited from bert" in why(app))
        await pilot.press("at")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        assert app.screen.query_one(Input).value == "bert"
