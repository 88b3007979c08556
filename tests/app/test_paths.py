"""Paths as they are typed: completed with Tab, whatever the names in a folder are."""

import os
import threading
from pathlib import Path

import pytest
from textual.widgets import Static

from altui.app import AltuiApp
from altui.screens import path_field
from altui.screens.export import Export
from altui.screens.imports import Import
from altui.screens.path_field import Completion, PathField, completed

from .made import settle, until
from .test_decisions import app_on
from .test_type_ahead import in_one_packet


def typed(app: AltuiApp) -> str | None:
    """What stands in the field, once there is one."""
    return next((field.value for field in app.screen.query(PathField)), None)


def answer(app: AltuiApp) -> str:
    return str(app.screen.query_one("#answer", Static).render())


def test_what_a_shell_would_make_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("home/masks", "back/anna", "back/annika", "back/.cache"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "back" / "notes.txt").touch()
    for begun, text, told in (
        ("b", "back/", ""),
        ("back/", "back/", "anna/, annika/, notes.txt"),
        ("back/a", "back/ann", "anna/, annika/"),
        ("back/anni", "back/annika/", ""),
        ("back/n", "back/notes.txt", ""),
        ("back/.", "back/.cache/", ""),
        ("~", "~/", ""),
        ("~/m", "~/masks/", ""),
        (f"{tmp_path}/ba", f"{tmp_path}/back/", ""),
        ("back/x", "back/x", "nothing there begins so"),
        ("gone/x", "gone/x", "gone/: No such file or directory"),
        ("back/notes.txt/", "back/notes.txt/", "back/notes.txt/: Not a directory"),
    ):
        assert completed(begun, tmp_path) == Completion(text, told), begun
    assert completed("back/n", tmp_path, folders=True).text == "back/n"
    for begun in ("~nobody-of-that-name/", "a\0b/", "x" * 5000 + "/"):
        assert completed(begun, tmp_path).text == begun


def test_names_are_no_text_to_trust(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for name in (b"p\x1b[31mred", b"p\nline", b"p\xff"):
        os.mkdir(bytes(tmp_path) + b"/" + name)
    found = completed("p", tmp_path)
    assert found == Completion("plain/", "plain/; 3 with names that cannot be typed")


async def test_completed_in_the_import_dialog(folder: Path) -> None:
    (folder / "came" / "from [b]anna[b]").mkdir(parents=True)
    (folder / "came" / "from bert").mkdir()
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "icam\t")
        await until(pilot, lambda: typed(app) == "came/")
        in_one_packet(pilot, "\t")
        await until(pilot, lambda: typed(app) == "came/from ")
        assert answer(app) == "from [b]anna[b]/, from bert/"
        in_one_packet(pilot, "b\t\r")  # each key waits for what the one before has found
        await until(pilot, lambda: "0 files" in answer(app) or "no mask" in answer(app))
        assert typed(app) == "came/from bert/"


async def test_typed_before_the_dialogs_have_opened(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "elsewhere\r")  # e, then a path in place of the one that stands there
        await until(pilot, lambda: (folder / "lsewhere" / "manifest.json").is_file())
        await until(pilot, lambda: not isinstance(app.screen, Export))
        in_one_packet(pilot, "e\r")  # and with that one
        await until(pilot, lambda: (folder / "bundles" / "round-01" / "manifest.json").is_file())
        await until(pilot, lambda: not isinstance(app.screen, Export))
        in_one_packet(pilot, "inowhere\r")
        await until(pilot, lambda: isinstance(app.screen, Import) and "not there" in answer(app))
        assert typed(app) == "nowhere"


async def test_a_slow_folder_keeps_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(folder)
    app.project.approve_all()
    stuck, read = threading.Event(), path_field._names

    def slow(*given: object) -> list[str]:
        assert stuck.wait(20)
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(path_field, "_names", slow)
    async with app.run_test() as pilot:
        await settle(pilot)
        in_one_packet(pilot, "iscrew0\t1\t")
        await until(pilot, lambda: typed(app) == "screw01")
        stuck.set()
        await settle(pilot)
        assert typed(app) == "screw01", "a late answer changes nothing that was typed since"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Import))
