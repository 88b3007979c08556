"""A strategy that asks a committee is refused before hours of training, not after."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altui import Project
from altui.cli import main

from ..conftest import write_project


def altui(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = write_project(tmp_path / "project")
    config = root / "altui.toml"
    config.write_text(config.read_text().replace('strategy = "entropy"', 'strategy = "bald"'))
    return root


def told_the_way_out(said: str) -> bool:
    return '"bald"' in said and "committee" in said and "[scoring]" in said


def test_check(folder: Path) -> None:
    found = altui("check", folder)
    assert found.exit_code == 1
    assert told_the_way_out(found.output)


def test_run(folder: Path) -> None:
    project = Project.open(folder)
    project.approve_all()
    project.import_from_oracle()
    found = altui("run", folder)
    assert found.exit_code == 1
    assert told_the_way_out(found.stderr)
    assert not Project.open(folder).status().jobs


def test_simulate(folder: Path) -> None:
    found = altui("simulate", folder, "--rounds", 2, "--strategies", "random,bald")
    assert found.exit_code == 1
    assert told_the_way_out(found.stderr)
    assert not (folder / ".altui/simulation").exists()
