"""The life of a job's process: lock, identity, heartbeat, signals, result.

A job is alive as long as its lock is held. It ends by writing `result.json`, or by
SIGTERM, which writes nothing: whoever sent it has recorded the cancellation.
"""

import contextlib
import fcntl
import os
import signal
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from altui.errors import AltuiError
from altui.files import clear_unfinished, current_umask
from altui.jobs.folder import HEARTBEAT, LOCK, PROCESS, RESULT, JobFolder, JobResult, now
from altui.jobs.identity import this_process
from altui.text import plain
from altui.worker.failures import explain
from altui.worker.log import say

HEARTBEAT_SECONDS = 2.0
LOCK_PATIENCE_SECONDS = 5.0  # observers test the lock by taking it for a moment
TERMINATED = 128 + signal.SIGTERM  # 143, as a shell reports it

_last_acts: list[Callable[[], None]] = []  # before SIGTERM ends the process


def main(arguments: Sequence[str]) -> int:
    """The process's exit status: 0 finished, 1 failed or refused, 2 usage, 143 terminated."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m altui.worker JOBFOLDER", file=sys.stderr)
        return 2
    folder = JobFolder(Path(arguments[0]).resolve())
    # A team's other members go on from what this job leaves.
    os.umask(current_umask() & ~(folder.path.stat().st_mode & stat.S_IRWXG))
    return live(folder)


def live(folder: JobFolder) -> int:
    """Run the job of `folder` once, if nobody else does and it has not ended."""
    if _has_ended(folder):
        return 0
    try:
        lock = take_lock(folder.path / LOCK, LOCK_PATIENCE_SECONDS)
    except OSError as error:
        say(f"the lock of job {folder.id} cannot be taken: {plain(error)}")
        return 1
    if lock is None:
        say(f"another process runs job {folder.id}: this one ends")
        return 1
    if _has_ended(folder):  # it ended between the first look and the lock
        return 0
    _heed_signals(folder.path)
    result = _run(folder)
    return 0 if _write(folder, result) and result.state == "finished" else 1


def take_lock(path: Path, patience: float) -> int | None:
    """Hold the lock for the rest of the process; None if another holds it for `patience` s.

    Returns the file descriptor, which nothing closes: the kernel frees the lock when the
    process ends, however it ends.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(handle)
                return None
            time.sleep(0.05)


def _has_ended(folder: JobFolder) -> bool:
    ended = (folder.path / RESULT).exists()
    if ended:
        say(f"job {folder.id} has already ended: nothing to do")
    return ended


def _run(folder: JobFolder) -> JobResult:
    started = now()
    try:
        clear_unfinished(folder.path)
        folder.write(PROCESS, this_process())
        _beat(folder.path / HEARTBEAT)
        spec = folder.spec()
        if spec.kind == "simulate":
            from altui.worker.simulate import simulate

            simulate(folder, spec, _last_acts.append)
            return JobResult(state="finished", started_at=started, ended_at=now())
        _share_the_cores()
        from altui.worker.stages import run  # imports torch, for seconds

        outcome = run(folder, spec)
    except AltuiError as error:
        return _failed(started, error)
    except Exception as error:
        traceback.print_exc()
        return _failed(started, explain(error))
    return JobResult(
        state="finished",
        started_at=started,
        ended_at=now(),
        device=outcome.device,
        train_loss=outcome.train_loss,
        confusions=outcome.confusions,
        stability=outcome.stability,
    )


def _share_the_cores() -> None:
    """Let torch's idle threads sleep; to be called before torch is imported.

    They spin by default, waiting for the next operation. Two jobs on the same two cores
    then take each other's time: a training step was 10 s instead of 1.2 s.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _failed(started: datetime, error: AltuiError) -> JobResult:
    say(f"failed: {error.message}")
    if error.hint:
        say(f"hint: {error.hint}")
    return JobResult(
        state="failed",
        message=error.message,
        hint=error.hint,
        started_at=started,
        ended_at=now(),
    )


def _write(folder: JobFolder, result: JobResult) -> bool:
    # On a full disk these few bytes are what makes the difference between "failed" and "lost".
    clear_unfinished(folder.path)
    try:
        folder.write(RESULT, result)
    except OSError as error:
        say(f"{RESULT} cannot be written: {plain(error)}")
        return False
    return True


def _beat(path: Path) -> None:
    """Touch `path` every two seconds until the process ends."""
    path.touch()

    def beat() -> None:
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(OSError):
                path.touch()

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def _heed_signals(path: Path) -> None:
    """SIGHUP is ignored; SIGTERM ends the process at once with status 143.

    A Python signal handler waits until torch returns, which takes seconds within a large
    slice. So SIGTERM is blocked in every thread (those started later inherit the mask)
    and one thread waits for it.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        say("terminated")
        for act in _last_acts:
            with contextlib.suppress(Exception):  # nothing may keep it from ending
                act()
        clear_unfinished(path)
        os._exit(TERMINATED)

    threading.Thread(target=wait, name="sigterm", daemon=True).start()
