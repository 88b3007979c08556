"""What the networks that had not seen a slice's label predict for it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Pages:
    """`unseen`: the newest job whose network was not trained on the slice, and its prediction.
    `exported`: the predictions, by job, that a mask may have been started from: that one, the
    newest, and the newest when the slice was asked for.
    """

    unseen: tuple[str, Page] | None
    exported: Mapping[str, Page]

    def hold(self, mask: npt.NDArray[np.integer]) -> bool:
        """Whether a mask is one of them, pixel by pixel."""
        return any(np.array_equal(page, mask) for page in self.exported.values())


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

    def of(self, slice_id: SliceId) -> Pages:
        seen = self._seen_by.get(slice_id, ())
        asked = self._asked.get(slice_id, 0)
        unseen = [job for _, job in self._jobs if job not in seen]
        newest = [job for _, job in self._jobs]
        earlier = [job for number, job in self._jobs if number < asked]
        wanted = dict.fromkeys([*unseen[:1], *newest[:1], *earlier[:1]])
        pages = {job: page for job in wanted if (page := self._page(job, slice_id)) is not None}
        return Pages(next(((job, pages[job]) for job in unseen[:1] if job in pages), None), pages)

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

    def _page(self, job: str, slice_id: SliceId) -> Page | None:
        """None where none was made, or it is damaged: it is only compared with."""
        key = job, slice_id.sample
        try:
            with self._lock:
                if key not in self._stacks:
                    self._stacks[key] = self._opened(*key)
            stack = self._stacks[key]
            if stack is None:
                return None
            page: Page = stack.read(slice_id.index).astype(np.uint8, copy=False)
            return None if (page == NOT_MADE).all() else page
        except AltuiError:
            return None

    def _opened(self, job: str, sample: str) -> Stack | None:
        path = self._workspace.jobs / job / PREDICTIONS / f"{sample}.tif"
        try:
            return self._open.enter_context(open_stack(path.parent, path.name))
        except AltuiError:
            return None
