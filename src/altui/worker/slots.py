"""Which devices and cores there are to train on, and which device is the least busy."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable

COUNT = "import torch; print(torch.cuda.device_count() if torch.cuda.is_available() else 0)"
THREADS = "OMP_NUM_THREADS"
PATIENCE_SECONDS = 120.0  # a cold import of torch from a network disk


def devices(setting: str) -> list[str]:
    """What `training.device` stands for on this machine: one name a device."""
    if setting not in ("auto", "cuda"):
        return [setting]
    # Without a GPU "cuda" is left to the training to refuse, in its own words.
    return [f"cuda:{number}" for number in range(gpus())] or [
        "cpu" if setting == "auto" else setting
    ]


def free_device(every: list[str], busy: Iterable[str], parallel: int) -> str | None:
    """The device with the fewest trainings; None where all have `parallel` of them."""
    load = Counter(busy)
    least = min(every, key=lambda device: load[device])
    return least if load[least] < parallel else None


def gpus() -> int:
    """How many GPUs torch sees; asked in another process, since torch stays out of this one."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", COUNT],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return int(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def available_cores() -> int:
    """The cores that this process may use; Slurm, taskset and OMP_NUM_THREADS narrow it down."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.get(THREADS, "")
    return max(min(cores or 1, int(wanted) if wanted.isdecimal() else cores or 1), 1)
