"""The newest network's predictions for training slices."""

from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.jobs.folder import PREDICTIONS
from altui.rounds.state import current_round, results_job
from altui.slices import SliceId
from altui.store.history import History
from altui.volumes.stack import open_stack
from altui.workspace import Workspace

NOT_MADE = 255  # fills the pages of slices that the job did not predict; never a class id


def newest_results_job(history: History) -> str | None:
    """The finished job of the newest round that has one."""
    for number in range(current_round(history), 0, -1):
        job = results_job(history, number)
        if job is not None:
            return job
    return None


def newest_prediction(workspace: Workspace, slice_id: SliceId) -> npt.NDArray[Any] | None:
    """(height, width) uint8 class ids, or None where no network has predicted the slice."""
    job = newest_results_job(workspace.store.history())
    if job is None:
        return None
    path = workspace.jobs / job / PREDICTIONS / f"{slice_id.sample}.tif"
    if not path.is_file():
        return None
    try:
        with open_stack(path.parent, path.name) as stack:
            mask = stack.read(slice_id.index).astype(np.uint8)
    except AltuiError:
        return None  # a picture to start from, nothing more
    return None if (mask == NOT_MADE).all() else mask
