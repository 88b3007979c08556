"""Another attempt at a round's job goes on from what the last one left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from altui import Project
from altui.config import CONFIG_NAME
from altui.jobs.folder import CHECKPOINT, SCORING, TRAINING, JobFolder
from altui.jobs.submit import end, submit
from altui.rounds.run import training_labels

NETWORK = 'architecture = "Linknet"\nencoder = "tu-mobilenetv3_small_050"'  # small: saved at once
STEPS = 400


@pytest.fixture
def project(new_folder: Callable[..., Path]) -> Project:
    """A project with all masks of round 1 in, whose training is saved at each step."""
    folder = new_folder(steps=STEPS, extra='save_seconds = 0\ndevice = "cpu"')
    config = folder / CONFIG_NAME
    config.write_text(config.read_text().replace('encoder = "resnet18"', NETWORK))
    project = Project.open(folder)
    project.approve_all()
    project.import_from_oracle()
    return project


@pytest.fixture(autouse=True)
def _no_job_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or []):
            process.kill()


def wait_for(what: Callable[[], bool], seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def altui(*arguments: str) -> str:
    """What a command says."""
    done = subprocess.run(
        [sys.executable, "-m", "altui", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def folder_of(project: Project, job: str) -> JobFolder:
    return JobFolder(project.workspace.jobs / job)


def kill(project: Project, job: str) -> None:
    process = folder_of(project, job).process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: project.job(job).state == "lost")


def test_retry_goes_on_with_the_killed_training(project: Project) -> None:
    root = str(project.root)
    altui("run", root)
    first = folder_of(project, "train-001")
    wait_for((first.path / TRAINING).exists)
    kill(project, "train-001")
    saved = (first.path / TRAINING).read_bytes()

    assert "train-002" in altui("jobs", root, "retry")
    second = folder_of(project, "train-002")
    wait_for(lambda: f" of {STEPS}" in "".join(second.log_tail()))
    log = "\n".join(second.log_tail())
    assert "training goes on from step " in log
    assert "training goes on from step 0 " not in log
    wait_for(lambda: (second.path / TRAINING).stat().st_nlink == 1)  # its own by now
    assert (first.path / TRAINING).read_bytes() == saved
    assert "train-002" in altui("jobs", root, "cancel")


@pytest.fixture
def left(project: Project) -> JobFolder:
    """What a first attempt left when it was lost; no process ever ran it."""
    folder = submitted(project)
    (folder.path / TRAINING).write_bytes(b"training")
    (folder.path / CHECKPOINT).write_bytes(b"network")
    (folder.path / SCORING / "a").mkdir(parents=True)
    (folder.path / SCORING / "a" / "0.npz").write_bytes(b"part")
    (folder.path / SCORING / ".1.npz.x.tmp").write_bytes(b"half")
    (folder.path / "log.txt").write_bytes(b"its own")
    return folder


def submitted(project: Project) -> JobFolder:
    """Another attempt at round 1, not launched."""
    workspace = Project.open(project.root).workspace  # with altui.toml as it is now
    with workspace.store.write() as transaction:
        labels = training_labels(workspace, transaction.history())
        return submit(workspace, transaction, 1, labels, None)


def files(folder: JobFolder) -> set[str]:
    return {str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file()}


RESUMED = {"spec.json", TRAINING, CHECKPOINT, f"{SCORING}/a/0.npz"}


def test_what_is_whole_is_linked_and_nothing_else(project: Project, left: JobFolder) -> None:
    again = submitted(project)
    assert again.id != left.id
    assert files(again) == RESUMED
    assert all((again.path / name).samefile(left.path / name) for name in RESUMED - {"spec.json"})
    third = submitted(project)  # by way of the second, which left no more of its own
    assert files(third) == RESUMED


def test_without_hard_links_it_is_copied(
    project: Project, left: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    again = submitted(project)
    assert files(again) == RESUMED
    assert (again.path / TRAINING).read_bytes() == b"training"
    assert not (again.path / TRAINING).samefile(left.path / TRAINING)


def changed(project: Project, old: str, new: str) -> None:
    config = project.root / CONFIG_NAME
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def test_another_training_begins_anew_and_where_it_runs_does_not_matter(
    project: Project, left: JobFolder
) -> None:
    changed(project, f"steps = {STEPS}", "steps = 7")
    assert files(submitted(project)) == {"spec.json"}
    changed(project, "steps = 7", f"steps = {STEPS}")
    changed(project, "save_seconds = 0", "save_seconds = 30\ntile = 64")
    shutil.move(project.root / "masks" / "t1.tif", project.root / "masks" / "mended.tif")
    changed(project, "masks/t1.tif", "masks/mended.tif")  # the training sees no test sample
    assert files(submitted(project)) == RESUMED  # past the attempt at the other training


def test_replaced_images_are_trained_on_anew(project: Project, left: JobFolder) -> None:
    images = next(one for one in project.config.samples if one.split == "train").images
    os.utime(project.root / images, (1, 1))
    assert files(submitted(project)) == {"spec.json"}


def test_a_finished_job_is_repeated(project: Project, left: JobFolder) -> None:
    with project.workspace.store.write() as transaction:
        end(transaction, left.id, "finished")
    assert files(submitted(project)) == {"spec.json"}
