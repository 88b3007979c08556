"""What the Samples screen tells of each sample."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.ask import Ask
from altui.screens.slice_pane import SlicePane
from altui.screens.table import RecordTable

from .made import SAMPLES, finish_round, press, settle, until
from .test_decisions import app_on
from .test_rounds_and_jobs import cells

MEASURED = {name: split for name, split in SAMPLES.items() if split != "train"}


def told(app: AltuiApp) -> str:
    return str(app.screen.query_one("#about Static", Static).render())


async def open_samples(pilot: Pilot[None]) -> None:
    await settle(pilot)
    await press(pilot, "5")


@pytest.fixture
def two_rounds(project: Project) -> Project:
    for quality in (0.7, 0.8):
        finish_round(project, quality, MEASURED)
        project.propose()
    return project


async def test_before_anything_is_labelled(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_samples(pilot)
        assert cells(app, 0) == ["screw01", "train", "12", "0 0.0 %", "–"]
        assert cells(app, 3) == ["screw04", "valid.", "12", "–", "–"]
        assert "train, 12 slices of 48 × 40\nuint16; 0 slices labelled" in told(app)
        assert "classes: once a slice is labelled" in told(app)
        await press(pilot, "end")
        assert app.screen.query_one(RecordTable).selected == "screw05"
        assert "classes: once a round is evaluated" in told(app)


async def test_class_fractions_of_accepted_masks(two_rounds: Project) -> None:
    app = app_on(two_rounds.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_samples(pilot)
        await until(pilot, lambda: "background" in told(app))
        pixels = two_rounds.class_pixels("screw01")
        share = f"{100 * pixels[0] / sum(pixels):.1f} %"
        await until(pilot, lambda: share in told(app))
        assert "2 slices labelled, 16.7 %" in told(app)


async def test_iou_by_round_of_what_was_measured(two_rounds: Project) -> None:
    app = app_on(two_rounds.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_samples(pilot)
        await press(pilot, "end")
        newest = two_rounds.samples()[-1].newest
        assert newest is not None
        assert newest.round == 2
        lines = told(app).split("\n")
        rounds = [line.split() for line in lines if line.strip()[:1] in ("1", "2")]
        assert [line[0] for line in rounds] == ["2", "1"]
        assert rounds[0][1] == f"{newest.miou:.3f}"
        assert cells(app, 4)[-1] == f"{newest.miou:.3f}"
        assert "50.5 %" in told(app)  # of the test masks' pixels are background


async def test_a_name_is_no_markup(folder: Path) -> None:
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace('"bone"', '"[red]bone"'))
    finish_round(Project.open(folder, who="anna"), 0.7, MEASURED)
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_samples(pilot)
        await press(pilot, "end")
        assert "[red]bone" in told(app)


async def test_any_slice_of_any_sample(two_rounds: Project) -> None:
    labelled = {one.index for one in two_rounds.labels() if one.sample == "screw01"}
    app = app_on(two_rounds.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_samples(pilot)
        pane = app.screen.query_one(SlicePane)
        assert viewed(app) == ("screw01", 6)
        await press(pilot, "full_stop")
        assert viewed(app) == ("screw01", 7)
        await press(pilot, "comma", "comma")
        assert viewed(app) == ("screw01", 5)
        await press(pilot, "greater_than_sign")
        assert viewed(app) == ("screw01", 11)  # the last one
        await press(pilot, "less_than_sign")
        assert viewed(app) == ("screw01", 1)
        await go(pilot, str(min(labelled)))
        assert viewed(app) == ("screw01", min(labelled))
        assert "mask" in str(pane.border_title)
        assert pane.has_classes
        await go(pilot, "99")
        assert viewed(app) == ("screw01", 11)
        await press(pilot, "end")
        assert viewed(app) == ("screw05", 6)
        assert pane.has_classes  # of the sample's own mask
        await press(pilot, "home")
        assert viewed(app) == ("screw01", 11)  # where it was left


async def test_what_is_no_index_is_told(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_samples(pilot)
        await go(pilot, "x")
        assert viewed(app) == ("screw01", 6)
        assert any("0 to 11" in notice.message for notice in app._notifications)


def viewed(app: AltuiApp) -> tuple[str, int] | None:
    wish = app.screen.query_one(SlicePane).wish
    return (wish.slice.sample, wish.slice.index) if wish else None


async def go(pilot: Pilot[None], typed: str) -> None:
    await pilot.press("g")
    await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
    await pilot.press(*typed, "enter")
    await until(pilot, lambda: not isinstance(pilot.app.screen, Ask))
    await settle(pilot)
