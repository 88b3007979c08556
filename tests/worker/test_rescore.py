"""Whole jobs whose scoring is killed, compared with the last round's, or done by ensembles."""

import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from altui.jobs.folder import CHECKPOINT, SCORES, SPEC, JobFolder
from altui.query.components import Components
from altui.worker.evaluate import confusion
from altui.worker.stages import run

from .made import log_of, make_job, make_project, start, two_labels

QUICK: dict[str, Any] = {"device": "cpu", "steps": 1, "crop": 32, "batch": 2, "validations": 0}
SMALL = {"height": 40, "width": 52}


def columns_of(folder: JobFolder) -> dict[str, Any]:
    return dict(Components.load(folder.path / SCORES).columns)


def test_a_killed_scoring_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = {
        "training": {**QUICK, "save_seconds": 0.0},
        "model": {"encoder": "resnet18", "encoder_weights": "none", "dropout": 0.2},
        "scoring": {"committee": "dropout", "members": 6},
    }
    config = make_project(tmp_path, settings, slices=70, **SMALL)
    killed = make_job(tmp_path, config, two_labels(tmp_path))
    process = start(killed)
    deadline = time.monotonic() + 200
    while not list(killed.path.glob("scoring/a@*.npz")):
        assert process.poll() is None, log_of(killed)
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed.path / SCORES).exists()
    assert "mIoU" not in log_of(killed)  # or it would be an uncounted use of the test split

    # The same network in another folder is scored in one go.
    whole = make_job(tmp_path, config, two_labels(tmp_path), "j2")
    shutil.copy(killed.path / CHECKPOINT, whole.path / CHECKPOINT)
    run(whole, whole.spec())
    assert start(killed).wait(200) == 0, log_of(killed)

    found = re.search(r"a: (\d+) of 70 slices are scored already", log_of(killed))
    assert found is not None
    assert int(found[1]) > 0
    assert log_of(killed).count("test mIoU") == 1
    assert not (killed.path / "scoring").exists()
    expected, columns = columns_of(whole), columns_of(killed)
    assert expected.keys() == columns.keys()
    for name, values in expected.items():
        assert np.array_equal(values, columns[name]), name
    for name in ("predictions/a.tif", "predictions/b.tif", "uncertainty/a.tif"):
        pages = tifffile.imread(killed.path / name)
        assert len(pages) == 70
        assert (pages == tifffile.imread(whole.path / name)).all()


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, JobFolder]:
    root = tmp_path_factory.mktemp("project")
    config = make_project(root, {"training": QUICK}, **SMALL)
    first = make_job(root, config, two_labels(root), "j1")
    assert run(first, first.spec()).stability is None
    return root, first


def following(root: Path, name: str, previous: str, **tables: Any) -> JobFolder:
    training = {**QUICK, "seed": 1}
    config = make_project(root, {"training": training, **tables}, **SMALL)
    folder = make_job(root, config, two_labels(root), name)
    folder.write(SPEC, folder.spec().model_copy(update={"previous": previous}))
    return folder


def test_predictions_are_compared_with_the_last_round_s(rounds: tuple[Path, JobFolder]) -> None:
    root, first = rounds
    second = following(root, "j2", "jobs/j1")
    outcome = run(second, second.spec())
    total = np.zeros((3, 3), np.int64)
    agreement = []
    for name in ("a.tif", "b.tif"):
        before = tifffile.imread(first.path / "predictions" / name)
        now = tifffile.imread(second.path / "predictions" / name)
        total += confusion(before, now, 3)  # so small a pool is frozen as a whole
        agreement += list((before == now).mean((1, 2)))
    assert np.allclose(columns_of(second)["agreement"], agreement, atol=1e-6)
    assert outcome.stability is not None
    assert (np.array(outcome.stability) == total).all()


@pytest.mark.parametrize("previous", ["jobs/none", "jobs/empty", "jobs/classes", "jobs/size"])
def test_an_earlier_round_that_does_not_fit_is_passed_over(
    previous: str, rounds: tuple[Path, JobFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    root, first = rounds
    (root / "jobs" / "empty").mkdir(exist_ok=True)
    if previous == "jobs/classes":
        other = following(root, "classes", "", classes={"names": ["x", "y", "z"], "ignore": 255})
        shutil.copytree(first.path / "predictions", other.path / "predictions")
    if previous == "jobs/size":
        other = following(root, "size", "")
        (other.path / "predictions").mkdir()
        tifffile.imwrite(other.path / "predictions" / "a.tif", np.zeros((6, 9, 9), np.uint8))
    folder = following(root, f"after-{Path(previous).name}", previous)
    outcome = run(folder, folder.spec())
    assert outcome.stability is None
    agreement = columns_of(folder).get("agreement")
    assert agreement is None or np.isnan(agreement).all()
    said = capsys.readouterr().out
    assert "are not compared" in said or "no earlier predictions" in said


def test_an_ensemble_is_measured_as_one_also_where_nothing_is_scored(tmp_path: Path) -> None:
    """Or `random`, which asks for no scores, would be compared as one network with many."""
    config = make_project(
        tmp_path,
        {
            "training": {**QUICK, "steps": 1},
            "scoring": {"committee": "ensemble", "members": 2},
        },
        slices=1,
        **SMALL,
    )
    found = []
    for name, score in (("j1", True), ("j2", False)):
        folder = make_job(tmp_path, config, two_labels(tmp_path, 0, 0), name)
        found.append(run(folder, folder.spec().model_copy(update={"score": score})).confusions)
    assert found[0] == found[1]


def test_an_ensemble_trains_its_networks_and_lets_them_vote(tmp_path: Path) -> None:
    config = make_project(
        tmp_path,
        {
            "training": {**QUICK, "steps": 3},
            "scoring": {"committee": "ensemble", "members": 2, "test_time_augmentation": True},
        },
        slices=2,
        **SMALL,
    )
    folder = make_job(tmp_path, config, two_labels(tmp_path, 0, 1))
    run(folder, folder.spec())
    other = folder.path / "members" / "2" / CHECKPOINT
    assert other.read_bytes() != (folder.path / CHECKPOINT).read_bytes()
    assert (columns_of(folder)["bald_mean"] > 0).all()
    lines = folder.progress()
    assert [line.progress for line in lines] == sorted(line.progress for line in lines)
    assert max(line.step for line in lines if line.stage == "train") == 6
    assert lines[-1].progress == 1
