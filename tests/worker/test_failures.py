"""Exceptions in words."""

import errno

import pytest
import torch

from altui.errors import AltuiError
from altui.worker.failures import explain, out_of_memory


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (AltuiError("what", "do"), "what", "do"),
        (MemoryError(), "memory", "training.batch"),
        (torch.OutOfMemoryError("CUDA out of memory"), "CUDA", "training.crop"),
        (OSError(errno.ENOSPC, "No space left"), "disk is full", "free some space"),
        (ModuleNotFoundError("No", name="timm.layers"), "timm", ".[train]"),
        (ModuleNotFoundError("No", name="json"), "ModuleNotFoundError", "log"),
        (KeyError("x\x1b[31m"), "KeyError: 'x", "log"),
        (ValueError(), "ValueError: no details", "log"),
    ],
)
def test_each_failure_says_what_to_do(error: Exception, message: str, hint: str) -> None:
    said = explain(error)
    assert message in said.message
    assert hint in said.hint
    assert "\x1b" not in said.message


def test_torch_out_of_cpu_memory_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert out_of_memory(caught.value)
    assert not out_of_memory(RuntimeError("other"))
    assert not out_of_memory(OSError("CUDA error: out of memory"))


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_the_libraries_under_torch_run_out_of_memory_in_their_own_words(said: str) -> None:
    assert out_of_memory(RuntimeError(said))
