"""How much memory a job takes."""

import sys

import psutil


def memory() -> int | None:
    """Bytes resident in this process and its children; None where that cannot be told.

    What they share counts for each.
    """
    try:
        own = psutil.Process()
        return sum(_resident(each) for each in (own, *own.children(recursive=True)))
    except psutil.Error:
        return None


def gpu_memory() -> tuple[int, int] | None:
    """Bytes in use on the GPU, by whomever, and all of it; None where none is at work."""
    torch = sys.modules.get("torch")  # never imported for this alone
    if torch is None or not (torch.cuda.is_available() and torch.cuda.is_initialized()):
        return None
    try:
        free, total = torch.cuda.mem_get_info()
    except RuntimeError:
        return None
    return total - free, total


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended meanwhile
        return 0
