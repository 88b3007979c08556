"""Two whole rounds in the app, with real training, by keys alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import tifffile
from textual.pilot import Pilot
from textual.widgets import Input

from altui import Project
from altui.app import AltuiApp


async def until(pilot: Pilot[None], what: Callable[[], bool], seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await pilot.pause(0.1)


def send_masks(project: Project, to: Path) -> None:
    """What annotators would send back for the round."""
    to.mkdir()
    for wanted in project.status().missing:
        mask = tifffile.imread(project.root / "masks" / f"{wanted.sample}.tif")[wanted.index]
        tifffile.imwrite(to / f"{wanted.file_stem(12)}.tif", mask)


async def test_two_rounds_by_keys(new_folder: Callable[..., Path], tmp_path: Path) -> None:
    project = Project.open(new_folder(steps=30))
    watch = Project.open(project.root, who="bert")  # someone else looks at the same project
    app = AltuiApp(project)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in (1, 2):
            await until(pilot, lambda: app.snapshot is not None)
            await pilot.press("2")
            await pilot.press("x", "u", "A")
            await until(pilot, lambda: watch.status().state == "annotating")
            assert len(watch.status().slate.approved) == 3
            back = tmp_path / f"returned-{number}"
            send_masks(watch, back)
            await pilot.press("i")
            await until(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = str(back)
            await pilot.press("enter")
            await until(pilot, lambda: watch.status().state == "labelled")
            await pilot.press("escape")
            await until(pilot, lambda: not app.screen.query(Input))
            await pilot.press("r", "4")
            await until(pilot, lambda: watch.status().state == "running")

            def evaluated(wanted: int = number) -> bool:
                rounds = watch.status().rounds
                return len(rounds) >= wanted and rounds[wanted - 1].finished_at is not None

            await until(pilot, evaluated)
            await pilot.press("1")
            if watch.status().state == "stopped":
                await pilot.press("n")
            await until(pilot, lambda wanted=number: watch.status().round == wanted + 1)  # type: ignore[misc]
    first, second = watch.status().rounds[:2]
    assert (first.labelled, second.labelled) == (3, 6)
    assert second.gain is not None
    assert (second.miou["test"] or 0) > 0.3
