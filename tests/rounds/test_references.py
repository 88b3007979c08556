"""What simulations say beside the project's rounds."""

from pathlib import Path

import pytest

from altui import Project
from altui.report.status import status_text

from ..simulation.made import add_simulation


def test_without_a_simulation_there_is_nothing_to_tell(project: Project) -> None:
    known = project.status().references
    assert known.to_json() == {"full_supervision": None, "random": []}
    assert "every slice labelled" not in status_text(project.status())


def test_full_supervision_and_random_come_from_the_newest_that_has_them(project: Project) -> None:
    add_simulation(project, {"random": [0.5, 0.6]}, full=0.8)
    add_simulation(project, {"random": [0.4, 0.55], "entropy": [0.4, 0.7]})
    known = project.status().references
    assert known.full == pytest.approx(0.8)
    assert known.random == ((3.0, 0.4), (6.0, 0.55))
    assert "with every slice labelled, simulated: test mIoU 0.800" in status_text(project.status())


def test_a_simulation_on_other_samples_says_nothing(folder: Path) -> None:
    add_simulation(Project.open(folder), {"random": [0.5]}, full=0.8)
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace('"implant"', '"screw"'))
    assert Project.open(folder).status().references.full is None


def test_a_damaged_simulation_takes_nothing_down(project: Project) -> None:
    job = add_simulation(project, {"random": [0.5]}, full=0.8)
    (project.workspace.jobs / job / "experiments.json").write_text("{")
    assert project.status().references.full is None
