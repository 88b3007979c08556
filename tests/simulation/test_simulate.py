"""Whole simulations as real processes: finished, killed, gone on with, cancelled, refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from altui import AltuiError, Project
from altui.cli import main
from altui.jobs.folder import RESULT, JobFolder, Process
from altui.simulation.nodes import folders, judged_by_test

from ..conftest import write_project

LONG = 100_000  # steps: such a training never ends by itself
FRESH = 'start = "fresh"'  # finished trainings can be carried without their networks
ARGUMENTS = ("--rounds", 2, "--strategies", "random,entropy")


def altui(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: object) -> Any:
    result = altui("simulate", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def status(folder: Path) -> Any:
    """Without the jobs, which simulations are among."""
    found = json.loads(altui("status", folder, "--json").stdout)
    found.pop("jobs")
    return found


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or []):
            process.kill()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any, Any]:
    """A project with a finished simulation, its document, and its status before and after."""
    folder = write_project(tmp_path_factory.mktemp("whole") / "project", steps=2, extra=FRESH)
    before = status(folder)
    found = document(folder, *ARGUMENTS, "--full", "--wait")
    return folder, found, before, status(folder)


def wait_for(what: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def process_of(folder: JobFolder) -> Process:
    """Of a job that has begun."""
    wait_for(lambda: folder.process() is not None)
    process = folder.process()
    assert process is not None
    return process


def under_way(root: Path) -> list[JobFolder]:
    """Nodes that have begun and not ended."""
    return [one for one in folders(root) if one.process() is not None and one.result() is None]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_simulation_from_end_to_end(finished: tuple[Path, Any, Any, Any]) -> None:
    folder, found, before, after = finished
    assert (found["id"], found["state"]) == ("simulate-001", "finished")
    assert [(one["strategy"], one["seed"]) for one in found["experiments"]] == [
        ("random", 0),
        ("entropy", 0),
    ]
    for one in found["experiments"]:
        assert [point["labelled"] for point in one["rounds"]] == [3, 6]
        for point in one["rounds"]:
            assert set(point["miou"]) == {"validation", "test"}
            assert list(point["class_iou"]) == ["background", "bone", "implant"]
    (whole,) = found["full"]
    assert whole["labelled"] == 36
    assert found["summary"]["rounds"] == 2
    assert found["summary"]["strategies"][0]["percent_of_full"]["n"] == 1
    # Round 1 once, round 2 twice, full supervision: four trainings, and nothing large is left.
    assert found["test_uses"] == len(judged_by_test(folder)) == len(folders(folder)) == 4
    assert not [one for node in folders(folder) for one in node.path.glob("*.pt")]
    # The project's own rounds know nothing of it; that it used the test split is told apart.
    assert (before["test_uses"], after["test_uses"]) == (0, 0)
    assert after["simulation_test_uses"] == 4
    told = [one for one in after["stopping"]["reasons"] if "test split" in one]
    assert told == ["the test split was used 4 times by simulations"]
    after["stopping"]["reasons"].remove(told[0])
    after["simulation_test_uses"] = 0
    after["references"] = before["references"]  # of the chart, which simulations give
    assert after == before


def test_table_chart_and_picture(finished: tuple[Path, Any, Any, Any], tmp_path: Path) -> None:
    folder = finished[0]
    shown = altui("simulate", folder, "--png", tmp_path / "chart.png")
    assert shown.exit_code == 0
    for words in ("round  labelled  random", "% of full", "● random", "labelled slices", "every"):
        assert words in shown.stdout
    assert Image.open(tmp_path / "chart.png").format == "PNG"
    assert Project.open(folder).simulation().picture.exists()


def test_asked_again_it_is_not_begun_again(finished: tuple[Path, Any, Any, Any]) -> None:
    folder, found, _, _ = finished
    assert document(folder, *ARGUMENTS, "--full") == found
    assert len(Project.open(folder).status().jobs) == 1


def test_killed_it_goes_on_and_comes_to_the_same(
    finished: tuple[Path, Any, Any, Any], new_folder: Callable[..., Path]
) -> None:
    """Begun with round 1 carried over from elsewhere; killed first alone, then with its child."""
    elsewhere, reference, _, _ = finished
    root = new_folder(steps=2, extra=FRESH)
    first = reference["experiments"][0]["rounds"][0]["node"]
    carried = root / ".altui/simulation" / first
    carried.mkdir(parents=True)
    for name in (RESULT, "scores.npz"):
        shutil.copy(elsewhere / ".altui/simulation" / first / name, carried)
    inode = (carried / RESULT).stat().st_ino

    project = Project.open(root)
    job = JobFolder(project.workspace.jobs / project.simulate(2, ["random", "entropy"])[0])
    wait_for(lambda: bool(under_way(root)))
    (node,) = under_way(root)
    child = process_of(node).pid
    os.kill(child, signal.SIGSTOP)  # so that it is still at it when the next one looks
    os.kill(process_of(job).pid, signal.SIGKILL)
    wait_for(lambda: project.job(job.id).state == "lost")
    assert not gone(child)

    job = JobFolder(project.workspace.jobs / project.retry(job.id))
    wait_for(lambda: any("still being trained" in line for line in job.log_tail(100)))
    os.kill(child, signal.SIGCONT)
    wait_for(lambda: node.result() is not None)
    process = node.process()  # None: what nobody builds on is removed by and by
    assert process is None or process.pid == child
    wait_for(lambda: bool(under_way(root)))
    (second,) = under_way(root)
    os.kill(process_of(job).pid, signal.SIGKILL)
    os.kill(process_of(second).pid, signal.SIGKILL)
    wait_for(lambda: project.job(job.id).state == "lost")
    kept = (node.path / RESULT).stat().st_ino

    again = document(root, *ARGUMENTS, "--wait")
    assert (again["id"], again["state"]) == ("simulate-003", "finished")
    for one, other in zip(again["experiments"], reference["experiments"], strict=True):
        for point, wanted in zip(one["rounds"], other["rounds"], strict=True):
            for key in ("node", "slices", "miou", "class_iou"):
                assert point[key] == wanted[key]
    assert (carried / RESULT).stat().st_ino == inode
    assert (node.path / RESULT).stat().st_ino == kept


def test_two_at_once_and_cancelling_ends_the_trainings(new_folder: Callable[..., Path]) -> None:
    root = new_folder(steps=LONG, extra="max_steps = 1000000")
    command = [sys.executable, "-m", "altui", "simulate", str(root), *map(str, ARGUMENTS)]
    both = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(one.communicate(timeout=60)[1] for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert said.count("started simulate-001") == 1
    project = Project.open(root)
    (job,) = project.status().jobs
    with pytest.raises(AltuiError, match="one simulation runs at a time"):
        project.simulate(3, ["random"])
    wait_for(lambda: bool(under_way(root)))
    (node,) = under_way(root)
    parent, child = process_of(JobFolder(project.workspace.jobs / job.id)).pid, process_of(node).pid
    assert project.cancel(job.id) == job.id
    wait_for(lambda: gone(parent) and gone(child), 20)
    assert project.job(job.id).state == "cancelled"
    assert "simulate-001, cancelled" in altui("simulate", root).stdout


def test_a_training_that_fails_is_explained(new_folder: Callable[..., Path]) -> None:
    import tifffile

    root = new_folder(steps=2, extra=FRESH)
    for name in ("s1", "s2", "s3"):
        masks = tifffile.imread(root / "masks" / f"{name}.tif")
        tifffile.imwrite(root / "masks" / f"{name}.tif", masks + 70)
    result = altui("simulate", root, *ARGUMENTS, "--wait")
    assert result.exit_code == 1
    assert "1 training failed: round 1 of seed 0" in result.stderr
    assert "which is no class" in result.stderr
    log = Project.open(root).job_log("1", 100)
    assert any("which is no class" in line for line in log)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rounds", 2, "--strategies", "random,entropie"), 'did you mean "entropy"'),
        (("--rounds", 0, "--strategies", "random"), "--rounds 0"),
        (("--rounds", 2, "--strategies", "random", "--seeds", 0), "--seeds 0"),
        (("--rounds", 2, "--strategies", "random", "--budget", 0), "--budget 0"),
        (("--rounds", 2, "--strategies", "random", "--parallel", 0), "--parallel 0"),
        (("--rounds", 10**20, "--strategies", "random"), "10,000 at most"),
        (("--rounds", 2, "--strategies", "random", "--seeds", 10**11), "1,000 at most"),
        (("--rounds", 2, "--strategies", "random,random"), "named twice"),
        (("--rounds", 2, "--strategies", ","), "no strategy is named"),
        ((), "no simulation has been started yet"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    folder: Path, arguments: tuple[object, ...], words: str
) -> None:
    result = altui("simulate", folder, *arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert not Project.open(folder).status().jobs


def test_a_chart_replaces_no_pipe(folder: Path, tmp_path: Path) -> None:
    root = Project.open(folder)
    root.simulate(1, ["random"])
    root.cancel()
    os.mkfifo(tmp_path / "pipe")
    result = altui("simulate", folder, "--png", tmp_path / "pipe")
    assert result.exit_code == 1
    assert "is not a file" in result.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_half_an_experiment_is_wrong_usage(folder: Path) -> None:
    assert altui("simulate", folder, "--rounds", 2).exit_code == 2
    assert altui("simulate", folder, "--full").exit_code == 2


def test_samples_without_masks_are_named(folder: Path) -> None:
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace('masks = "masks/s2.tif"\n', ""))
    result = altui("simulate", folder, *ARGUMENTS)
    assert result.exit_code == 1
    assert "1 training sample without masks: s2" in result.stderr


def test_more_than_the_pool_has_is_foreseen(folder: Path) -> None:
    from altui.jobs.folder import SimulationSpec
    from altui.rounds.simulate import foreseen

    workspace = Project.open(folder).workspace
    (note,) = foreseen(workspace, SimulationSpec(rounds=20, strategies=("random",)))
    assert "20 rounds of 3 slices ask for 60 slices of a pool of 36" in note
    assert not foreseen(workspace, SimulationSpec(rounds=2, strategies=("random",)))
