"""The predictions of the last round's network, which tell how far the new ones moved."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.jobs.folder import PREDICTIONS, JobFolder, JobSpec
from altui.text import plain
from altui.volumes.stack import Stack, open_stack
from altui.worker.log import say
from altui.worker.samples import IGNORED, ClassIds, OpenSample


class Previous:
    """The predicted masks that an earlier train job left, one stack a sample."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / PREDICTIONS

    def open(self, sample: OpenSample) -> AbstractContextManager[Stack | None]:
        """None, with a line in the log, where there are none that fit the sample."""
        images = sample.images
        try:
            stack = open_stack(self.folder, f"{sample.name}.tif")
        except AltuiError as error:
            say(f"no earlier predictions of {plain(sample.name)}: {error.message}")
            return nullcontext()
        size = (stack.slices, stack.height, stack.width)
        if size == (images.slices, images.height, images.width) and stack.dtype == np.uint8:
            return stack
        stack.close()
        say(f"the earlier predictions of {plain(sample.name)} are of another size")
        return nullcontext()


def previous_of(spec: JobSpec) -> Previous | None:
    """Of the last round; None, with a line in the log, where they cannot be compared."""
    if spec.previous is None:
        return None
    folder = Path(spec.project) / spec.previous
    try:
        then = JobFolder(folder).spec().config.classes
    except AltuiError as error:
        say(f"predictions are not compared with the last round's: {error.message}")
        return None
    if then.names != spec.config.classes.names:
        say("predictions are not compared with the last round's: the classes have changed")
        return None
    return Previous(folder)


def read(stack: Stack, indices: range) -> ClassIds:
    """(n, h, w), IGNORED where no prediction was made or none can be read."""
    pages = np.full((len(indices), stack.height, stack.width), IGNORED, np.uint8)
    for place, index in enumerate(indices):
        try:
            pages[place] = stack.read(index)
        except AltuiError as error:  # a comparison less is no reason to fail
            say(error.message)
    return pages


def agreement(before: ClassIds, now: ClassIds) -> npt.NDArray[np.float32]:
    """(n,) share of the pixels (n, h, w) predicted as before; NaN where nothing was."""
    known = (before != IGNORED).sum((1, 2))
    same = (before == now).sum((1, 2))
    share: npt.NDArray[np.float32] = np.where(
        known > 0, same / np.maximum(known, 1), np.nan
    ).astype(np.float32)
    return share
