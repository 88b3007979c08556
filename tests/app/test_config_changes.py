"""altui.toml edited while the app is open."""

from pathlib import Path

from altui.app import AltuiApp
from altui.project import Project

from .made import press, settle, state_of, until
from .test_robust import screen_text


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "altui.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def told(app: AltuiApp) -> list[str]:
    return [notice.message for notice in app._notifications]


async def test_an_open_app_goes_by_the_file_as_it_is_now(folder: Path) -> None:
    app = AltuiApp(Project.open(folder, who="anna"), interval=0.05)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        edit(folder, '"Mg screws in sheep tibia"', '"Zn screws"')
        await until(pilot, lambda: "Zn screws" in screen_text(app))
        await until(pilot, lambda: any("altui.toml has changed" in text for text in told(app)))
        edit(folder, "budget = 3", "budget = 5")
        await until(pilot, lambda: app.project.config.query.budget == 5)


async def test_a_fault_is_told_once_and_the_last_good_file_stays_in_force(folder: Path) -> None:
    app = AltuiApp(Project.open(folder, who="anna"), interval=0.05)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        edit(folder, "budget = 3", "budgets = 3")
        await until(pilot, lambda: any("budgets" in text for text in told(app)))
        await pilot.pause(0.5)
        assert sum("budgets" in text for text in told(app)) == 1
        await press(pilot, "2", "A")
        assert set(state_of(app.project).values()) == {"approved"}
        edit(folder, "budgets = 3", "budget = 4")
        await until(pilot, lambda: app.project.config.query.budget == 4)
