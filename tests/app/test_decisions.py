"""Decisions by keys: what lands in the project, and what the screen makes of it."""

from pathlib import Path

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.frame import KeyBar
from altui.screens.proposals import ProposalsScreen
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable

from .made import press, settle, state_of, until


def app_on(folder: Path, who: str = "anna", interval: float = 60.0) -> AltuiApp:
    """Polls of its own are rare, so that what shows came from the action itself."""
    return AltuiApp(Project.open(folder, who=who), interval=interval, host="gpu3")


def keys(app: AltuiApp) -> set[str]:
    """The keys that the footer tells of."""
    return {action.key for action in app.screen.query_one(KeyBar)._actions}


def selected(app: AltuiApp) -> str | None:
    return app.screen.query_one(RecordTable).selected


async def test_approve_is_in_the_project_and_the_cursor_goes_on(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        first = selected(app)
        assert first is not None
        await press(pilot, "a")
        assert state_of(Project.open(folder))[first] == "approved"
        assert selected(app) == list(state_of(app.project))[1]


async def test_keys_typed_fast_are_done_in_their_order(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await pilot.press("a", "a", "a", "u")
        await settle(pilot)
        await until(pilot, lambda: not app.is_doing)
    assert list(state_of(Project.open(folder)).values()) == ["approved", "approved", "proposed"]


async def test_reject_brings_the_next_best_and_goes_to_it(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = state_of(app.project)
        rejected = selected(app)
        assert rejected is not None
        await press(pilot, "x")
        await until(pilot, lambda: selected(app) not in before)
        after = state_of(Project.open(folder))
        new = selected(app)
        assert new is not None
        assert after[rejected] == "rejected"
        assert after[new] == "proposed"
        assert new.split(":")[0] == rejected.split(":")[0]


async def test_undo_takes_back_the_rejection_and_its_replacement(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before, rejected = state_of(app.project), selected(app)
        await press(pilot, "x", "u")
        assert state_of(Project.open(folder)) == before
        await until(pilot, lambda: selected(app) == rejected)
        # Its replacement was nobody's decision.
        assert [n.message for n in app._notifications] == [f"taken back: reject {rejected}"]


async def test_approve_all(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "A")
        assert set(state_of(Project.open(folder)).values()) == {"approved"}
        assert app.snapshot is not None
        assert app.snapshot.status.state == "annotating"


async def test_the_footer_tells_only_what_can_be_done(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "a" not in keys(app)
        await press(pilot, "2")
        assert {"a", "x", "A"} <= keys(app)
        assert not {"u", "e", "r", "n", "p"} & keys(app)
        await press(pilot, "a")
        assert {"u", "e"} <= keys(app)
        await press(pilot, "A")
        assert not {"a", "A"} & keys(app)
        app.project.import_from_oracle()
        app.poller.kick()
        await until(pilot, lambda: "r" in keys(app))
        assert not {"x", "u"} & keys(app)


async def test_a_key_that_is_not_told_does_nothing(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        before = state_of(app.project)
        await press(pilot, "a", "x", "r", "n")
        assert state_of(Project.open(folder)) == before
        assert not app._notifications


async def test_two_apps_see_each_others_decisions(folder: Path) -> None:
    anna, bert = app_on(folder, "anna"), app_on(folder, "bert", interval=0.05)
    async with anna.run_test() as hers, bert.run_test() as his:
        await settle(hers)
        await settle(his)
        await press(his, "2")
        await press(hers, "2", "a")
        own = state_of(anna.project)
        await until(
            his,
            lambda: (
                bert.snapshot is not None
                and {str(d.slice): d.state for d in bert.snapshot.status.slate.decisions} == own
            ),
        )


async def test_a_decision_that_another_has_made_is_said(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        slice_id = selected(app)
        assert slice_id is not None
        Project.open(folder, who="bert").reject(slice_id)
        await pilot.press("a")
        await until(pilot, lambda: bool(app._notifications))
        notice = next(iter(app._notifications))
        assert f"{slice_id} was rejected by bert" in notice.message
        assert notice.severity == "error"


async def test_looking_along_z_leaves_the_proposal_alone(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        screen = app.screen
        assert isinstance(screen, ProposalsScreen)
        proposal = screen.proposal
        assert proposal is not None
        pane = screen.query_one("#slice", SlicePane)
        await press(pilot, "full_stop", "full_stop")
        assert pane.wish is not None
        assert pane.wish.slice == (proposal.sample, proposal.index + 2)
        await pilot.press(*["comma"] * 12)
        await settle(pilot)
        assert pane.wish.slice == (proposal.sample, 0)
        await press(pilot, "z")
        assert pane.wish.slice == proposal
        assert selected(app) == str(proposal)


async def test_a_notice_makes_room_for_the_next_one(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(notifications=True) as pilot:
        await settle(pilot)
        app.say("one")
        await until(pilot, lambda: shown_notices(app) == ["one"])
        app.say("the disk is nearly full", "warning")
        await until(pilot, lambda: shown_notices(app) == ["the disk is nearly full"])
        app.say("two")
        await until(pilot, lambda: shown_notices(app)[1:] == ["two"])
        assert shown_notices(app)[:1] == ["the disk is nearly full"]


def shown_notices(app: AltuiApp) -> list[str]:
    return [str(one.render()) for one in app.screen.query("Toast") if one.display]
