"""The process: lock, signals, and how failures are told."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from altui.files import clear_unfinished
from altui.jobs.folder import HEARTBEAT, LOCK, SPEC, JobFolder
from altui.worker.life import take_lock

from .made import label, log_of, make_job, make_project, start, two_labels


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_hang_up_is_ignored_a_second_worker_refused_and_sigterm_heeded(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"steps": 100_000}})
    folder = make_job(tmp_path, config, two_labels(tmp_path))
    process = start(folder)
    try:
        until(lambda: len(folder.progress()) > 2)
        process.send_signal(signal.SIGHUP)
        second = subprocess.run(
            [sys.executable, "-m", "altui.worker", str(folder.path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert "another process runs" in second.stdout
        assert process.poll() is None
        beat = (folder.path / HEARTBEAT).stat().st_mtime
        until(lambda: (folder.path / HEARTBEAT).stat().st_mtime > beat)
        unfinished = folder.path / ".model.pt.x.tmp"
        unfinished.touch()

        before = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
        assert time.monotonic() - before < 2
    finally:
        process.kill()
    assert folder.result() is None
    assert not unfinished.exists()
    assert not (folder.path / "model.pt").exists()
    # The kernel has freed the lock.
    handle = take_lock(folder.path / LOCK, 1)
    assert handle is not None
    os.close(handle)


def test_the_lock_is_waited_for_as_observers_hold_it_for_a_moment(tmp_path: Path) -> None:
    with (tmp_path / LOCK).open("w") as observer:
        fcntl.flock(observer, fcntl.LOCK_SH)
        assert take_lock(tmp_path / LOCK, 0.2) is None
    handle = take_lock(tmp_path / LOCK, 0.2)
    assert handle is not None
    os.close(handle)


def test_without_torch_the_job_fails_and_says_how_to_install_it(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "torch.py").write_text("raise ModuleNotFoundError(\"No module\", name='torch')")
    folder = make_job(tmp_path, make_project(tmp_path), two_labels(tmp_path))
    assert start(folder, PYTHONPATH=str(hidden)).wait(60) == 1
    result = folder.result()
    assert result is not None
    assert result.state == "failed"
    assert "torch is not installed" in result.message
    assert "pip install '.[train]'" in result.hint


def test_a_broken_mask_fails_the_job_without_a_traceback(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    broken = label(tmp_path, "a", 1)
    (tmp_path / broken.path).write_bytes(b"II*\0 no TIFF")
    folder = make_job(tmp_path, config, [broken])
    assert start(folder).wait(60) == 1
    result = folder.result()
    assert result is not None
    assert result.state == "failed"
    assert "a-1.tif" in result.message
    assert result.hint
    assert "Traceback" not in log_of(folder)
    assert result.message.split(":")[0] in log_of(folder)


def test_a_damaged_spec_is_a_failed_job(tmp_path: Path) -> None:
    (tmp_path / SPEC).write_text("{")
    assert start(JobFolder(tmp_path)).wait(60) == 1
    result = JobFolder(tmp_path).result()
    assert result is not None
    assert "damaged" in result.message


def test_usage(tmp_path: Path) -> None:
    for arguments in ([], [str(tmp_path / "nowhere")]):
        command = [sys.executable, "-m", "altui.worker", *arguments]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_importing_the_worker_is_light() -> None:
    code = (
        "import sys, altui.worker, altui.worker.life; "
        "sys.exit(bool({'torch', 'timm', 'tifffile', 'textual'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "predictions").mkdir()
    for name in (".scores.npz.1.tmp", "predictions/.a.tif.2.tmp", "predictions/b.tif", "log.txt"):
        (tmp_path / name).touch()
    clear_unfinished(tmp_path)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"b.tif", "log.txt"}
