"""A folder that is no project yet becomes one, by keys alone."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from textual.pilot import Pilot
from textual.widgets import Input

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.ask import Ask
from altui.screens.commands import Palette
from altui.screens.frame import KeyBar, StatusLine
from altui.screens.help import Help
from altui.screens.preview import Preview
from altui.screens.table import RecordTable
from altui.screens.wizard import WizardScreen
from altui.widgets.told import Told

from .made import make_project, settle, until
from .test_snapshots import SIZES, Compare


@pytest.fixture
def found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stacks and masks of a project, without its config; no encoder's weights are here."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(folder / "none"))
    (folder / "altui.toml").unlink()
    return folder


def app_on(folder: Path) -> AltuiApp:
    return AltuiApp(folder, interval=60, host="gpu3")


async def looked(pilot: Pilot[None]) -> WizardScreen:
    """The wizard, once it has looked through the folder."""
    app = pilot.app
    assert isinstance(app, AltuiApp)
    await until(pilot, lambda: isinstance(app.screen, WizardScreen) and app.screen.is_ready)
    screen = app.screen
    assert isinstance(screen, WizardScreen)
    await until(pilot, lambda: screen._plan is not None and not app.is_doing)
    await pilot.pause()
    return screen


async def answer(pilot: Pilot[None], key: str, text: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, WizardScreen))


async def write(pilot: Pilot[None]) -> None:
    await pilot.press("w")
    await until(pilot, lambda: isinstance(pilot.app.screen, Preview))
    await pilot.press("enter")


def told(screen: WizardScreen) -> str:
    return str(screen.query_one(StatusLine).content)


def config(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "altui.toml").read_text())


async def test_from_stacks_to_an_open_project(found: Path) -> None:
    app = app_on(found)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await looked(pilot)
        assert screen.query_one("#list").border_subtitle == "3 train, 1 validation, 1 test"
        assert "press w" in told(screen)
        await answer(pilot, "t", "Zinc screws")
        await answer(pilot, "c", "background, bone, degradation layer,implant")
        await answer(pilot, "b", "9" * 5000)  # which stays as it was
        assert "8 slices a round" in str(screen.query_one("#about Told", Told).content)
        await answer(pilot, "b", "2")
        await answer(pilot, "N", "first")
        await pilot.press("f", "down", "s")
        assert [one.split for one in screen._plan.samples][:2] == ["train", "validation"]  # type: ignore[union-attr]
        await pilot.press("down", "x")
        assert not (found / "altui.toml").exists()
        await write(pilot)
        await settle(pilot)
        assert app.snapshot is not None
        assert app.snapshot.status.project == "Zinc screws"
        assert len(app.project.proposals().slate.decisions) == 2
    written = config(found)
    assert [s["name"] for s in written["samples"]] == ["first", "screw02", "screw04", "screw05"]
    assert [s["split"] for s in written["samples"]] == ["train", *["validation"] * 2, "test"]
    assert written["classes"]["names"] == ["background", "bone", "degradation layer", "implant"]
    assert written["query"] == {"initial": "random", "budget": 2}


async def test_without_a_network_the_encoder_starts_from_a_file_or_at_random(found: Path) -> None:
    app = app_on(found)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await looked(pilot)
        about = screen.query_one("#about Told", Told)
        assert "imagenet weights, which the first run has to fetch" in str(about.content)
        await answer(pilot, "E", "weights/resnet34.pt")
        assert 'encoder_weights = "weights/resnet34.pt": there is no such file' in told(screen)
        await answer(pilot, "E", "none")
        assert "press w" in told(screen)
        assert "resnet34 from random weights" in str(about.content)
        await write(pilot)
        await settle(pilot)
    assert config(found)["model"] == {"encoder_weights": "none"}


async def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    app = app_on(root)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await looked(pilot)
        assert screen.has_class("-nothing")
        assert "press l to look again" in str(screen.query_one("#nothing").render())
        keys = str(screen.query_one(KeyBar).render())
        assert "look again" in keys
        assert "write" not in keys
        await pilot.press("w", "s", "x", "2")  # there is nothing to do these with
        assert app.screen is screen
        make_project(root)
        (root / "altui.toml").unlink()
        await pilot.press("l")
        await until(pilot, lambda: not screen.has_class("-nothing"))
        assert screen.query_one(RecordTable).row_count == 5
        await write(pilot)
        await settle(pilot)
        assert app.current_mode == "rounds"  # the 2 was not kept for later


async def test_what_was_chosen_stays_when_it_looks_again(found: Path) -> None:
    app = app_on(found)
    async with app.run_test() as pilot:
        screen = await looked(pilot)
        await pilot.press("s", "m")
        await answer(pilot, "N", "mine")
        tifffile.imwrite(found / "screw00.tif", np.ones((5, 9, 9), np.uint16))
        await pilot.press("l")
        await until(pilot, lambda: screen.query_one(RecordTable).row_count == 6)
        plan = screen._plan
        assert plan is not None
        new, mine, *_ = plan.samples
        assert (new.name, new.split) == ("screw00", "train")
        assert (mine.name, mine.split) == ("mine", "validation")
        assert mine.mask is not None
        assert mine.mask.path != Path("screw01_mask.tif")  # the next one of its size


async def test_what_is_not_complete_is_not_written(found: Path) -> None:
    for number in (3, 4, 5):
        (found / f"screw0{number}.tif").unlink()
        (found / f"screw0{number}_mask.tif").unlink()
    app = app_on(found)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await looked(pilot)
        assert "Not complete yet: no sample is in the test split" in told(screen)
        await write(pilot)
        assert isinstance(app.screen, Preview)  # Enter does nothing
        assert not (found / "altui.toml").exists()
        await pilot.press("escape", "s")  # a sample for validation will do
        assert "press w" in told(screen)
        await write(pilot)
        await settle(pilot)
    assert config(found)["stopping"] == {"split": "validation"}


async def test_never_over_the_config_of_someone_else(found: Path) -> None:
    app = app_on(found)
    async with app.run_test() as pilot:
        await looked(pilot)
        make_project(found, name="someone else's")
        await write(pilot)
        await until(pilot, lambda: bool(app._notifications))
        assert "is there already" in next(iter(app._notifications)).message
        await pilot.press("l")  # which opens that one
        await settle(pilot)
        assert app.snapshot is not None
        assert app.snapshot.status.project == "someone else's"


async def test_its_help_and_palette_hold_its_own_actions(found: Path) -> None:
    app = app_on(found)
    async with app.run_test() as pilot:
        screen = await looked(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        shown = str(app.screen.query_one("#keys Static").render())
        assert "look again for stacks" in shown
        assert "oracle" not in shown
        await pilot.press("escape", "colon", *"write")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.app.workers.wait_for_complete()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Preview))
        await pilot.press("escape")
        assert app.screen is screen


async def test_a_project_that_lost_its_config_is_not_set_up_anew(folder: Path) -> None:
    Project.open(folder)
    (folder / "altui.toml").unlink()
    app = app_on(folder)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.failure is not None)
    assert "altui.toml is gone" in str(app.failure)


async def before_setting_up(pilot: Pilot[None]) -> None:
    await looked(pilot)


async def previewed(pilot: Pilot[None]) -> None:
    await looked(pilot)
    await pilot.press("w")
    await until(pilot, lambda: isinstance(pilot.app.screen, Preview))
    await pilot.pause()


@SIZES
def test_wizard(found: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(found), terminal_size=size, run_before=before_setting_up)


@SIZES
def test_preview(found: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(found), terminal_size=size, run_before=previewed)


def test_nothing_there(tmp_path: Path, snap_compare: Compare) -> None:
    root = tmp_path / "new"
    root.mkdir()
    assert snap_compare(app_on(root), terminal_size=(80, 24), run_before=before_setting_up)
