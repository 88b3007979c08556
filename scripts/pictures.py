"""The README's pictures: each screen of the running app, after real rounds.

    python scripts/pictures.py [PROJECT]

Without a PROJECT, three rounds are trained on a copy of the sample project first (about
four minutes on two cores), and the fourth is started for the picture of a running job.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from altui import Project
from altui.app import AltuiApp

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = (120, 36)
SCREENS = {
    "rounds": "1",
    "proposals": "2",
    "labels": "3",
    "jobs": "4",
    "samples": "5",
    "compare": "6",
}


def train(project: Project, rounds: int) -> None:
    """Whole rounds with the oracle as annotator."""
    for _ in range(rounds):
        project.propose()
        project.approve_all()
        project.import_from_oracle()
        job = project.run()
        while project.job(job).active:
            time.sleep(1)
            project.refresh()


def start_one_more(project: Project) -> None:
    """A job that has been training for a while."""
    project.propose()
    project.approve_all()
    project.import_from_oracle()
    job = project.run()
    while project.job(job).step < 30:
        time.sleep(0.5)


async def take(project: Project, names: list[str]) -> None:
    """Export the named screens as SVG."""
    app = AltuiApp(project)
    async with app.run_test(size=SIZE) as pilot:
        for name in names:
            await pilot.press(SCREENS[name])
            await pilot.pause(3)
            picture = app.export_screenshot(title="altui")
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


async def take_wizard(scratch: Path) -> None:
    """The wizard, on the sample project's stacks without its altui.toml."""
    folder = scratch / "screws"
    for part in ("samples", "masks"):
        shutil.copytree(ROOT / "sample_project" / part, folder / part)
    app = AltuiApp(folder)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(5)
        picture = app.export_screenshot(title="altui")
        (PICTURES / "wizard.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", nargs="?", type=Path)
    given = parser.parse_args().project
    os.environ["ALTUI_USER"] = "anna"
    os.environ["COLUMNS"] = str(SIZE[0])  # without a terminal, logs would wrap at 80
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = given or Path(shutil.copytree(ROOT / "sample_project", Path(scratch) / "project"))
        project = Project.open(root)
        if given is None:
            train(project, 3)
        asyncio.run(take_wizard(Path(scratch)))
        asyncio.run(take(project, ["rounds", "proposals", "samples", "compare"]))
        start_one_more(project)
        asyncio.run(take(project, ["labels", "jobs"]))
        project.cancel()


if __name__ == "__main__":
    main()
