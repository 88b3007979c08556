"""Bundles out and masks in, from the app."""

import shutil
from pathlib import Path

import numpy as np
import tifffile
from textual.pilot import Pilot
from textual.widgets import Input, Static

from altui.app import AltuiApp
from altui.labels.manifest import Manifest
from altui.project import Project
from altui.screens.export import Export
from altui.screens.imports import Import
from altui.widgets.choice import Choice

from .made import finish_round, settle, state_of, until
from .test_decisions import app_on


def answer(app: AltuiApp) -> str:
    return str(app.screen.query_one("#answer", Static).render())


async def give(pilot: Pilot[None], path: str) -> None:
    field = pilot.app.screen.query_one(Input)
    field.value = path
    await pilot.press("enter")


async def test_export_with_its_default(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        for number in ("01", "01-2"):  # the second finds the first one there
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, Export))
            await pilot.press("enter")
            await until(pilot, lambda: not isinstance(app.screen, Export))
            assert (folder / "bundles" / f"round-{number}" / "manifest.json").is_file()
        await until(pilot, lambda: bool(app._notifications))
        assert str(folder / "bundles" / "round-01") in next(iter(app._notifications)).message


async def test_export_refused_can_be_mended(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        await give(pilot, ".")
        await until(pilot, lambda: "is there already" in answer(app))
        await give(pilot, "elsewhere")
        await until(pilot, lambda: (folder / "elsewhere" / "manifest.json").is_file())


async def test_export_for_a_tool_an_annotator_and_with_repeats(folder: Path) -> None:
    project = Project.open(folder, who="anna")
    finish_round(project, 0.8)
    project.propose()
    project.approve_all()
    app = app_on(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        await pilot.press("down", *["right"] * 3, "down", *"bert", "down", "2", "down")
        await pilot.press("backspace", *"x", "enter")
        await until(pilot, lambda: "a percentage" in answer(app))
        await pilot.press("backspace", *"50", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Export))
        await until(pilot, lambda: bool(app._notifications))
        told = next(iter(app._notifications)).message
        assert told.startswith("3 slices, bert's, ")
        assert "1 of them labelled already, for label-studio" in told
        bundle = folder / "bundles" / "round-02"
        assert str(bundle) in told
        manifest = Manifest.model_validate_json((bundle / "manifest.json").read_text())
        assert (manifest.tool, manifest.annotator, len(manifest.slices)) == (
            "label-studio",
            "bert",
            3,
        )
        await pilot.press("e")  # the next one begins with what was asked for last
        await until(pilot, lambda: isinstance(app.screen, Export))
        assert app.screen.query_one(Choice).value == "label-studio"
        assert app.screen.query_one("#most", Input).value == "2"


async def test_import_tells_file_by_file(folder: Path, tmp_path: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    back = tmp_path / "back"
    back.mkdir()
    first, second, _ = app.project.status().missing
    mask = tifffile.imread(folder / f"{first.sample}_mask.tif")[first.index]
    tifffile.imwrite(back / f"{first.file_stem(12)}.tif", mask)
    tifffile.imwrite(back / f"{second.file_stem(12)}.tif", np.zeros((5, 5), np.uint8))
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, Import))
        assert app.screen.query_one(Input).value == "returned"
        await pilot.press("enter")
        await until(pilot, lambda: "is not there" in answer(app))
        await give(pilot, str(back))
        await until(pilot, lambda: "2 files: 1 accepted, 1 refused" in answer(app))
        told = answer(app).splitlines()
        assert told[1].startswith(f"✗ {second.file_stem(12)}.tif ({second})")
        assert told[2].startswith(f"✓ {first.file_stem(12)}.tif ({first})")
        await pilot.press("r", "2")  # keys of the screen below: the path is left alone
        assert app.screen.query_one(Input).value == str(back)
        await pilot.press("enter", "x")
        assert app.screen.query_one(Input).value in ("x", f"{back}x")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Import))
        await settle(pilot)
        assert app.snapshot is not None
        assert first not in app.snapshot.status.missing
        assert second in app.snapshot.status.missing


async def test_the_bundle_is_where_masks_are_looked_for(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    app.project.export(folder / "bundles" / "round-01")
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, Import))
        assert app.screen.query_one(Input).value == "bundles/round-01"
        shutil.rmtree(folder / "bundles")
        await pilot.press("enter")
        await until(pilot, lambda: "is not there" in answer(app))
    assert set(state_of(app.project).values()) == {"approved"}


async def test_the_import_dialog_closes_once_all_is_in(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    back = folder / "returned"
    back.mkdir()
    for number, one in enumerate(app.project.status().missing):
        mask = tifffile.imread(folder / f"{one.sample}_mask.tif")[one.index]
        mask[0, number] = 255  # no two alike
        tifffile.imwrite(back / f"{one.file_stem(12)}.tif", mask)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, Import))
        await give(pilot, "nowhere")
        await until(pilot, lambda: "is not there" in answer(app))
        await pilot.press("escape", "i")
        await until(pilot, lambda: isinstance(app.screen, Import))
        assert app.screen.query_one(Input).value == "returned"  # not the path that failed
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Import))
        await until(pilot, lambda: "3 accepted" in [one.message for one in app._notifications])
        await until(pilot, lambda: app.snapshot is not None and not app.snapshot.status.missing)
