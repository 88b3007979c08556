"""The Rounds screen tells the verdict and all that it rests on, in the smallest window too."""

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Static

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.base import AltuiScreen
from altui.screens.frame import StatusLine
from altui.screens.reading import Reading

from .made import QUALITY, finish_round, press, settle, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])


@pytest.fixture
def app(project: Project) -> AltuiApp:
    for quality in QUALITY:
        finish_round(project, quality)
        project.propose()
    return AltuiApp(project, interval=60, host="gpu3")


def seen(app: AltuiApp, panel: VerticalScroll) -> list[str]:
    """The lines of a panel that can be seen now."""
    region = panel.scrollable_content_region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    lines = ("".join(segment.text for segment in strip) for strip in strips)
    return [line[region.x : region.right].strip() for line in lines]


async def read_through(pilot: Pilot[None], app: AltuiApp, selector: str) -> str:
    """All that a person reads who comes to the panel with Tab and goes down in it."""
    panel = app.screen.query_one(selector, VerticalScroll)
    for _ in range(6):
        if panel.has_focus:
            break
        await press(pilot, "tab")
    assert panel.has_focus
    lines = seen(app, panel)
    for _ in range(panel.max_scroll_y):
        await press(pilot, "down")
        lines.append(seen(app, panel)[-1])
    return " ".join(lines)


@SIZES
async def test_verdict_reasons_and_uses_can_be_read(app: AltuiApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        title = app.screen.query_one("#stopping").border_title
        assert "Stop? continue" in str(title)
        told = await read_through(pilot, app, "#stopping")
        reasons = app.project.status().stopping.reasons
        assert len(reasons) == 5
        for reason in reasons:
            assert reason in told
        for words in ("95 % interval [+", "by class: ", "kappa", "test split was used 3 times"):
            assert words in told
        classes = await read_through(pilot, app, "#classes")
        for name in app.project.config.classes.names:
            assert name in classes
        assert classes.count("+.") == 4


@SIZES
async def test_no_panel_covers_another(app: AltuiApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, AltuiScreen)
        panels = [panel.region for panel in screen.query(".panel")]
        assert len(panels) == 4
        for place, panel in enumerate(panels):
            assert screen.region.contains_region(panel)
            assert panel.height >= 3
            assert not any(panel.overlaps(other) for other in panels[place + 1 :])
        for static in screen.query("#side Static").results(Static):
            assert static.region.width <= static.parent.region.width  # type: ignore[union-attr]


async def test_every_reason_in_a_dialog_of_its_own(app: AltuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Reading))
        told = str(app.screen.query_one(".text Static", Static).render())
        for reason in app.project.status().stopping.reasons:
            assert reason in told
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, Reading)


async def test_the_status_line_needs_no_advice_where_it_tells_the_keys(app: AltuiApp) -> None:
    app.project.approve_all()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        line = " ".join(str(app.screen.query_one(StatusLine).render()).split())
        assert "0 of 3 masks in; waiting for" in line
        assert line.endswith("press e to export, i to import masks")
        assert "…" not in line
