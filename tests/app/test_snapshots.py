"""Every screen at both sizes, as pictures. After a wanted change of their looks:

pytest tests/app/test_snapshots.py --snapshot-update
"""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.base import Dialog
from altui.screens.export import Export
from altui.widgets.wrapped_log import WrappedLog

from ..simulation.made import add_simulation
from .made import (
    QUALITY,
    SAMPLES,
    FixedClock,
    finish_round,
    predict,
    press,
    running,
    send_masks,
    settle,
    start_job,
    until,
    write_progress,
)
from .test_proposals import open_strategies

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])


@pytest.fixture
def three_rounds(folder: Path, clock: FixedClock) -> Project:
    """Three rounds with results; of the fourth, one slice approved and one rejected."""
    project = Project.open(folder, who="anna")
    for quality in QUALITY:
        finish_round(project, quality)
        project.propose()
    first, second, _ = project.proposals().slate.decisions
    project.approve(first.slice)
    project.reject(second.slice)
    return project


@pytest.fixture
def training(three_rounds: Project) -> Iterator[Project]:
    """The fourth round under way."""
    project = three_rounds
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    log = "".join(f"step {step:>3}  loss {1 / (1 + step / 40):.4f}\n" for step in range(0, 240, 8))
    for step in range(8, 241, 8):
        write_progress(project, job, step, log, loss=0.2 + 1 / (1 + step / 40))
    with running(project, job):
        yield project


def on(mode: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.switch_mode(mode)
        await settle(pilot)
        app = pilot.app
        assert isinstance(app, AltuiApp)
        if mode == "jobs":
            snapshot = app.snapshot
            assert snapshot is not None
            if snapshot.status.jobs:
                await until(pilot, lambda: bool(app.snapshot and app.snapshot.detail))
                log = app.screen.query_one(WrappedLog)
                # It scrolls to its end after a refresh, which may come after all else.
                await until(pilot, lambda: 0 < log.max_scroll_y == log.scroll_y)
        await settle(pilot)

    return before


def app_on(project: Project) -> AltuiApp:
    return AltuiApp(project, interval=60, host="gpu3")


@SIZES
@pytest.mark.parametrize("mode", ["rounds", "proposals"])
def test_a_round_under_way(
    three_rounds: Project, snap_compare: Compare, mode: str, size: tuple[int, int]
) -> None:
    assert snap_compare(app_on(three_rounds), terminal_size=size, run_before=on(mode))


@SIZES
def test_a_line_for_each_class(
    three_rounds: Project, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def by_class(pilot: Pilot[None]) -> None:
        await on("rounds")(pilot)
        await pilot.press("c")
        await settle(pilot)

    assert snap_compare(app_on(three_rounds), terminal_size=size, run_before=by_class)


@pytest.mark.parametrize(("mode", "keys"), [("rounds", "c"), ("proposals", "p")])
def test_on_light_ground(
    three_rounds: Project, snap_compare: Compare, mode: str, keys: str
) -> None:
    predict(three_rounds, three_rounds.status().jobs[-1].id)
    app = app_on(three_rounds)
    app.theme = "textual-light"

    async def before(pilot: Pilot[None]) -> None:
        await on(mode)(pilot)
        await press(pilot, keys)

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


@SIZES
@pytest.mark.parametrize(
    "keys", ["", "p", "ph", "sb"], ids=["filled", "outlined", "heat", "beside"]
)
def test_proposals_with_predictions(
    three_rounds: Project, snap_compare: Compare, keys: str, size: tuple[int, int]
) -> None:
    job = three_rounds.status().jobs[-1].id
    predict(three_rounds, job)

    async def before(pilot: Pilot[None]) -> None:
        await on("proposals")(pilot)
        await press(pilot, *keys)

    assert snap_compare(app_on(three_rounds), terminal_size=size, run_before=before)


@SIZES
def test_export(three_rounds: Project, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await on("rounds")(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        await pilot.press("down", "right")
        await pilot.pause()

    app = app_on(three_rounds)
    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
@pytest.mark.parametrize("key", ["question_mark", "w"], ids=["help", "reasons"])
def test_dialogs_of_text(
    three_rounds: Project, snap_compare: Compare, key: str, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await on("rounds")(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.pause()

    app = app_on(three_rounds)
    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_another_strategy(
    three_rounds: Project, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await on("proposals")(pilot)
        await open_strategies(pilot, app, "equidistant")
        await pilot.pause()

    app = app_on(three_rounds)
    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_the_samples(
    folder: Path, clock: FixedClock, snap_compare: Compare, size: tuple[int, int]
) -> None:
    project = Project.open(folder, who="anna")
    measured = {name: split for name, split in SAMPLES.items() if split != "train"}
    for quality in QUALITY:
        finish_round(project, quality, measured)
        project.propose()

    async def at_the_end(pilot: Pilot[None]) -> None:
        await on("samples")(pilot)
        await press(pilot, "end")

    assert snap_compare(app_on(project), terminal_size=size, run_before=at_the_end)


@SIZES
@pytest.mark.parametrize("keys", ["", "down d"], ids=["doubt", "differences"])
def test_masks_that_came_back(
    folder: Path,
    clock: FixedClock,
    snap_compare: Compare,
    keys: str,
    size: tuple[int, int],
) -> None:
    project = Project.open(folder, who="anna")
    predict(project, finish_round(project, QUALITY[0]))
    project.propose()
    send_masks(project)

    async def looked_at(pilot: Pilot[None]) -> None:
        await on("labels")(pilot)
        await press(pilot, *keys.split())

    assert snap_compare(app_on(project), terminal_size=size, run_before=looked_at)


@SIZES
def test_two_rounds_side_by_side(
    three_rounds: Project, snap_compare: Compare, size: tuple[int, int]
) -> None:
    assert snap_compare(app_on(three_rounds), terminal_size=size, run_before=on("compare"))


@SIZES
def test_a_simulation(three_rounds: Project, snap_compare: Compare, size: tuple[int, int]) -> None:
    curves = {"random": [0.4, 0.5, 0.55], "entropy": [0.4, 0.56, 0.6]}
    add_simulation(three_rounds, curves, full=0.8)

    async def simulated(pilot: Pilot[None]) -> None:
        await on("compare")(pilot)
        await press(pilot, "s")

    assert snap_compare(app_on(three_rounds), terminal_size=size, run_before=simulated)


@SIZES
def test_a_running_job(training: Project, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(training), terminal_size=size, run_before=on("jobs"))


@pytest.mark.parametrize("mode", ["rounds", "proposals", "labels", "jobs", "samples", "compare"])
def test_a_new_project(folder: Path, clock: FixedClock, snap_compare: Compare, mode: str) -> None:
    project = Project.open(folder, who="anna")
    assert snap_compare(app_on(project), terminal_size=(80, 24), run_before=on(mode))
