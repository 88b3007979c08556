"""Masks decoded and checked ahead, in threads, while those before them are taken in."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")
AHEAD = 64  # results that wait for their turn: small things, not pixels
BATCH, SECONDS = 48, 2.0  # what a kill may cost, of work that nobody was told is done


def threads() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batches(items: Iterable[_T], most: int = BATCH, seconds: float = SECONDS) -> Iterator[list[_T]]:
    """`items` in lists: of `most` at most, and no longer than what came within `seconds`."""
    batch: list[_T] = []
    began = time.monotonic()
    for item in items:
        batch.append(item)
        if len(batch) == most or time.monotonic() - began >= seconds:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch


def in_order(function: Callable[[_T], _R], items: Iterable[_T], ahead: int = AHEAD) -> Iterator[_R]:
    """`map`, in threads, at most `ahead` results ahead of whoever takes them."""
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads(), thread_name_prefix="altui-import") as pool:
        try:
            for item in items:
                if len(waiting) == ahead:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
