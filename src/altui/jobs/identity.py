"""Which process runs a job, and whether it still lives. A pid alone proves nothing."""

import fcntl
import os
import socket
from pathlib import Path

import psutil

from altui.jobs.folder import HEARTBEAT, LOCK, JobFolder, Process, now

SILENT_SECONDS = 120.0  # heartbeats come every 2 s; network file systems delay them
START_SLACK = 0.05  # seconds; the kernel counts in hundredths


def is_alive(folder: JobFolder, process: Process) -> bool:
    """Whether the very process that took the job still holds it."""
    if process.host != socket.gethostname():
        silent = heartbeat_age(folder)
        return silent is not None and silent < SILENT_SECONDS
    # Where someone removed the lock, the pid with its start time has to speak for it; a copy
    # from a backup has neither lock nor heartbeat.
    removed = not (folder.path / LOCK).exists() and heartbeat_age(folder) is not None
    held = removed or lock_held(folder)
    return process.boot_id == boot_id() and is_running(process) and held


def is_running(process: Process) -> bool:
    """The pid exists, is no zombie, and started when the job's process did. Of a process that the
    kernel hides from other users, that it exists is all that can be told.
    """
    try:
        found = psutil.Process(process.pid)
        same = abs(start_of(process.pid) - process.started) <= START_SLACK
        return bool(same and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return _is_hidden(process.pid)


def _is_hidden(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        pass
    return False


def start_of(pid: int) -> float:
    """Seconds from the machine's start to the process's: no change of the clock moves it.

    Where the kernel does not tell, seconds since the epoch. Raises psutil.Error.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return float(psutil.Process(pid).create_time())
    # The name, in brackets, may hold spaces and brackets itself.
    ticks = int(stat.rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def lock_held(folder: JobFolder) -> bool:
    """Whether some process holds the job's lock."""
    try:
        handle = os.open(folder.path / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # cannot tell; the pid has to speak for it
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def heartbeat_age(folder: JobFolder) -> float | None:
    """Seconds since the job last gave a sign of life; None where it gave none."""
    try:
        touched = (folder.path / HEARTBEAT).stat().st_mtime
    except OSError:
        return None
    return now().timestamp() - touched


def boot_id() -> str:
    """Differs after each start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(psutil.boot_time())


def this_process() -> Process:
    """The identity of the calling process."""
    return Process(
        host=socket.gethostname(),
        boot_id=boot_id(),
        pid=os.getpid(),
        started=start_of(os.getpid()),
    )
