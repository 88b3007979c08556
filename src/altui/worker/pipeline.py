"""Reading ahead while the network computes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(
    make: Callable[[Item], Made],
    items: Iterable[Item],
    depth: int = 2,
    threads: int = 1,
    prepare: Callable[[], object] = lambda: None,
) -> Iterator[Made]:
    """`make(item)` for each item, in order, made up to `depth` ahead in other threads.

    `prepare` is called first in each of them. Raises what `make` raises, in the item's turn.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ahead", initializer=prepare)
    pending: deque[Future[Made]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(make, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class Behind:
    """Calls made in order in one other thread, at most one waiting: a writer's queue."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._last: Future[object] | None = None

    def call(self, function: Callable[[], object]) -> None:
        """Start `function` when the previous call is done. Raises what that one raised."""
        self.wait()
        self._last = self._pool.submit(function)

    def wait(self) -> None:
        """Until the last call is done. Raises what it raised."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()

    def __enter__(self) -> "Behind":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
