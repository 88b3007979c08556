"""Two rounds, or the strategies of a simulation, side by side."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from altui.app import AltuiApp
from altui.project import Project
from altui.widgets.chart import LineChart

from ..simulation.made import add_simulation
from .made import QUALITY, finish_round, press, settle, until
from .test_decisions import app_on, keys
from .test_rounds_and_jobs import shown


def told(app: AltuiApp, name: str) -> str:
    found = app.screen.query_one(f"#{name}")
    return str((found if isinstance(found, Static) else found.query_one(Static)).render())


async def open_compare(pilot: Pilot[None]) -> None:
    await settle(pilot)
    await press(pilot, "6")


@pytest.fixture
def three_rounds(project: Project) -> Project:
    for quality in QUALITY:
        finish_round(project, quality)
        project.propose()
    return project


async def test_one_round_is_too_few(project: Project) -> None:
    finish_round(project, 0.7)
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_compare(pilot)
        assert told(app, "title") == "two rounds with results are needed; 1 round so far"
        assert {"comma", "less_than_sign"}.isdisjoint(keys(app))


async def test_where_there_are_no_rounds_the_simulation_is_shown(project: Project) -> None:
    add_simulation(project, {"random": [0.4, 0.5]})
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_compare(pilot)
        await until(pilot, lambda: app.screen.has_class("-simulations"))
        await press(pilot, "s")
        assert "two rounds with results are needed" in told(app, "title")
        assert not app.screen.has_class("-simulations")


async def test_the_newest_two_rounds_first(three_rounds: Project) -> None:
    app = app_on(three_rounds.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_compare(pilot)
        found = three_rounds.compare_rounds(2, 3)
        assert "Round 2 (random, 6 labelled) and round 3 (random, 9 labelled)" in told(app, "title")
        assert f"{found.second.miou['test']:.3f}" in told(app, "title")
        added = ", ".join(map(str, found.added))
        assert told(app, "slices") == f"3 added: {added}"
        assert "degradation layer" in told(app, "by-class")
        assert len(told(app, "by-sample").split("\n")) == 7


async def test_other_rounds_by_keys(three_rounds: Project) -> None:
    app = app_on(three_rounds.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_compare(pilot)
        await press(pilot, "comma")
        assert "Round 1 (initial, 3 labelled) and round 3" in told(app, "title")
        await press(pilot, "less_than_sign")
        assert "Round 1 (initial, 3 labelled) and round 2" in told(app, "title")
        await press(pilot, "full_stop")  # onto the second one itself: it stays
        assert "Round 1 (initial, 3 labelled) and round 2" in told(app, "title")
        await press(pilot, "greater_than_sign", "full_stop")
        assert "Round 2 (random, 6 labelled) and round 3" in told(app, "title")


async def test_simulations_by_key(three_rounds: Project) -> None:
    add_simulation(three_rounds, {"random": [0.4, 0.5]}, full=0.75)
    newest = add_simulation(three_rounds, {"random": [0.4, 0.5], "entropy": [0.4, 0.6]})
    app = app_on(three_rounds.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_compare(pilot)
        await press(pilot, "s")
        assert f"{newest}, finished: 2 rounds of random, entropy" in told(app, "strategies")
        assert "entropy" in shown(app, LineChart)
        await press(pilot, "less_than_sign")
        assert "0.750" in told(app, "strategies")
        assert "all slices" in shown(app, LineChart)
        await press(pilot, "greater_than_sign")
        assert newest in told(app, "strategies")
        await press(pilot, "s")
        assert "Round 2" in told(app, "title")


async def test_no_simulation_says_how_to_start_one(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_compare(pilot)
        await press(pilot, "s")
        assert f"altui simulate {app.folder}" in told(app, "strategies")
