"""Exceptions of a job in the words of `result.json`. Imports no torch."""

import errno

from altui.errors import AltuiError
from altui.text import plain

TRAINING_PACKAGES = frozenset(
    {"torch", "torchvision", "segmentation_models_pytorch", "timm", "huggingface_hub"}
)
SHORT = ("can't allocate memory", "CUDA error: out of memory", "_STATUS_ALLOC_FAILED")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def explain(error: Exception) -> AltuiError:
    """What to tell a person about `error`; an AltuiError says it already."""
    if isinstance(error, AltuiError):
        return error
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").split(".")[0]
        if package in TRAINING_PACKAGES:
            return AltuiError(
                f"{package} is not installed on this machine, so it cannot train",
                "install altui with its train extra, in its folder: pip install '.[train]'; "
                "then run the job again",
            )
    if out_of_memory(error):
        return AltuiError(
            f"the memory did not suffice: {_first_line(error)}",
            "lower training.batch or training.crop (for whole slices: training.tile) in "
            "altui.toml, then run the job again",
        )
    if isinstance(error, OSError) and error.errno in FULL:
        return AltuiError(
            f"the disk is full: {_first_line(error)}",
            "free some space on the project's disk, then run the job again",
        )
    return AltuiError(
        f"{type(error).__name__}: {_first_line(error)}",
        "the job's log has the details; when the cause is mended, run the job again",
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether Python, torch on the CPU or torch on a GPU ran out of memory."""
    return (
        isinstance(error, MemoryError)
        or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
        # torch on the CPU raises a plain RuntimeError, and so do CUDA's libraries
        or (isinstance(error, RuntimeError) and any(words in str(error) for words in SHORT))
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return plain(lines[0][:300]) if lines else "no details"
