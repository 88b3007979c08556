"""Labelled slices that go out again, blind, and what their masks say of the labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.inbox.inbox import LOOKS, Inbox
from altui.labels.accept import read_label
from altui.labels.backup import back_up
from altui.labels.restore import restore
from altui.labels.stored import damaged, orphans, stored_files
from altui.rounds.repeats import confusion
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Array, Save, codes, right_mask
from tests.labels.test_bundle import Asked, files, prediction, with_predictions


@pytest.fixture
def second(project: Project, asked: Asked, save: Save, back: Path) -> Asked:
    """Round 1 is labelled by bob and has its results; three slices of round 2 are approved."""
    new = tuple(SliceId(one.sample, one.index - 3) for one in asked)
    with_predictions(project, (*asked, *new))
    for one in asked:
        save(one)
    assert project.import_labels(back, annotator="bob").exit_status == 0
    for path in back.iterdir():
        path.unlink()
    with project.workspace.store.write() as transaction:
        event = transaction.event("propose", 2, note="random")
        for rank, one in enumerate(new, 1):
            transaction.insert(
                "decisions",
                event=event,
                round=2,
                sample=one.sample,
                slice_index=one.index,
                state="approved",
                strategy="random",
                rank=rank,
                reasons="[]",
            )
    return new


def repeated(project: Project) -> list[SliceId]:
    history = project.workspace.store.history()
    return [history.labels_by_id[one.label].slice for one in history.repeats]


def other_mask(project: Project, one: SliceId) -> Array:
    """As someone else sees it: the bone is a little smaller."""
    mask = right_mask(project, one).copy()
    mask[:9][mask[:9] == 1] = 0
    return mask


def put(project: Project, folder: Path, one: SliceId, mask: Array | None = None) -> Path:
    path = folder / "masks" / f"{one.file_stem(SLICES)}.tif"
    tifffile.imwrite(path, other_mask(project, one) if mask is None else mask)
    return path


def test_the_bundle_does_not_tell(
    project: Project, asked: Asked, second: Asked, tmp_path: Path
) -> None:
    made = project.export(tmp_path / "bundle", repeat=0.05)
    [again] = repeated(project)
    assert again in asked
    assert set(made.slices) == {*second, again}
    assert (made.repeats, made.premasks) == (1, 4)
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert manifest["slices"] == sorted(manifest["slices"], key=SliceId.parse)
    names = files(made.folder)

    def kinds(one: SliceId) -> set[str]:
        stem = one.file_stem(SLICES)
        return {name.replace(stem, "X").split("of")[0] for name in names if stem in name}

    assert kinds(again) == kinds(second[0]), "the same files as every other slice"
    assert "4 slices to label" in (made.folder / "README.txt").read_text()
    text = " ".join(p.read_text() for p in made.folder.iterdir() if p.suffix in (".json", ".txt"))
    assert "repeat" not in text.casefold()


def test_how_many(project: Project, asked: Asked, second: Asked, tmp_path: Path) -> None:
    assert project.export(tmp_path / "none").repeats == 0
    assert project.export(tmp_path / "two", repeat=0.34).repeats == 2
    assert project.export(tmp_path / "left", repeat=1.0).repeats == 1, "the others are out"
    assert sorted(repeated(project)) == sorted(asked)
    with pytest.raises(AltuiError, match="share"):
        project.export(tmp_path / "wrong", repeat=1.5)


def test_nothing_to_repeat_in_round_1(project: Project, tmp_path: Path) -> None:
    assert project.export(tmp_path / "bundle", repeat=0.5).repeats == 0
    assert project.agreement().out == 0


def test_starting_masks_are_of_a_network_that_has_not_seen_the_label(
    project: Project, asked: Asked, second: Asked, tmp_path: Path
) -> None:
    """Round 2's network has learnt from round 1's labels; round 1's had not."""
    jobs = project.workspace.jobs
    for name in ("predictions", "uncertainty"):
        (jobs / "train-002" / name).mkdir(parents=True)
        for path in (jobs / "train-001" / name).iterdir():
            pages = tifffile.imread(path)
            newer = np.where(pages == 1, 2, pages) if name == "predictions" else pages
            tifffile.imwrite(jobs / "train-002" / name / path.name, newer)
    with project.workspace.store.write() as transaction:
        event = transaction.event("run", 2, note="train-002")
        transaction.insert("jobs", id="train-002", event=event, kind="train", round=2)
        transaction.insert("job_ends", job="train-002", event=event, state="finished")
        for label in transaction.history().labels:
            transaction.insert("job_labels", job="train-002", label=label.id)
    made = project.export(tmp_path / "bundle", repeat=0.05)
    [again] = repeated(project)
    for one in made.slices:
        mask = tifffile.imread(made.folder / "masks" / f"{one.file_stem(SLICES)}.tif")
        height, width = right_mask(project, one).shape
        assert np.array_equal(mask, prediction(height, width, 1 if one == again else 2))


def test_masks_of_repeats_are_readings(
    project: Project, asked: Asked, second: Asked, tmp_path: Path
) -> None:
    made = project.export(tmp_path / "bundle", annotator="carl", repeat=0.05)
    [again] = repeated(project)
    assert {str(one.slice) for one in project.claims()} == set(map(str, second)), "no word of it"
    assert project.agreement().out == 1
    before = project.labels()[again]
    path = put(project, made.folder, again)
    assert codes(project.import_labels(path, dry_run=True)) == {path.name: "repeat"}
    assert project.agreement().out == 1
    report = project.import_labels(path)
    assert [(v.outcome, v.code) for v in report.verdicts] == [("accepted", "repeat")]
    assert project.labels()[again] == before, "the label stays"
    [reading] = project.workspace.store.history().readings
    assert (reading.annotator, reading.slice) == ("carl", again)
    assert (project.root / reading.path).is_file()
    assert (project.root / reading.original).read_bytes() == path.read_bytes()
    assert np.array_equal(
        read_label(project.workspace, before[0].label), right_mask(project, again)
    )
    assert [v.outcome for v in project.import_labels(path).verdicts] == ["unchanged"]

    found = project.agreement()
    assert (found.out, found.within) == (0, None)
    assert found.between is not None
    label, own = right_mask(project, again), other_mask(project, again)
    for value, name in enumerate(("background", "bone", "implant")):
        union = ((label == value) | (own == value)).sum()
        expected = ((label == value) & (own == value)).sum() / union
        assert found.between.class_iou[name] == pytest.approx(expected)
    values = [value for value in found.between.class_iou.values() if value is not None]
    assert found.between.miou == pytest.approx(np.mean(values))

    # Corrected and sent again: another reading of the same repeat, which counts alone.
    put(project, made.folder, again, right_mask(project, again))
    project.import_labels(path)
    agreed = project.agreement().between
    assert agreed is not None
    assert (agreed.readings, agreed.miou) == (1, 1.0)
    assert project.labels()[again] == before


def test_one_annotators_own(
    project: Project, second: Asked, tmp_path: Path, back: Path, save: Save
) -> None:
    project.export(tmp_path / "bundle", annotator="Bob", repeat=0.05)
    [again] = repeated(project)
    save(again, mask=other_mask(project, again))  # without the bundle around it
    report = project.import_labels(back)
    assert [v.code for v in report.verdicts] == ["repeat"]
    found = project.agreement()
    assert found.within is not None
    assert found.between is None
    assert found.within.readings == 1


def test_the_label_sent_again_is_no_reading(
    project: Project, second: Asked, tmp_path: Path, back: Path, save: Save
) -> None:
    project.export(tmp_path / "bundle", repeat=0.05)
    [again] = repeated(project)
    save(again)
    assert [v.outcome for v in project.import_labels(back).verdicts] == ["unchanged"]
    assert project.agreement().out == 1


def test_corrections_by_others_and_after_release(
    project: Project, second: Asked, tmp_path: Path, back: Path, save: Save
) -> None:
    project.export(tmp_path / "bundle", annotator="carl", repeat=0.05)
    [again] = repeated(project)
    save(again, mask=other_mask(project, again))
    project.import_labels(back, annotator="dora")
    assert [one.annotator for one in project.labels()[again]] == ["bob", "dora"]
    save(again, mask=np.where(other_mask(project, again) == 2, 1, 0).astype(np.uint8))
    assert [v.code for v in project.import_labels(back, annotator="carl").verdicts] == ["repeat"]
    project.release(again)
    project.import_labels(back, annotator="carl")
    assert [one.annotator for one in project.labels()[again]] == ["bob", "dora", "carl"]


def test_another_bundles_mask_is_no_reading(
    project: Project, asked: Asked, second: Asked, tmp_path: Path
) -> None:
    old = project.export(tmp_path / "old", *second[:1], annotator="bob")
    project.export(tmp_path / "new", annotator="bob", repeat=0.05)
    [again] = repeated(project)
    path = put(project, old.folder, again)
    project.import_labels(path)
    assert len(project.labels()[again]) == 2, "a correction"
    assert project.agreement().out == 1


def test_the_shared_folder_does_not_tell(project: Project, second: Asked, tmp_path: Path) -> None:
    made = project.export(tmp_path / "bundle", annotator="carl", repeat=0.05)
    [again] = repeated(project)
    shared = tmp_path / "shared"
    shared.mkdir()
    for _ in range(2):  # the second time, it is the same mask
        sent = put(project, made.folder, again)
        (shared / sent.name).write_bytes(sent.read_bytes())
        inbox = Inbox(project, shared)
        with inbox.held():
            for _ in range(LOOKS):
                list(inbox.look())
    texts = [path.read_text() for path in (shared / "imported").glob("*.txt")]
    assert len(texts) == 2
    assert not any("repeat" in text or "revision" in text for text in texts), texts
    assert "new [ok]" in "".join(texts)
    assert project.agreement().between is not None


def test_readings_are_kept_as_labels_are(project: Project, second: Asked, tmp_path: Path) -> None:
    made = project.export(tmp_path / "bundle", repeat=0.05)
    [again] = repeated(project)
    project.import_labels(put(project, made.folder, again))
    history = project.workspace.store.history()
    stored = stored_files(history)
    assert not orphans(project.workspace.state, stored)
    back_up(project.root, tmp_path / "all.tar")
    restore(tmp_path / "all.tar", tmp_path / "again")
    [reading] = history.readings
    kept = tmp_path / "again" / reading.path
    assert kept.read_bytes() == (project.root / reading.path).read_bytes()
    (project.root / reading.path).write_bytes(b"")
    [(one, how)] = damaged(project.root, stored)
    assert (one.said, how) == (f"{again} repeat reading {reading.id}", "damaged")


def test_by_commands(project: Project, second: Asked, tmp_path: Path) -> None:
    def run(*arguments: object) -> str:
        done = CliRunner().invoke(main, [str(one) for one in arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    root = project.root
    assert "not known yet" in run("labels", root, "--agreement")
    run("export", root, "--to", tmp_path / "bundle", "--repeat", "0.05")
    [again] = repeated(project)
    assert "1 repeat out" in run("status", root)
    run("import-labels", root, put(project, tmp_path / "bundle", again))
    status = json.loads(run("status", root, "--json"))
    agreement = json.loads(run("labels", root, "--agreement", "--json"))
    assert status["agreement"] == agreement
    assert agreement["between"]["readings"] == 1
    assert set(agreement["between"]["class_iou"]) == {"background", "bone", "implant"}
    assert "two annotators" in run("status", root)


def test_confusion_leaves_out_what_either_side_ignores() -> None:
    label = np.array([[0, 1, 255, 2]], np.uint8)
    reading = np.array([[0, 2, 1, 255]], np.uint8)
    assert confusion(label, reading, 3) == ((1, 0, 0), (0, 0, 1), (0, 0, 0))
