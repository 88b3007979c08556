"""Revisions: append-only, with who, when, from what, and which rounds' networks saw them."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.labels.accept import read_label
from altui.slices import SliceId
from tests.labels.conftest import Save, right_mask

Asked = tuple[SliceId, ...]


@pytest.fixture
def revised(project: Project, asked: Asked, save: Save) -> Project:
    """Revision 1 by anna, and 2, with five pixels ignored, by bert."""
    project.import_labels(save(asked[0], "anna's.tif"), slice_id=asked[0], annotator="anna")
    mask = right_mask(project, asked[0])
    mask[0, :5] = 255
    path = save(asked[0], "bert's.tif", mask)
    project.import_labels(path, slice_id=asked[0], annotator="bert \x1b[31m")
    return project


def current(project: Project, slice_id: SliceId) -> np.ndarray:
    label = project.workspace.store.history().current_labels[slice_id]
    return read_label(project.workspace, label)


def test_what_is_known_of_each(revised: Project, asked: Asked) -> None:
    first, second = revised.revisions(str(asked[0]))
    assert (first.annotator, second.annotator) == ("anna", "bert \\x1b[31m")
    assert (first.current, second.current) == (False, True)
    for one, name in ((first, "anna's.tif"), (second, "bert's.tif")):
        said = one.to_json()
        assert said["file"].endswith(name)
        assert said["at"]
        assert said["who"]
        original = revised.root / said["original"]
        sent = Path(said["file"]).read_bytes()
        assert original.read_bytes() == sent, "kept as it came"


def test_an_earlier_one_is_restored(revised: Project, asked: Asked) -> None:
    new = revised.restore_label(str(asked[0]), 1)
    assert (new.label.id, new.label.restores, new.annotator) == (3, 1, "anna")
    assert np.array_equal(current(revised, asked[0]), right_mask(revised, asked[0]))
    assert [one.label.id for one in revised.revisions(str(asked[0]))] == [1, 2, 3]
    with pytest.raises(AltuiError, match="current already"):
        revised.restore_label(str(asked[0]), 3)
    with pytest.raises(AltuiError, match="the same mask"):
        revised.restore_label(str(asked[0]), 1)
    revised.restore_label(str(asked[0]), 2)
    assert (current(revised, asked[0]) == 255).sum() == 5


def test_each_slice_counts_its_own(revised: Project, asked: Asked, save: Save) -> None:
    report = revised.import_labels(save(asked[1]))
    assert report.verdicts[0].message == "new"
    mask = right_mask(revised, asked[1])
    mask[0, 0] = 255
    report = revised.import_labels(save(asked[1], mask=mask))
    assert "replaces revision 1" in report.verdicts[0].message
    assert [one.number for one in revised.revisions(asked[1])] == [1, 2]
    new = revised.restore_label(asked[1], 1)
    assert (new.number, new.restores, new.to_json()["restores"]) == (3, 1, 1)
    earlier = revised.label(asked[1], 2)
    assert earlier is not None
    assert np.array_equal(earlier, mask)


def test_what_cannot_be_restored(revised: Project, asked: Asked, save: Save) -> None:
    revised.import_labels(save(asked[1]))
    for slice_id, number, says in (
        (asked[0], 9, "no revision 9"),
        (asked[0], 0, "no revision 0"),
        (asked[0], 3, f"no revision 3 of {asked[0]}"),
        (asked[2], 1, "no label yet"),
        (SliceId("nobody", 1), 1, "nobody"),
    ):
        with pytest.raises(AltuiError, match=says):
            revised.restore_label(str(slice_id), number)
    first = revised.revisions(str(asked[0]))[0].label
    (revised.root / first.path).write_bytes(b"damaged")
    with pytest.raises(AltuiError, match="gone or damaged"):
        revised.restore_label(str(asked[0]), 1)
    assert len(revised.workspace.store.history().labels) == 3


def test_by_the_command(revised: Project, asked: Asked) -> None:
    root, one = str(revised.root), str(asked[0])

    def altui(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, ["labels", *arguments])
        assert done.exit_code == status, done.output
        return done.stdout

    assert one in altui(root)
    assert "bert \\x1b[31m" in altui(root, one)
    assert "\x1b[31m" not in altui(root, one)
    own = json.loads(altui(root, one, "--json"))
    assert [entry["revision"] for entry in own] == [1, 2]
    [latest] = json.loads(altui(root, "--json"))
    assert (latest["revision"], latest["revisions"]) == (2, 2)
    restored = json.loads(altui(root, one, "--restore", "1", "--json"))
    assert [entry["current"] for entry in restored] == [False, False, True]
    altui(root, "--restore", "1", status=2)
    altui(root, one, "--restore", "77", status=1)


def test_rounds_that_saw_it(revised: Project, asked: Asked) -> None:
    store = revised.workspace.store
    with store.write() as transaction:
        for job, state in (("train-001", "finished"), ("train-002", "failed")):
            event = transaction.event("run", 1, note=job)
            transaction.insert("jobs", id=job, event=event, kind="train", round=1)
            transaction.insert("job_labels", job=job, label=1)
            end = transaction.event("collect", 1)
            transaction.insert("job_ends", job=job, event=end, state=state)
    first, second = revised.revisions(str(asked[0]))
    assert (first.rounds, second.rounds) == ((1,), ())


def test_rows_cannot_be_changed(revised: Project) -> None:
    connection = sqlite3.connect(revised.workspace.store.path)
    for statement in ("DELETE FROM labels", "UPDATE labels SET annotator = 'me'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_clock_that_runs_backwards(revised: Project, asked: Asked) -> None:
    """Revisions are in the order in which they came in, whatever the clock said."""
    with sqlite3.connect(revised.workspace.store.path) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            db.execute(f'DROP TRIGGER "{trigger}"')
        db.execute(
            "UPDATE events SET at = '2099-01-01T00:00:00+00:00' WHERE id = "
            "(SELECT event FROM labels WHERE id = 1)"
        )
    project = Project.open(revised.root)
    first, second = project.revisions(str(asked[0]))
    assert first.event.at > second.event.at
    assert (first.current, second.current) == (False, True)
    assert current(project, asked[0])[0, 0] == 255
    project.restore_label(asked[0], 1)
    assert [one.current for one in project.revisions(str(asked[0]))] == [False, False, True]
    assert current(project, asked[0])[0, 0] != 255
    assert project.status().to_json()["labelled"] == 1
