"""Where and how precisely to compute."""

import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy.typing as npt
import torch

from altui.config import Training
from altui.errors import AltuiError
from altui.text import count
from altui.worker.pipeline import ahead
from altui.worker.slots import available_cores

MOST_LANES = 8  # each holds a forward pass in memory
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Compute:
    """A device; `autocast_to` is None for float32."""

    device: torch.device
    autocast_to: torch.dtype | None
    description: str

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def autocast(self) -> AbstractContextManager[object]:
        if self.autocast_to is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_to)

    def tensor(self, values: torch.Tensor) -> torch.Tensor:
        """`values` on the device; from pinned memory the copy overlaps with computing."""
        return values.to(self.device, non_blocking=True)

    def staged(self, values: torch.Tensor) -> torch.Tensor:
        """`values` ready for a fast copy to the device; for the thread that reads ahead."""
        return values.pin_memory() if self.on_gpu else values

    def fetched(self, values: torch.Tensor) -> Callable[[], npt.NDArray[Any]]:
        """Starts to copy `values` to the CPU; call what it returns to wait for them."""
        if not self.on_gpu:
            return lambda: values.numpy()
        there = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        there.copy_(values, non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        done.record()

        def wait() -> npt.NDArray[Any]:
            done.synchronize()
            return there.numpy()

        return wait

    def side_by_side(self, make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """`make(item)` for each item, in order. On a CPU several at a time, each with a share of
        the cores: one forward pass over all of them leaves a good part of their time unused.
        """
        if self.on_gpu:
            yield from map(make, items)
            return
        cores = torch.get_num_threads()
        lanes = min(cores, MOST_LANES)
        try:
            yield from ahead(
                make, items, 2 * lanes, lanes, lambda: torch.set_num_threads(cores // lanes)
            )
        finally:
            torch.set_num_threads(cores)  # the lanes' setting would be that of any new thread


def choose(settings: Training) -> Compute:
    """The device and precision that the config asks for. Raises AltuiError.

    On the CPU every operation is deterministic: the same seed and labels give the same
    weights. On a GPU the fast, not quite deterministic kernels are used.
    """
    device = _device(settings.device)
    if device.type == "cpu":
        threads = available_cores()
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Filling memory that is written to anyway costs time and changes no result.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        name = f"cpu ({platform.machine()}, {count(threads, 'thread')})"
    else:
        torch.cuda.set_device(device)
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = True
        name = f"{device} ({torch.cuda.get_device_name(device)})"
    half = settings.precision == "bfloat16" or (
        settings.precision == "auto" and _is_fast_in_half(device)
    )
    return Compute(
        device,
        torch.bfloat16 if half else None,
        f"{name}, {'bfloat16' if half else 'float32'}",
    )


def _is_fast_in_half(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself; where it is emulated, it is slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Older versions of torch do not tell.
    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("amx_bf16") or known.get("avx512_bf16"))


def _device(name: str) -> torch.device:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda:0" if gpus else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise AltuiError(
            f'training.device = "{name}", but torch finds {count(gpus, "GPU")} on this machine',
            'set training.device to "auto" or "cpu", or run the job on a machine with a GPU',
        )
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device
