"""A backup made while others work is whole, and is the project again on another machine."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from click.testing import CliRunner

from altui import AltuiError, Project
from altui.cli import main
from altui.labels.archive import CONFIG, DATABASE_NAME, MANIFEST
from altui.labels.backup import back_up
from altui.labels.restore import restore
from altui.setup.finding import Finding
from altui.setup.stored import stored_findings
from altui.slices import SliceId
from tests.conftest import write_project as write_trainable
from tests.labels.conftest import SLICES, Save, right_mask, save_as
from tests.labels.test_import_killed import PROCESSES, TRAIN, Mount, assert_files_true, needs_root
from tests.labels.test_import_killed import mount as mount
from tests.labels.test_import_killed import start as start_import

Asked = tuple[SliceId, ...]


@pytest.fixture
def labelled(project: Project, asked: Asked, save: Save) -> Project:
    """Three labels, one of them in its second revision."""
    for one in asked:
        project.import_labels(save(one), annotator="bert")
    mask = right_mask(project, asked[0])
    mask[0, :5] = 255
    project.import_labels(save(asked[0], mask=mask))
    return project


def move(backup: Path, project: Path, to: Path) -> Project:
    """The project on another machine: from the backup, with the samples brought by hand."""
    found = restore(backup, to)
    for part in ("images", "masks", "samples"):
        if (project / part).is_dir():
            shutil.copytree(project / part, to / part)
    assert found.root == to
    return Project.open(to)


def test_without_the_images_it_can_be_looked_at(labelled: Project, tmp_path: Path) -> None:
    told = labelled.status()
    made = back_up(labelled.root, tmp_path / "b.tar")
    restore(made.file, tmp_path / "new")
    there = Project.open(tmp_path / "new")
    found = there.status()
    assert (found.labelled, found.pool, found.slate) == (told.labelled, told.pool, told.slate)
    names = tuple(sample.name for sample in there.config.samples)
    assert (found.absent, told.absent) == (names, ())
    assert f"the images of {names[0]}, {names[1]} and" in found.todo
    assert there.labels().keys() == labelled.labels().keys()
    with pytest.raises(AltuiError, match=f'sample "{names[0]}"'):
        there.run()
    assert not there.status().jobs
    config = there.root / "altui.toml"
    config.write_text(config.read_text().replace(there.config.samples[0].images, "else.tif"))
    with pytest.raises(AltuiError, match="else.tif"):  # of these, nothing is known
        Project.open(there.root).status()


def rows(project: Project) -> dict[str, list[Any]]:
    """Every table that people's work is in."""
    with project.workspace.store.read() as db:
        return {
            table: list(db[table].rows)
            for table in db.table_names()
            if not table.startswith(("sqlite", "_")) and table != "stacks"
        }


def faults(project: Project) -> list[Finding]:
    """What `altui check` finds wrong with the kept files."""
    history = project.workspace.store.history()
    found = stored_findings(project.workspace, history, lambda done, total: None)
    return [one for one in found if one.level == "error"]


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz"])
def test_there_and_back(labelled: Project, tmp_path: Path, ending: str) -> None:
    made = back_up(labelled.root, tmp_path / f"b.{ending}")
    assert (made.labels, made.left_out) == (4, ())
    again = move(made.file, labelled.root, tmp_path / "elsewhere")
    assert rows(again) == rows(labelled)
    assert assert_files_true(again) == assert_files_true(labelled)
    for one, own in again.labels().items():
        assert [r.to_json() for r in own] == [r.to_json() for r in labelled.labels()[one]]
    assert again.status().to_json()["state"] == labelled.status().to_json()["state"]
    assert not faults(again)


def test_what_waits_for_a_person_goes_along(
    labelled: Project, save: Save, asked: Asked, tmp_path: Path
) -> None:
    empty = save(asked[1], mask=np.zeros_like(right_mask(labelled, asked[1])))
    assert labelled.import_labels(empty).of("quarantined")
    made = back_up(labelled.root, tmp_path / "b.tar")
    again = move(made.file, labelled.root, tmp_path / "elsewhere")
    assert rows(again) == rows(labelled)
    [waiting] = rows(again)["quarantine"]
    data = (again.root / waiting["path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == waiting["sha256"]
    assert (again.root / waiting["original"]).read_bytes() == empty.read_bytes()


def test_by_the_commands(labelled: Project, tmp_path: Path) -> None:
    file, to = str(tmp_path / "b.tar"), str(tmp_path / "new")
    told = CliRunner().invoke(main, ["backup", str(labelled.root), file, "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["labels"] == 4
    assert CliRunner().invoke(main, ["backup", str(labelled.root), file]).exit_code == 1, "there"
    told = CliRunner().invoke(main, ["restore", file, to, "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["labels"] == 4
    again = CliRunner().invoke(main, ["restore", file, to])
    assert again.exit_code == 1
    assert "is there already" in again.output


def test_an_archive_for_any_tar(labelled: Project, tmp_path: Path) -> None:
    """Without altui, the labels can still be got at."""
    made = back_up(labelled.root, tmp_path / "b.tar.gz")
    with tarfile.open(made.file) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "out", filter="data")
    assert names[0] == MANIFEST
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    for entry in manifest["files"]:
        data = (tmp_path / "out" / entry["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]


def test_while_imports_go_on(project: Project, tmp_path: Path) -> None:
    """Each of many backups is one moment: every row's file is in it, and no row is half."""
    folders = []
    for name in ("ones", "others"):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        for sample in TRAIN:
            for index in range(0, SLICES, 3):
                one = SliceId(sample, index)
                mask = right_mask(project, one)
                mask[0, 0] = 255 * (name == "others")
                save_as(folders[-1] / f"{one.file_stem(SLICES)}.tif", mask)
    process = start_import(project.root, folders)  # for ever
    try:
        counts = []
        for number in range(6):
            made = back_up(project.root, tmp_path / f"{number}.tar")
            assert not made.left_out
            restore(made.file, tmp_path / f"restored{number}")
            again = Project.open(_with_images(project.root, tmp_path / f"restored{number}"))
            counts.append(len(assert_files_true(again)))
            assert counts[-1] == made.labels
            time.sleep(0.2)
        assert process.is_alive()
    finally:
        process.kill()
        process.join(20)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1], "imports went on meanwhile"


def _with_images(project: Path, to: Path) -> Path:
    for part in ("images", "masks"):
        (to / part).symlink_to(project / part)
    return to


@pytest.fixture
def _no_job_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or []):
            process.kill()


@pytest.mark.usefixtures("_no_job_outlives_its_test")
def test_while_a_job_runs(tmp_path: Path) -> None:
    project = Project.open(write_trainable(tmp_path / "project", steps=100_000))
    project.approve_all()
    project.import_from_oracle()
    job = project.run()
    deadline = time.monotonic() + 90
    while not project.job(job).step:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    made = back_up(project.root, tmp_path / "b.tar.gz", with_jobs=True)
    again = move(made.file, project.root, tmp_path / "elsewhere")
    assert project.job(job).state == "running", "the backup did not disturb it"
    assert again.job(job).state == "lost", "there it runs no more"
    assert "when the backup was made" in again.job(job).message
    assert again.status().state == "failed"
    assert again.retry(job), "and can be begun again"
    _assert_lost_on_another_host(tmp_path / "elsewhere2", made.file, project.root, job)


def _assert_lost_on_another_host(to: Path, backup: Path, project: Path, job: str) -> None:
    """With another name and other processes, as far as this machine lets us."""
    move(backup, project, to)
    command = f"hostname elsewhere && {sys.executable} -m altui status {to} --json"
    done = subprocess.run(
        ["unshare", "--uts", "--pid", "--fork", "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "hostname" in done.stderr:
        return  # not allowed here
    assert done.returncode == 0, done.stderr
    [state] = [one["state"] for one in json.loads(done.stdout)["jobs"] if one["id"] == job]
    assert state == "lost"


def test_what_was_damaged_is_told(labelled: Project, tmp_path: Path) -> None:
    first, second, *_ = labelled.workspace.store.history().labels
    (labelled.root / first.path).unlink()
    (labelled.root / second.original).write_bytes(b"else")
    file = tmp_path / "b.tar"
    told = CliRunner().invoke(main, ["backup", str(labelled.root), str(file)])
    assert told.exit_code == 1
    assert first.path[:60] in told.output.replace("\n", "")
    found = restore(file, tmp_path / "new")
    assert set(found.left_out) == {first.path, second.original}
    assert found.labels == 4


def test_check_hashes_every_file(labelled: Project) -> None:
    """One bit, at any place, of any file that a row speaks of."""
    rng = random.Random(7)
    history = labelled.workspace.store.history()
    kept = {label.path for label in history.labels} | {o.original for o in history.labels}
    assert len(kept) == 8
    for name in sorted(kept):
        path = labelled.root / name
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        whole = path.read_bytes()
        path.write_bytes(data)
        assert [one.where for one in faults(labelled)] == [Path(name).parts[1]]
        path.write_bytes(whole)
    assert not faults(labelled)


def test_a_damaged_backup_changes_nothing(labelled: Project, tmp_path: Path) -> None:
    whole = back_up(labelled.root, tmp_path / "b.tar").file
    zipped = back_up(labelled.root, tmp_path / "b.tar.gz").file
    rng = random.Random(8)
    to = tmp_path / "new"
    for number in range(60):
        backup = (whole, zipped)[number % 2]
        data = bytearray(backup.read_bytes())
        if number % 3:
            at = rng.randrange(len(data))
            data[at] ^= 1 << rng.randrange(8)
        else:
            del data[rng.randrange(len(data) - 1024) :]
        (tmp_path / "bad.tar").write_bytes(data)
        with suppress(AltuiError):
            restore(tmp_path / "bad.tar", to)
        if to.exists():  # damaged in padding, or in a part of a header that says nothing
            assert_files_true(Project.open(_with_images(labelled.root, to)))
            shutil.rmtree(to)


def hostile(
    entries: list[tuple[str, bytes]], type_: bytes = tarfile.REGTYPE, left_out: tuple[str, ...] = ()
) -> bytes:
    """An archive like a backup, with its own list of files."""
    listed = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in entries
    ]
    said = {"altui": "1", "created_at": "", "created_by": "", "host": "", "files": listed}
    said |= {"left_out": left_out}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, data in [(MANIFEST, json.dumps(said).encode()), *entries]:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            if path not in (MANIFEST, CONFIG, DATABASE_NAME):
                info.type, info.linkname = type_, "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "path",
    ["../evil", "/tmp/evil", ".altui/../../evil/x", ".altui/labels/../x", "evil.sh",
     ".altui/state.db-journal", ".altui/labels/ab/\x1b[31m", ".altui/jobs/a/b/c/d/e"],
)  # fmt: skip
def test_names_that_lead_elsewhere(labelled: Project, tmp_path: Path, path: str) -> None:
    database = labelled.workspace.store.path.read_bytes()
    own = [(CONFIG, (labelled.root / CONFIG).read_bytes()), (DATABASE_NAME, database)]
    for made in hostile([*own, (path, b"x")]), hostile(own, left_out=(path,)):
        (tmp_path / "h.tar").write_bytes(made)
        before = set(tmp_path.rglob("*"))
        with pytest.raises(AltuiError, match="no file of a project's state") as caught:
            restore(tmp_path / "h.tar", tmp_path / "new")
        assert caught.value.message.isprintable()
        assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, b"L", b"x"])
def test_links_in_a_backup(labelled: Project, tmp_path: Path, kind: bytes) -> None:
    database = labelled.workspace.store.path.read_bytes()
    own = [(CONFIG, (labelled.root / CONFIG).read_bytes()), (DATABASE_NAME, database)]
    (tmp_path / "h.tar").write_bytes(hostile([*own, (".altui/labels/ab/x.tif", b"")], kind))
    with pytest.raises(AltuiError):
        restore(tmp_path / "h.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_claims_of_size(labelled: Project, tmp_path: Path) -> None:
    """A list that says more than there is room for is told before anything is unpacked."""
    data = hostile([(CONFIG, b""), (DATABASE_NAME, b"")])
    larger = data.replace(b'"size": 0', b'"size":9' + b"9" * 15 + b"", 1)
    (tmp_path / "h.tar").write_bytes(larger)
    with pytest.raises(AltuiError):
        restore(tmp_path / "h.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_rules_of_its_own_in_the_database(labelled: Project, tmp_path: Path) -> None:
    with labelled.workspace.store.write() as transaction:
        transaction.db.execute(
            "CREATE TRIGGER evil AFTER INSERT ON events BEGIN SELECT RAISE(IGNORE); END"
        )
    made = back_up(labelled.root, tmp_path / "b.tar")
    with pytest.raises(AltuiError, match="tables or triggers"):
        restore(made.file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_no_backup_at_all(tmp_path: Path, labelled: Project) -> None:
    for name, data in (("a.tar", b""), ("b.tar", b"x" * 5000), ("c.tar", bytes(5000))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(AltuiError, match="no whole backup"):
            restore(tmp_path / name, tmp_path / "new")
    os.mkfifo(tmp_path / "pipe.tar")
    for name, told in (("none.tar", "is not there"), ("pipe.tar", "is no file")):
        with pytest.raises(AltuiError, match=told):
            restore(tmp_path / name, tmp_path / "new")
    with pytest.raises(AltuiError, match="does not end as"):
        back_up(labelled.root, tmp_path / "b.zip")
    with pytest.raises(AltuiError, match="is no folder"):
        back_up(labelled.root, tmp_path / "none" / "b.tar")


def restore_in_process(file: Path, to: Path) -> None:
    restore(file, to)


def back_up_in_process(root: Path, file: Path) -> None:
    back_up(root, file)


def killed_somewhere(work: Any, given: tuple[Path, Path], rng: random.Random) -> None:
    process = PROCESSES.Process(target=work, args=given)
    process.start()
    time.sleep(rng.uniform(0, 0.25))
    assert process.pid is not None
    with_signal = process.exitcode is None
    if with_signal:
        os.kill(process.pid, signal.SIGKILL)
    process.join(20)


def test_killed_backups_and_restores(labelled: Project, tmp_path: Path) -> None:
    rng = random.Random(9)
    for number in range(12):
        file = tmp_path / f"{number}.tar"
        killed_somewhere(back_up_in_process, (labelled.root, file), rng)
        if file.exists():
            restore(file, tmp_path / f"whole{number}")
    file = back_up(labelled.root, tmp_path / "b.tar").file
    for number in range(12):
        to = tmp_path / f"killed{number}"
        killed_somewhere(restore_in_process, (file, to), rng)
        if not (to / ".altui").exists():  # so it can be begun again
            restore(file, to)
        assert len(assert_files_true(Project.open(_with_images(labelled.root, to)))) == 4


@needs_root
@pytest.mark.parametrize("size", [8, 40, 80, 120])
def test_on_a_full_disk(labelled: Project, tmp_path: Path, mount: Mount, size: int) -> None:
    file = back_up(labelled.root, tmp_path / "b.tar").file
    place = tmp_path / "stick"
    place.mkdir()
    mount(place, "-t", "tmpfs", "-o", f"size={size}k", "tmpfs")
    with pytest.raises(AltuiError) as caught:
        back_up(labelled.root, place / "b.tar")
    assert caught.value.hint
    assert not list(place.iterdir())
    with pytest.raises(AltuiError):
        restore(file, place / "new")
    assert not list(place.iterdir())
