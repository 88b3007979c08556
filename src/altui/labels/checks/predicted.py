"""What the networks that had not seen a slice's label predict for it."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.jobs.folder import PREDICTIONS
from altui.labels.predictions import NOT_MADE, Page
from altui.rounds.state import current_round, results_job
from altui.slices import SliceId
from altui.store.history import History
from altui.volumes.stack import Stack, open_stack
from altui.workspace import Workspace


class Predicted:
    """Predictions of one project's jobs, their stacks kept open. Threads may share one."""

    def __init__(self, workspace: Workspace, history: History) -> None:
        self._workspace = workspace
        self._history = history
        self._stacks: dict[tuple[str, str], Stack | None] = {}
        self._open = ExitStack()
        self._lock = Lock()

    def close(self) -> None:
        self._open.close()

    def unseen(self, slice_id: SliceId) -> tuple[str, Page] | None:
        """The newest job whose network was not trained on the slice, and its prediction."""
        seen = self._seen_by.get(slice_id, ())
        return next(self._made(slice_id, [job for _, job in self._jobs if job not in seen]), None)

    def is_exported(self, slice_id: SliceId, mask: npt.NDArray[np.integer]) -> bool:
        """Whether a mask is, pixel by pixel, a prediction that may have been exported to start it
        from: the newest, the newest of a network that had not seen the slice, or the newest
        when the slice was asked for.
        """
        asked = self._asked.get(slice_id, 0)
        seen = self._seen_by.get(slice_id, ())
        candidates = [
            [job for _, job in self._jobs],
            [job for _, job in self._jobs if job not in seen],
            [job for number, job in self._jobs if number < asked],
        ]
        jobs = dict.fromkeys(job for newest in candidates for job in newest[:1])
        return any(np.array_equal(page, mask) for _, page in self._made(slice_id, list(jobs)))

    @cached_property
    def _jobs(self) -> list[tuple[int, str]]:
        """Rounds and their jobs with results, newest first."""
        numbers = range(current_round(self._history), 0, -1)
        found = [(number, results_job(self._history, number)) for number in numbers]
        return [(number, job) for number, job in found if job is not None]

    @cached_property
    def _asked(self) -> dict[SliceId, int]:
        """The round that last asked for each slice."""
        return {one.slice: one.round for one in self._history.decisions}

    @cached_property
    def _seen_by(self) -> dict[SliceId, set[str]]:
        """Jobs whose networks were trained on a slice's label."""
        slices = {label.id: label.slice for label in self._history.labels}
        seen: dict[SliceId, set[str]] = {}
        for job, label in self._history.job_labels:
            if label in slices:
                seen.setdefault(slices[label], set()).add(job)
        return seen

    def _made(self, slice_id: SliceId, jobs: list[str]) -> Iterator[tuple[str, Page]]:
        for job in jobs:
            page = self._page(job, slice_id)
            if page is not None and not (page == NOT_MADE).all():
                yield job, page

    def _page(self, job: str, slice_id: SliceId) -> Page | None:
        """None where there is none, or a damaged one: it is only compared with."""
        key = job, slice_id.sample
        try:
            with self._lock:
                if key not in self._stacks:
                    self._stacks[key] = self._opened(*key)
            stack = self._stacks[key]
            return (
                None if stack is None else stack.read(slice_id.index).astype(np.uint8, copy=False)
            )
        except AltuiError:
            return None

    def _opened(self, job: str, sample: str) -> Stack | None:
        path = self._workspace.jobs / job / PREDICTIONS / f"{sample}.tif"
        try:
            return self._open.enter_context(open_stack(path.parent, path.name))
        except AltuiError:
            return None
