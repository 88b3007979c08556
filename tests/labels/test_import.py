"""Masks that come back: what goes in, what is refused, what stays."""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.labels.accept import read_label, store_file
from altui.labels.read import Reader
from altui.labels.returned import Returned
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Save, codes, right_mask

Asked = tuple[SliceId, ...]


def labels(project: Project) -> tuple[Any, ...]:
    return project.workspace.store.history().labels


def is_whole(project: Project) -> bool:
    """Whether every row's file is there, has the row's hash and can be read."""
    for label in labels(project):
        path = project.root / label.path
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != label.sha256:
            return False
        read_label(project.workspace, label)
    return True


def hash_of(folder: Path) -> str:
    """Of names, times and contents of everything in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path} {path.lstat().st_mtime_ns}".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_right_masks_go_in(project: Project, asked: Asked, save: Save, back: Path) -> None:
    for one, name in zip(asked, ["{}.tif", "{}.png", "mask_{}_v2.ome.tif"], strict=True):
        save(one, name.format(one.file_stem(SLICES)))
    report = project.import_labels(back)
    assert report.exit_status == 0
    assert {v.slice for v in report.of("accepted")} == set(asked)
    assert len(labels(project)) == 3
    for label in labels(project):
        stored = read_label(project.workspace, label)
        assert np.array_equal(stored, right_mask(project, label.slice))
        assert hashlib.sha256(Path(label.source).read_bytes()).hexdigest() == label.source_sha256
        assert project.workspace.store.history().event_of(label).who == "anna"
    assert is_whole(project)
    assert project.status().state == "labelled"


def test_good_ones_go_in_although_others_are_refused(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    save(asked[0])
    save(asked[1], mask=right_mask(project, asked[1])[:-1])
    mask = right_mask(project, asked[2])
    mask[0, :7] = 9
    save(asked[2], mask=mask)
    (back / "screw1_z0001.jpg").write_bytes(b"JPEG")
    (back / "nothing_z0001.png").write_bytes(b"")
    (back / "screw2_z0001.png").write_bytes(b"")
    report = project.import_labels(back)
    assert report.exit_status == 3
    assert codes(report) == {
        asked[0].file_stem(SLICES) + ".tif": "ok",
        asked[1].file_stem(SLICES) + ".tif": "shape",
        asked[2].file_stem(SLICES) + ".tif": "values",
        "screw1_z0001.jpg": "format",
        "nothing_z0001.png": "no-such-slice",
        "screw2_z0001.png": "held-out",
    }
    assert [label.slice for label in labels(project)] == [asked[0]]
    found = report.to_json()
    assert [entry["slice"] for entry in found["accepted"]] == [str(asked[0])]
    keys = {"file", "slice", "code", "message", "level", "figures", "notes"}
    assert keys == set(found["refused"][0])


def test_exit_status(project: Project, asked: Asked, save: Save, back: Path) -> None:
    def run(*more: str) -> int:
        arguments = ["import-labels", str(project.root), *more]
        return CliRunner().invoke(main, arguments).exit_code

    save(asked[0], "bad.tif")
    assert run(str(back)) == 1
    save(asked[0])
    assert run(str(back)) == 3
    (back / "bad.tif").unlink()
    assert run(str(back)) == 0, "unchanged is no failure"
    assert run() == 2
    assert run(str(back / "none")) == 1
    assert run(str(back), "--from-oracle") == 2
    assert run("--from-oracle") == 0
    assert len(labels(project)) == 3
    assert run("--from-oracle") == 0


def test_the_same_file_again_changes_nothing(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    save(asked[0])
    project.import_labels(back)
    before = hash_of(project.root / ".altui")
    for again in (back, back / (asked[0].file_stem(SLICES) + ".tif")):
        report = project.import_labels(again)
        assert [verdict.outcome for verdict in report.verdicts] == ["unchanged"]
    (back / (asked[0].file_stem(SLICES) + ".tif")).unlink()
    png = save(asked[0], asked[0].file_stem(SLICES) + ".png")
    assert project.import_labels(png).of("unchanged")
    floats = save(asked[0], mask=right_mask(project, asked[0]).astype(np.float32))
    assert project.import_labels(floats).of("unchanged")
    assert hash_of(project.root / ".altui") == before


def test_another_mask_is_a_new_revision(project: Project, asked: Asked, save: Save) -> None:
    path = save(asked[0])
    project.import_labels(path)
    [first] = labels(project)
    mask = right_mask(project, asked[0])
    mask[3:5, 3:5] = 255
    save(asked[0], mask=mask)
    report = project.import_labels(path)
    assert "replaces revision 1, which is kept" in report.verdicts[0].message
    old, new = labels(project)
    assert old == first
    assert new.path != old.path
    assert is_whole(project)
    assert np.array_equal(read_label(project.workspace, new), mask)
    save(asked[0])  # and back again: a third row, of the first one's file
    project.import_labels(path)
    assert [label.sha256 for label in labels(project)] == [old.sha256, new.sha256, old.sha256]


def test_dry_run_writes_nothing(project: Project, asked: Asked, save: Save, back: Path) -> None:
    save(asked[0])
    project.import_labels(back)
    mask = right_mask(project, asked[0])
    mask[0, 0] = 255
    save(asked[0], mask=mask)
    save(asked[1])
    save(asked[2], mask=np.zeros((3, 3), np.uint8))
    before = hash_of(project.root)
    dry = project.import_labels(back, dry_run=True)
    oracle = project.import_from_oracle(dry_run=True)
    assert hash_of(project.root) == before
    assert dry.exit_status == 3
    assert len(oracle.of("accepted")) == 2
    real = project.import_labels(back)
    assert codes(dry) == codes(real)


def test_several_masks_for_one_slice(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    save(asked[0])
    other = right_mask(project, asked[0])
    other[0, 0] = 255
    save(asked[0], f"final_{asked[0].file_stem(SLICES)}.png", other)
    save(asked[1])
    report = project.import_labels(back)
    assert sorted(codes(report).values()) == ["duplicate", "duplicate", "ok"]
    assert all(".png" in v.message or ".tif" in v.message for v in report.of("refused"))
    assert [label.slice for label in labels(project)] == [asked[1]]


def test_many_masks_of_one_slice_do_not_all_name_all(
    project: Project, asked: Asked, save: Save
) -> None:
    mask = right_mask(project, asked[0])
    for number in range(12):
        mask[-1, number] = 1
        path = save(asked[0], f"{asked[0].file_stem(SLICES)} ({number}).png", mask)
    messages = [one.message for one in project.import_labels(path.parent).of("refused")]
    assert len(messages) == 12
    assert all(message.count(".png") <= 4 and " more; send one" in message for message in messages)


def test_one_mask_sent_twice_is_one_mask(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    save(asked[0])
    save(asked[0], f"{asked[0].file_stem(SLICES)} (1).png")
    report = project.import_labels(back, back)
    assert [v.outcome for v in report.verdicts] == ["accepted", "unchanged"]
    assert len(labels(project)) == 1


def test_a_picture_beside_the_mask_is_no_second_mask(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    path = save(asked[0])
    path.with_suffix(".jpg").write_bytes(b"JPEG")
    save(asked[0], path.stem + "_view.png", project.view(asked[0]))
    report = project.import_labels(back)
    assert len(report.of("accepted")) == 1
    assert sorted(v.code for v in report.of("refused")) == ["format", "values"]


def test_the_same_path_twice_and_linked(project: Project, asked: Asked, save: Save) -> None:
    path = save(asked[0])
    (path.parent / f"link_{path.name}").symlink_to(path)
    report = project.import_labels(path, path.parent, path)
    assert [v.outcome for v in report.verdicts] == ["accepted"]


def test_slices_that_were_not_asked_for(project: Project, asked: Asked, save: Save) -> None:
    other = SliceId(asked[0].sample, (asked[0].index + 3) % SLICES)
    path = save(other)
    assert [v.code for v in project.import_labels(path).verdicts] == ["not-asked"]
    assert not labels(project)
    assert project.import_labels(path, unasked=True).exit_status == 0
    assert project.import_labels(path).of("unchanged"), "a label of ours may always be improved"
    mask = right_mask(project, other)
    mask[0, 0] = 255
    save(other, mask=mask)
    assert project.import_labels(path).of("accepted")


def test_a_rejected_slice(folder: Path, back: Path) -> None:
    project = Project.open(folder)
    rejected = project.proposals().slate.decisions[0].slice
    project.reject(rejected)
    path = back / f"{rejected.file_stem(SLICES)}.tif"
    tifffile.imwrite(path, right_mask(project, rejected))
    [verdict] = project.import_labels(path).verdicts
    assert verdict.code == "not-asked"
    assert "was rejected" in verdict.message
    assert project.import_labels(path, unasked=True).of("accepted")


def test_a_mask_approves_its_undecided_proposal(folder: Path, back: Path) -> None:
    project = Project.open(folder)
    undecided = project.proposals().slate.decisions[0].slice
    tifffile.imwrite(back / f"{undecided.file_stem(SLICES)}.tif", right_mask(project, undecided))
    assert project.import_labels(back).exit_status == 0
    assert project.proposals().slate.approved == (undecided,)


def test_doubtful_masks_go_in_when_trusted(project: Project, asked: Asked, save: Save) -> None:
    flipped = save(asked[0], mask=np.fliplr(right_mask(project, asked[0])))
    binary = save(asked[1], mask=np.uint8(255) * (right_mask(project, asked[1]) > 0))
    report = project.import_labels(flipped, binary)
    assert sorted(v.code for v in report.verdicts) == ["binary", "orientation"]
    assert project.import_labels(flipped, binary, trust=True).exit_status == 0


def test_trust_is_no_excuse_for_wrong_ones(project: Project, asked: Asked, save: Save) -> None:
    path = save(asked[0], mask=np.full((4, 4), 99, np.uint8))
    assert project.import_labels(path, trust=True).exit_status == 1


def test_oracle(project: Project, asked: Asked, save: Save) -> None:
    mask = right_mask(project, asked[0])
    mask[0, 0] = 255
    project.import_labels(save(asked[0], mask=mask))
    report = project.import_from_oracle()
    assert [v.outcome for v in report.verdicts] == ["unchanged", "accepted", "accepted"]
    assert np.array_equal(read_label(project.workspace, labels(project)[0]), mask)
    assert len(labels(project)) == 3
    assert project.import_from_oracle().exit_status == 0


def test_oracle_says_what_is_missing(folder: Path) -> None:
    project = Project.open(folder)
    with pytest.raises(AltuiError, match="no slice is approved"):
        project.import_from_oracle()
    text = (folder / "altui.toml").read_text()
    (folder / "altui.toml").write_text(text.replace('masks = "masks/screw1.tif"\n', ""))
    project = Project.open(folder)
    project.approve_all()
    with pytest.raises(AltuiError, match="screw1"):
        project.import_from_oracle()


@pytest.mark.parametrize("name", ["none", "a" * 300, "nul\0byte", "a.tif/b.tif"])
def test_paths_that_are_not_there(project: Project, back: Path, name: str) -> None:
    with pytest.raises(AltuiError, match="is not there"):
        project.import_labels(back / name)


def test_a_folder_without_masks(project: Project, back: Path) -> None:
    (back / ".hidden").mkdir()
    for name in ("notes.txt", ".screw1_z0001.tif", ".hidden/screw1_z0001.tif", "Thumbs.db"):
        (back / name).write_bytes(b"text")
    with pytest.raises(AltuiError, match="no masks in"):
        project.import_labels(back)


def test_what_is_no_mask_is_counted_by_kind(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    save(asked[0], f"{asked[0].file_stem(SLICES)}.tif")
    (back / "more").mkdir()
    for name in ("a.docx", "more/b.DOCX", "Thumbs.db", "README", "one.\x1b[2J"):
        (back / name).write_bytes(b"text")
    with zipfile.ZipFile(back / "c.zip", "w") as archive:
        archive.writestr("in/notes.txt", "text")
        archive.writestr(f"in/{asked[1].file_stem(SLICES)}.npy", "text")
    report = project.import_labels(back)
    kinds = {".docx": 2, ".db": 1, ".txt": 1, "other": 2}
    assert report.to_json()["passed_over"] == kinds
    [note] = report.notes
    assert "6 files passed over" in note
    assert "2 .docx" in note


def test_undeclared_values_tell_the_line_that_declares_them(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    path = save(asked[0], f"{asked[0].file_stem(SLICES)}.tif")
    mask = right_mask(project, asked[0])
    mask[:3, :3] = 77
    tifffile.imwrite(path, mask)
    [refusal] = project.import_labels(back).of("refused")
    assert refusal.code == "values"
    assert '[import.values] 77 = "…"' in refusal.message


def test_links_to_nowhere_and_pipes(project: Project, back: Path) -> None:
    (back / "screw1_z0001.tif").symlink_to(back / "none")
    os.mkfifo(back / "screw1_z0002.tif")
    (back / "loop_z0003.tif").symlink_to(back / "loop_z0003.tif")
    report = project.import_labels(back)
    assert set(codes(report).values()) == {"unreadable"}
    assert len(report.verdicts) == 3


def test_a_damaged_image_refuses_its_mask_only(
    project: Project, asked: Asked, save: Save, back: Path
) -> None:
    for one in asked:
        save(one)
    hit = next(one for one in asked if one.sample == "screw10")
    # Of the same size in bytes and time, so that its header is known from before.
    (project.root / "images" / "screw10" / f"z{hit.index:02d}.tif").write_bytes(b"damaged")
    report = project.import_labels(back)
    assert report.exit_status == 3
    assert [(v.slice, v.code) for v in report.of("refused")] == [(hit, "image")]


def test_a_damaged_label_is_mended_by_importing_it_again(
    project: Project, asked: Asked, save: Save
) -> None:
    path = save(asked[0])
    project.import_labels(path)
    stored = project.root / labels(project)[0].path
    for damage in (stored.unlink, lambda: stored.write_bytes(b"II*\0")):
        damage()
        assert project.import_labels(path, dry_run=True).of("unchanged")
        assert not is_whole(project)
        assert project.import_labels(path).of("unchanged")
        assert is_whole(project)
    assert len(labels(project)) == 1


def test_another_import_comes_first_at_the_last_moment(
    project: Project, asked: Asked, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(asked[0])
    other = Project.open(project.root, "bert")

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr("altui.labels.intake.store_file", store_file)
        assert other.import_labels(path).of("accepted")
        return store_file(*given)

    monkeypatch.setattr("altui.labels.intake.store_file", meanwhile)
    assert project.import_labels(path).of("unchanged")
    assert len(labels(project)) == 1


def test_a_changed_file_is_refused_and_the_others_are_in(
    project: Project, asked: Asked, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [save(one) for one in asked[:3]]
    stack = Reader.mask

    def meanwhile(self: Reader, file: Returned, *given: Any) -> Any:
        mask = stack(self, file, *given)
        if file.source.path == paths[1]:
            paths[1].write_bytes(paths[1].read_bytes() + b"more")
        return mask

    monkeypatch.setattr(Reader, "mask", meanwhile)
    report = project.import_labels(*paths)
    assert [verdict.code for verdict in report.of("refused")] == ["changed"]
    assert {verdict.slice for verdict in report.of("accepted")} == {asked[0], asked[2]}
    assert {label.slice for label in labels(project)} == {asked[0], asked[2]}


def test_wide_classes_are_stored_in_16_bits(folder: Path, back: Path) -> None:
    text = (folder / "altui.toml").read_text()
    (folder / "altui.toml").write_text(text.replace('"implant"]', '"implant"]\nignore = 1000'))
    project = Project.open(folder)
    project.approve_all()
    [one, *_] = project.proposals().slate.approved
    mask = right_mask(project, one).astype(np.uint16)
    mask[0] = 1000
    tifffile.imwrite(back / f"{one.file_stem(SLICES)}.tif", mask)
    assert project.import_labels(back).exit_status == 0
    assert np.array_equal(read_label(project.workspace, labels(project)[0]), mask)


def test_nested_folders(project: Project, asked: Asked, save: Save, back: Path) -> None:
    for one in asked:
        save(one, f"anna/{one.sample}/{one.index:04d}.png")
    assert project.import_labels(back).exit_status == 0
    assert len(labels(project)) == 3
