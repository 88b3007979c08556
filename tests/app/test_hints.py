"""Hints in the app name keys, not what is typed in a shell."""

import re
from pathlib import Path

import pytest

import altui
from altui.actions import Keys, in_keys

from .made import settle, until
from .test_decisions import app_on
from .test_rounds_and_jobs import said

IN_A_SHELL = {"simulate", "release", "status"}  # what no key does


@pytest.mark.parametrize(
    ("hint", "here", "told"),
    [
        ("import them: altui import-labels PROJECT PATH", "rounds", "import them: press i"),
        ("approve first: altui approve PROJECT --all", "rounds", "approve first: press 2, then A"),
        ("approve first: altui approve PROJECT --all", "proposals", "approve first: press A"),
        ("cancel it: altui jobs PROJECT cancel train-004", "labels", "cancel it: press 4, then c"),
        ("altui propose PROJECT; or altui jobs PROJECT retry", "jobs", "press n; or press t"),
        ("apply it: altui propose PROJECT --strategy clasp", "rounds", "apply it: press 2, then S"),
        ("altui reject PROJECT SLICE --no-replacement", "rounds", None),
        ("altui backups PROJECT", "rounds", None),
    ],
)  # fmt: skip
def test_commands_become_keys(hint: str, here: str, told: str | None) -> None:
    assert in_keys(hint, Keys(), here) == (told or hint)


def test_ones_own_keys_are_told() -> None:
    keys = Keys({"import_labels": ("f5",), "show_proposals": ("f2",)})
    assert in_keys("altui import-labels PROJECT PATH", keys, "rounds") == "press f5"
    assert in_keys("altui approve PROJECT sheep:3", keys, "rounds") == "press f2, then a"


def test_no_other_command_is_left_in_a_hint() -> None:
    """Whatever hint is written next."""
    source = Path(altui.__file__).parent
    hints = {
        found
        for file in source.rglob("*.py")
        if "cli" not in file.parts
        for found in re.findall(r'altui [a-z-]+ PROJECT[^"]*', file.read_text(encoding="utf-8"))
    }
    assert len(hints) > 20
    left = {hint for hint in hints if "PROJECT" in in_keys(hint, Keys(), "rounds")}
    assert {hint.split()[1] for hint in left if "--no-replacement" not in hint} <= IN_A_SHELL


async def test_what_is_still_to_do_is_told_with_its_key(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test() as pilot:
        await settle(pilot)
        app.action_run_round()
        await until(pilot, lambda: bool(app._notifications))
        told = next(iter(app._notifications)).message
    assert "import them: press i; to train without a slice: altui reject" in told
    assert "PROJECT" not in told
    assert str(folder) in told


async def test_once_all_has_gone_out_the_masks_are_waited_for(folder: Path, tmp_path: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "press e to export, i to import masks" in said(app)
        app.project.export(tmp_path / "bundle")
        app.poller.kick()
        await until(pilot, lambda: "press i to import masks" in said(app))
        assert "exported by" in said(app)
