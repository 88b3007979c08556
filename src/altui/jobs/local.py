"""The local runner: a job is a process of this machine in a session of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from altui.errors import AltuiError
from altui.files import share
from altui.jobs.folder import LOCK, LOG, JobFolder
from altui.jobs.identity import is_alive, is_running, lock_held
from altui.text import plain

STOP_SECONDS = 10.0

# Held so that Python does not warn of running children; the state of a job is never
# taken from here, since most altuis that look at it did not start it.
_children: list[subprocess.Popen[bytes]] = []


def launch(folder: JobFolder, **environment: str) -> subprocess.Popen[bytes]:
    """Start the worker so that neither the terminal nor altui can take it down.

    A session of its own: a hang-up reaches no process of another session. `environment`: what
    it gets beside this process's own. Raises AltuiError.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    try:
        with (folder.path / LOG).open("ab") as log:
            share(folder.path / LOG)
            child = subprocess.Popen(
                [sys.executable, "-m", "altui.worker", str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | environment | {"PYTHONUNBUFFERED": "1"},
            )
    except OSError as error:
        raise AltuiError(
            f"the job could not be started: {plain(error)}", "free some memory or disk and retry"
        ) from None
    _children.append(child)
    return child


def check_stoppable(folder: JobFolder) -> None:
    """Raises AltuiError where a job runs that this process may not end."""
    process = folder.process()
    if process is None or not is_alive(folder, process):
        return
    if process.host != socket.gethostname():
        raise AltuiError(
            f"{folder.id} runs on {plain(process.host)}", "cancel it from there, or kill it by hand"
        )
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise AltuiError(
            f"{folder.id} runs as another user's process (pid {process.pid})",
            "ask whoever started it to cancel it",
        ) from None


def stop(folder: JobFolder) -> None:
    """End the job's process: asked first, killed after ten seconds. Raises AltuiError."""
    deadline = time.monotonic() + STOP_SECONDS
    process = folder.process()
    while process is None and time.monotonic() < deadline:  # it was started a moment ago
        time.sleep(0.1)
        process = folder.process()
    if process is None or not is_alive(folder, process):
        if lock_held(folder):
            raise AltuiError(
                f"some process holds {plain(folder.path / LOCK)}, and it is not the one noted",
                f"see which with: fuser {plain(folder.path / LOCK)}",
            )
        return
    check_stoppable(folder)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    if is_running(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
