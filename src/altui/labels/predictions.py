"""What the newest network predicts for training slices, and where it is unsure."""

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.jobs.folder import PREDICTIONS, UNCERTAINTY
from altui.rounds.state import current_round, results_job
from altui.slices import SliceId
from altui.store.history import History
from altui.volumes.stack import open_stack
from altui.workspace import Workspace

Page = npt.NDArray[np.uint8]

NOT_MADE = 255  # fills the pages of slices that the job did not predict; never a class id


def newest_results_job(history: History) -> str | None:
    """The finished job of the newest round that has one."""
    for number in range(current_round(history), 0, -1):
        job = results_job(history, number)
        if job is not None:
            return job
    return None


def newest_prediction(workspace: Workspace, slice_id: SliceId) -> Page | None:
    """(height, width) uint8 class ids, or None where no network has predicted the slice."""
    mask = _newest_page(workspace, slice_id, PREDICTIONS)
    return None if mask is None or (mask == NOT_MADE).all() else mask


def newest_uncertainty(workspace: Workspace, slice_id: SliceId) -> Page | None:
    """(h, w) uint8 entropy, 255 for the greatest, of the slice shrunk to 256 pixels at most; or
    None where no network has scored the slice.
    """
    return _newest_page(workspace, slice_id, UNCERTAINTY)


def starting_prediction(workspace: Workspace, slice_id: SliceId) -> tuple[Page | None, Page | None]:
    """The prediction to start a mask from, and its uncertainty, as the newest ones are: of the
    newest network that has not learnt from the slice's own label, where there is one.
    """
    history = workspace.store.history()
    own = {label.id for label in history.labels if label.slice == slice_id}
    seen = {job for job, label in history.job_labels if label in own}
    finished = [results_job(history, one) for one in range(current_round(history), 0, -1)]
    jobs = [job for job in finished if job is not None]
    for job in [*(one for one in jobs if one not in seen), *jobs[:1]]:
        mask = _page(workspace, job, slice_id, PREDICTIONS)
        if mask is not None and not (mask == NOT_MADE).all():
            return mask, _page(workspace, job, slice_id, UNCERTAINTY)
    return None, newest_uncertainty(workspace, slice_id)


def difference(
    workspace: Workspace, slice_id: SliceId, mask: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_] | None:
    """(height, width) where a mask differs from `starting_prediction`, ignored pixels left out;
    None where there is none of its shape.
    """
    predicted, _ = starting_prediction(workspace, slice_id)
    if predicted is None or predicted.shape != mask.shape:
        return None
    known = (mask != workspace.config.classes.ignore) & (predicted != NOT_MADE)
    differs: npt.NDArray[np.bool_] = (predicted != mask) & known
    return differs


def _newest_page(workspace: Workspace, slice_id: SliceId, kind: str) -> Page | None:
    """A slice's page of the newest job with results; None where there is none."""
    job = newest_results_job(workspace.store.history())
    return None if job is None else _page(workspace, job, slice_id, kind)


def _page(workspace: Workspace, job: str, slice_id: SliceId, kind: str) -> Page | None:
    path = workspace.jobs / job / kind / f"{slice_id.sample}.tif"
    if not path.is_file():
        return None
    try:
        with open_stack(path.parent, path.name) as stack:
            page: Page = stack.read(slice_id.index).astype(np.uint8)
            return page
    except AltuiError:
        return None  # a picture to start from, nothing more
