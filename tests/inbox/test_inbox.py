"""Masks dropped into a shared folder: waited for, taken in, answered; nothing lost."""

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from altui import Project
from altui.errors import AltuiError
from altui.inbox.inbox import LOOKS, Inbox
from altui.inbox.lock import Watched
from altui.slices import SliceId

from ..conftest import SLICES
from .conftest import Drop, look, names

Asked = tuple[SliceId, ...]


def test_good_and_bad_masks_are_answered_where_they_lie(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    good, bad = drop(asked[0]), drop(asked[1], add=7)
    came = good.read_bytes()
    taken, notes = look(inbox)
    assert not notes
    assert names(shared) == [
        f"imported/{good.name}",
        f"imported/{good.name}.txt",
        f"refused/{bad.name}",
        f"refused/{bad.name}.txt",
    ]
    assert (shared / "imported" / good.name).read_bytes() == came
    assert "taken in" in (shared / "imported" / f"{good.name}.txt").read_text()
    why = (shared / "refused" / f"{bad.name}.txt").read_text()
    assert "undeclared values" in why
    assert f"refused: {bad.name} ({asked[1]})" in why
    assert taken[good.name].target == shared / "imported" / good.name
    assert project.status().missing == asked[1:]


def test_a_file_is_taken_only_once_it_has_stopped_growing(
    project: Project, inbox: Inbox, asked: Asked, drop: Drop
) -> None:
    path = drop(asked[0])
    whole = path.read_bytes()
    path.unlink()
    for size in range(100, len(whole), len(whole) // 6):
        path.write_bytes(whole[:size])
        assert look(inbox, 1) == ({}, [])
    path.write_bytes(whole)
    assert look(inbox, LOOKS - 1) == ({}, [])
    assert list(look(inbox, 1)[0]) == [path.name]
    assert project.status().missing == asked[1:]


def test_a_pause_of_the_copying_refuses_nothing(
    project: Project, shared: Path, asked: Asked, drop: Drop
) -> None:
    path = drop(asked[0])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    inbox = Inbox(project, shared)
    assert look(inbox, 3 * LOOKS) == ({}, [])  # cannot be read, but may be on its way
    path.write_bytes(whole)
    assert look(inbox)[0][path.name].verdicts[0].outcome == "accepted"
    path.write_bytes(whole[: len(whole) // 2])
    os.utime(path, (1e9, 1e9))  # and this one is not
    assert look(inbox)[0][path.name].target.parent.name == "refused"


def test_room_made_for_what_is_still_to_come_is_no_mask(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    """File servers give a file its size at once; what is not there yet reads as background."""
    path = drop(asked[0])
    mask = tifffile.imread(path)
    tall = np.pad(mask, ((0, 400 - len(mask)), (0, 400 - mask.shape[1])))
    tifffile.imwrite(path, tall)
    whole = path.read_bytes()
    with path.open("wb") as file:
        file.truncate(len(whole))
        file.write(whole[: len(whole) // 20])
    if path.stat().st_blocks * 512 >= len(whole):
        pytest.skip("the file system makes no holes")
    assert look(inbox, 3 * LOOKS) == ({}, [])
    os.utime(path, (1e9, 1e9))  # for ever so: then that is how it was meant
    assert look(inbox)[0][path.name].verdicts[0].code == "shape"


@pytest.mark.parametrize(
    "name",
    [".{}", "{}.part", "{}.filepart", "{}.tmp", "~${}", "{}~", ".{}.Ab12Cd", "{}.CRDOWNLOAD"],
)
def test_what_programs_have_not_finished_is_left(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop, name: str
) -> None:
    path = drop(asked[0])
    unfinished = path.rename(shared / name.format(path.name))
    assert look(inbox, 2 * LOOKS) == ({}, [])
    unfinished.rename(path)
    assert list(look(inbox)[0]) == [path.name]


def test_a_folder_is_one_thing_and_waits_for_all_of_it(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    for one in asked:
        drop(one, f"maria/{one.sample}/{one.index}.tif")
    copying = shared / "maria" / "readme.txt.part"
    copying.touch()
    assert look(inbox, 2 * LOOKS) == ({}, [])
    copying.unlink()
    taken, _ = look(inbox)
    assert [one.outcome for one in taken["maria"].verdicts] == ["accepted"] * 3
    assert (shared / "imported" / "maria" / asked[0].sample).is_dir()
    assert not (shared / "maria").exists()
    assert not project.status().missing


@pytest.mark.parametrize(
    "name",
    [".syncthing.{}.tmp", "~syncthing~{}.tmp", ".{}.Ab12Cd", ".{}.~1a2b3c", "{}.part"],
)
def test_a_folder_waits_for_what_is_copied_into_it(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop, name: str
) -> None:
    drop(asked[0], "maria/first.tif")
    path = drop(asked[1], f"maria/{asked[1].file_stem(12)}.tif")
    unfinished = path.rename(path.with_name(name.format(path.name)))
    assert look(inbox, 2 * LOOKS) == ({}, [])
    unfinished.rename(path)
    taken, _ = look(inbox)
    assert len(taken["maria"].verdicts) == 2


def test_a_folder_with_one_bad_mask_goes_back_and_may_come_again(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    drop(asked[0], f"maria/{asked[0].file_stem(SLICES)}.tif")
    drop(asked[1], f"maria/{asked[1].file_stem(SLICES)}.tif", add=7)
    taken, _ = look(inbox)
    assert sorted(one.outcome for one in taken["maria"].verdicts) == ["accepted", "refused"]
    why = (shared / "refused" / "maria.txt").read_text()
    assert f"accepted: maria/{asked[0].file_stem(SLICES)}.tif" in why
    shutil.copytree(shared / "refused" / "maria", shared / "maria")
    drop(asked[1], f"maria/{asked[1].file_stem(SLICES)}.tif")
    taken, _ = look(inbox)
    assert sorted(one.outcome for one in taken["maria"].verdicts) == ["accepted", "unchanged"]
    assert project.status().missing == asked[2:]


def test_archives_and_stacks(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop, tmp_path: Path
) -> None:
    path = drop(asked[0])
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(path, f"deep/{path.name}")
    path.unlink()
    shutil.move(tmp_path / "export.zip", shared)
    masks = tifffile.imread(project.root / "masks" / f"{asked[1].sample}.tif")
    tifffile.imwrite(shared / f"{asked[1].sample}.tif", masks)
    taken, _ = look(inbox)
    assert {name: one.target.parent.name for name, one in taken.items()} == {
        "export.zip": "imported",
        f"{asked[1].sample}.tif": "imported",
    }
    assert project.status().missing == asked[2:]


def test_names_taken_are_never_overwritten(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    first = drop(asked[0])
    look(inbox)
    kept = (shared / "imported" / first.name).read_bytes()
    second = drop(asked[0])
    tifffile.imwrite(second, tifffile.imread(second), compression="zlib")  # the same mask
    taken, _ = look(inbox)
    assert taken[second.name].verdicts[0].outcome == "unchanged"
    assert taken[second.name].target.name == f"{first.stem}-2.tif"
    assert (shared / "imported" / first.name).read_bytes() == kept
    assert (shared / "imported" / f"{first.stem}-2.tif.txt").is_file()


@pytest.mark.parametrize("linked", [False, True])
def test_killed_in_the_midst_of_an_answer(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop, linked: bool
) -> None:
    path = drop(asked[0])
    project.import_labels(path)
    moved = shared / "imported" / path.name
    moved.parent.mkdir()
    moved.with_name(f"{path.name}.txt").write_text("taken in")  # and then no more
    if linked:
        moved.hardlink_to(path)
    taken, _ = look(inbox)
    assert taken[path.name].target == moved
    assert names(shared) == [f"imported/{path.name}", f"imported/{path.name}.txt"]


def test_killed_between_import_and_move(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    path = drop(asked[0])
    project.import_labels(path)  # and then no more
    taken, _ = look(inbox)
    assert taken[path.name].verdicts[0].outcome == "unchanged"
    assert names(shared) == [f"imported/{path.name}", f"imported/{path.name}.txt"]
    assert len(project.revisions(asked[0])) == 1


def test_links_are_not_followed(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop, tmp_path: Path
) -> None:
    outside = drop(asked[0]).rename(tmp_path / "secret_s1_z0001.tif")
    (shared / f"{asked[0].file_stem(SLICES)}.tif").symlink_to(outside)
    (shared / "all").symlink_to(tmp_path)
    drop(asked[1], f"maria/{asked[1].file_stem(SLICES)}.tif")
    (shared / "maria" / f"{asked[0].file_stem(SLICES)}.tif").symlink_to(outside)
    taken, notes = look(inbox, 2 * LOOKS)
    assert list(taken) == ["maria"]
    assert "is a link" in (shared / "refused" / "maria.txt").read_text()
    assert len(notes) == 2  # once each
    assert outside.is_file()


def test_an_answer_folder_that_is_a_link_is_not_followed(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (shared / "imported").symlink_to(tmp_path / "elsewhere")
    path = drop(asked[0])
    taken, notes = look(inbox, 2 * LOOKS)
    assert not taken
    assert len(notes) == 1
    assert path.is_file()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_is_no_mask_stays_and_is_told_once(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    (shared / "notes.docx").write_bytes(b"hello")
    (shared / "empty").mkdir()
    (shared / "manifest.json").write_text("{}")
    (shared / "old.zip").write_bytes(b"PK\5\6" + bytes(18))  # with nothing in it
    os.mkfifo(shared / "pipe.tif")
    taken, notes = look(inbox, 2 * LOOKS)
    assert not taken
    assert notes == ["old.zip: holds no mask"]


def test_hostile_names_stay_on_their_lines(inbox: Inbox, shared: Path) -> None:
    name = "s1_z1 [red]\n\x1b[31m\u202egood.jpg"
    (shared / name).write_bytes(b"x")
    look(inbox)
    text = (shared / "refused" / f"{name}.txt").read_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.splitlines()[0].startswith("s1_z1 [red]\\n\\x1b[31m")


def test_two_watchers(inbox: Inbox, project: Project, shared: Path) -> None:
    with (
        pytest.raises(Watched, match=r"watched already, by anna@.* \(pid \d+\)"),
        Inbox(project, shared).held(),
    ):
        raise AssertionError("both hold it")


@pytest.mark.parametrize("where", ["", "samples", "masks", ".altui", ".."])
def test_the_projects_own_folders_are_no_inbox(project: Project, folder: Path, where: str) -> None:
    with pytest.raises(AltuiError, match="would be moved away"):
        Inbox(project, folder / where)


def test_rights_are_those_of_the_shared_folder(
    inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    shared.chmod(0o2775)
    path = drop(asked[0])
    path.chmod(0o640)
    look(inbox)
    assert (shared / "imported").stat().st_mode & 0o7777 == 0o2775
    assert (shared / "imported" / path.name).stat().st_mode & 0o777 == 0o640
    assert (shared / "imported" / f"{path.name}.txt").stat().st_mode & 0o777 == 0o664


def test_saved_again_while_it_was_taken_in(
    project: Project,
    inbox: Inbox,
    asked: Asked,
    drop: Drop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = drop(asked[0])
    changed = tifffile.imread(path)
    changed[:2] = 2
    take = project.import_labels

    def meanwhile(*paths: Path, **options: object) -> object:
        report = take(*paths, **options)  # type: ignore[arg-type]
        monkeypatch.undo()
        tifffile.imwrite(path, changed)
        return report

    monkeypatch.setattr(project, "import_labels", meanwhile)
    assert not look(inbox)[0]  # taken in, but what lies there is another mask
    assert look(inbox)[0][path.name].verdicts[0].outcome == "accepted"
    assert len(project.revisions(asked[0])) == 2


@pytest.mark.parametrize("decide", ["accept", "refuse"])
def test_what_waits_goes_on_once_someone_has_decided(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop, decide: str
) -> None:
    path = drop(asked[0])
    tifffile.imwrite(path, tifffile.imread(path)[:, ::-1])  # the wrong way round
    taken, _ = look(inbox)
    assert taken[path.name].target.parent.name == "waiting"
    text = shared / "waiting" / f"{path.name}.txt"
    assert "has to look at it" in text.read_text()
    assert look(inbox) == ({}, [])
    if decide == "accept":
        project.accept_quarantined(asked[0])
    else:
        project.refuse_quarantined(asked[0], reason="mirrored")
    taken, _ = look(inbox)
    where = "imported" if decide == "accept" else "refused"
    assert taken[path.name].target == shared / where / path.name
    assert names(shared) == [f"{where}/{path.name}", f"{where}/{path.name}.txt"]
    why = (shared / where / f"{path.name}.txt").read_text()
    assert f"anna {'accepted' if decide == 'accept' else 'refused'} it" in why
    assert ("mirrored" in why) == (decide == "refuse")


def test_what_waits_is_no_longer_needed_once_a_better_one_is_in(
    project: Project, inbox: Inbox, shared: Path, asked: Asked, drop: Drop
) -> None:
    path = drop(asked[0])
    right = tifffile.imread(path)
    tifffile.imwrite(path, right[:, ::-1])
    look(inbox)
    tifffile.imwrite(path, right)
    look(inbox)
    look(inbox)  # what waited goes on
    told = (shared / "imported" / f"{path.name}.txt").read_text()
    later = (shared / "imported" / f"{path.stem}-2{path.suffix}.txt").read_text()
    assert sorted(["no longer needed" in told, "no longer needed" in later]) == [False, True]
    assert sorted(["taken in" in told, "taken in" in later]) == [False, True]
