"""Jobs as real processes: killed, orphaned, hung up on, cancelled, started twice."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from altui import AltuiError, Project
from altui.jobs.folder import JobFolder
from altui.jobs.state import JobView

LONG = 100_000  # steps: such a job never ends by itself


@pytest.fixture
def ready(new_folder: Callable[..., Path]) -> Callable[[int], Project]:
    """A project with all masks of round 1 in."""

    def make(steps: int) -> Project:
        project = Project.open(new_folder(steps=steps))
        project.approve_all()
        project.import_from_oracle()
        return project

    return make


@pytest.fixture(autouse=True)
def _no_job_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or []):
            process.kill()


def wait_for(what: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)


def wait_until_training(project: Project, job: str) -> int:
    """The pid of a job that has made its first steps."""
    wait_for(lambda: project.job(job).step > 0)
    process = JobFolder(project.workspace.jobs / job).process()
    assert process is not None
    return process.pid


def ended(project: Project, job: str) -> JobView:
    def over() -> bool:
        project.refresh()
        return not project.job(job).active

    wait_for(over, 180)
    return project.job(job)


def test_a_round_is_trained_evaluated_and_scored(ready: Callable[[int], Project]) -> None:
    project = ready(4)
    job = project.run()
    assert project.job(job).state in ("queued", "running")
    assert project.status().state == "running"
    with pytest.raises(AltuiError, match="running already"):
        project.run()
    with pytest.raises(AltuiError, match="the next proposals need its scores"):
        project.propose()
    view = ended(project, job)
    assert (view.state, view.progress) == ("finished", 1.0)
    status = project.status()
    assert (status.round, status.state) == (2, "proposed")
    assert set(status.rounds[0].miou) == {"validation", "test"}
    assert project.prediction(status.slate.active[0].slice) is not None


def test_a_job_goes_by_altui_toml_as_it_is_when_it_starts(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    path = project.root / "altui.toml"
    good = path.read_text()
    path.write_text(good.replace("steps = ", "stepps = "))
    with pytest.raises(AltuiError, match="stepps"):
        project.run()
    assert not project.status().jobs
    path.write_text(good.replace(f"steps = {LONG}", f"steps = {LONG + 1}"))
    job = project.run()
    assert JobFolder(project.workspace.jobs / job).spec().config.training.steps == LONG + 1
    project.cancel()


def test_sigkill_shows_as_lost_and_can_be_started_again(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    os.kill(wait_until_training(project, job), signal.SIGKILL)
    wait_for(lambda: project.job(job).state == "lost")
    view = project.job(job)
    assert "in stage train" in view.message
    assert project.job_log(job)
    assert project.status().state == "failed"
    again = project.retry()
    assert again != job
    wait_until_training(project, again)
    assert project.job(job).state == "lost"
    assert project.status().state == "running"
    project.cancel()


def test_a_job_outlives_the_altui_that_started_it(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    subprocess.run(
        [sys.executable, "-m", "altui", "run", str(project.root)], check=True, capture_output=True
    )
    pid = wait_until_training(project, "train-001")
    assert os.getsid(pid) == pid  # a session of its own: no terminal can hang it up
    assert project.job("1").state == "running"
    project.cancel()


def test_a_job_outlives_the_terminal(ready: Callable[[int], Project]) -> None:
    """The terminal goes away under `altui run --wait`, as when an SSH line drops."""
    project = ready(LONG)
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
        os.execv(
            sys.executable, [sys.executable, "-m", "altui", "run", str(project.root), "--wait"]
        )
    wait_for(lambda: bool(project.status().jobs))
    wait_until_training(project, "train-001")
    os.close(terminal)  # the kernel hangs up on everything that has this terminal
    _, status = os.waitpid(child, 0)
    assert status != 0
    before = project.job("train-001").step
    wait_for(lambda: project.job("train-001").step > before)
    assert project.job("train-001").state == "running"
    project.cancel()


def test_cancelling_ends_the_process_and_says_who(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    pid = wait_until_training(project, job)
    project.cancel()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    view = project.job(job)
    assert (view.state, view.message) == ("cancelled", "cancelled by anna")
    assert project.status().state == "labelled"
    with pytest.raises(AltuiError, match="nothing to cancel"):
        project.cancel()


def test_cancelling_right_after_the_start(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    project.cancel()
    assert project.job(job).state == "cancelled"
    folder = str(project.workspace.jobs / job)
    wait_for(
        lambda: (
            not any(
                folder in " ".join(p.info["cmdline"] or []) and p.status() != psutil.STATUS_ZOMBIE
                for p in psutil.process_iter(["cmdline"])
            )
        )
    )


def test_a_stopped_process_is_not_lost(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    pid = wait_until_training(project, job)
    os.kill(pid, signal.SIGSTOP)
    assert project.job(job).state == "running"
    os.kill(pid, signal.SIGCONT)
    (project.workspace.jobs / job / "lock").unlink()  # by someone who tidied up
    assert project.job(job).state == "running"
    project.cancel()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_another_process_with_the_same_pid_is_not_the_job(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    os.kill(wait_until_training(project, job), signal.SIGKILL)
    wait_for(lambda: project.job(job).state == "lost")
    folder = JobFolder(project.workspace.jobs / job)
    process = folder.process()
    assert process is not None
    folder.write("process.json", process.model_copy(update={"pid": os.getpid()}))
    assert project.job(job).state == "lost"
    folder.write("process.json", process.model_copy(update={"boot_id": "another start"}))
    assert project.job(job).state == "lost"


def test_a_job_on_another_host_lives_by_its_heartbeat(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    job = project.run()
    os.kill(wait_until_training(project, job), signal.SIGKILL)
    folder = JobFolder(project.workspace.jobs / job)
    process = folder.process()
    assert process is not None
    folder.write("process.json", process.model_copy(update={"host": "gpu7"}))
    (folder.path / "heartbeat").touch()
    assert project.job(job).state == "running"
    os.utime(folder.path / "heartbeat", (0, 0))
    assert project.job(job).state == "lost"


def test_a_launcher_killed_before_the_process_started(ready: Callable[[int], Project]) -> None:
    project = ready(4)
    with project.workspace.store.write() as transaction:
        event = transaction.insert(
            "events", at="2026-01-01T00:00:00+00:00", who="anna", host="h", what="run", round=1
        )
        transaction.insert("jobs", id="train-001", event=event, kind="train", round=1)
    assert project.job().state == "lost"
    assert "never started" in project.job().message
    assert project.status().state == "failed"
    assert ended(project, project.retry()).state == "finished"


def test_two_start_the_round_at_once_and_one_is_told(ready: Callable[[int], Project]) -> None:
    project = ready(LONG)
    command = [sys.executable, "-m", "altui", "run", str(project.root)]
    both = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[1] for one in both]
    assert sorted(one.returncode for one in both) == [0, 1]
    assert sum("running already" in text for text in said) == 1
    assert len(project.status().jobs) == 1
    project.cancel()


def test_a_failure_in_the_worker_is_explained(ready: Callable[[int], Project]) -> None:
    project = ready(4)
    (project.root / "samples" / "t1.tif").write_bytes(b"not a tiff any more")
    view = ended(project, project.run())
    assert view.state == "failed"
    assert "t1" in view.message
    assert "Traceback" not in view.message


def test_slurm_is_refused_with_a_way_out(new_folder: Callable[..., Path]) -> None:
    project = Project.open(new_folder(extra='[jobs]\nrunner = "slurm"'))
    project.approve_all()
    project.import_from_oracle()
    with pytest.raises(AltuiError, match="this machine only"):
        project.run()
