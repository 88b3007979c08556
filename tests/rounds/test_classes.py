"""[classes] of altui.toml changed between rounds: no figure gets another class's name."""

import json
from pathlib import Path

import pytest

from altui import AltuiError, Project
from altui.rounds.classes import ids_then
from altui.setup.check import check_project

from .results import finish_round


@pytest.mark.parametrize(
    ("now", "ids"),
    [
        ("a b c", (0, 1, 2)),
        ("a x c", (0, 1, 2)),  # renamed
        ("a b c d", (0, 1, 2, None)),
        ("b a c", (1, 0, 2)),
        ("a c", (0, 2)),
        ("x a b c", (None, 0, 1, 2)),
    ],
)
def test_the_id_that_a_class_had(now: str, ids: tuple[int | None, ...]) -> None:
    assert ids_then(["a", "b", "c"], now.split()) == ids


@pytest.fixture
def trained(project: Project) -> Project:
    """Round 1 has its results, and its job's settings are kept."""
    job = finish_round(project)
    project.refresh()
    names = project.config.classes.names
    with project.workspace.store.write() as transaction:
        settings = json.dumps({"classes": {"names": names, "ignore": 255}})
        transaction.insert("job_settings", job=job, settings=settings)
    return project


def with_classes(folder: Path, names: list[str]) -> Project:
    config = folder / "altui.toml"
    old = Project.open(folder).config.classes.names
    text = config.read_text()
    written = json.dumps(list(old))
    assert written in text
    config.write_text(text.replace(written, json.dumps(names)))
    return Project.open(folder)


def test_iou_follows_the_name_when_classes_are_reordered(trained: Project) -> None:
    first, second, third = trained.config.classes.names
    before = dict(trained.status().rounds[0].class_iou)
    assert before[first] != before[third]
    moved = with_classes(trained.root, [third, second, first])
    assert moved.status().rounds[0].class_iou == before
    trained.approve_all()
    trained.import_from_oracle()
    with pytest.raises(AltuiError, match=f'class "{third}" has the id 0 .* and had 2'):
        Project.open(trained.root).run()
    assert any("had 2" in one.message for one in check_project(trained.root))


def test_a_renamed_class_keeps_its_figures_and_a_new_one_has_none(trained: Project) -> None:
    first, second, third = trained.config.classes.names
    before = list(trained.status().rounds[0].class_iou.values())
    renamed = with_classes(trained.root, [first, second, "screw", "air"])
    assert dict(renamed.status().rounds[0].class_iou) == dict(
        zip((first, second, "screw", "air"), (*before, None), strict=True)
    )


def test_no_mask_comes_in_beside_those_of_other_ids(project: Project) -> None:
    """Also before any job is run."""
    first, second, third = project.config.classes.names
    project.approve_all()
    project.import_from_oracle(dry_run=True)
    moved = with_classes(project.root, [first, third, second])
    moved.import_from_oracle()  # nothing was labelled yet
    back = with_classes(project.root, [first, second, third])
    for action in (back.import_from_oracle, back.run):
        with pytest.raises(AltuiError, match=f'class "{second}" has the id 1 .* and had 2 in the'):
            action()
    assert any("had 2" in one.message for one in check_project(project.root))
    added = with_classes(project.root, [first, third, "screw", "air"])
    assert {one.outcome for one in added.import_from_oracle().verdicts} == {"unchanged"}
