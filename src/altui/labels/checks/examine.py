"""Every check of a decoded mask that can be made before others are known."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.accept import read_label
from altui.labels.checks.agreement import Apart, compare
from altui.labels.checks.content import check_content, check_missing
from altui.labels.checks.disagreement import check_disagreement
from altui.labels.checks.elsewhere import AGREES, check_elsewhere, fits_better
from altui.labels.checks.exchanged import check_exchanged
from altui.labels.checks.orientation import gradients_of
from altui.labels.checks.pieces import check_pieces
from altui.labels.checks.predicted import Predicted
from altui.labels.checks.remark import Figure, Remark
from altui.labels.checks.shape import check_shape, count_classes
from altui.labels.checks.turned import check_turn
from altui.labels.predictions import Page
from altui.labels.runs import Runs, runs_of
from altui.labels.verdict import Refusal
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.history import History
from altui.volumes.stack import Stack
from altui.workspace import Workspace

Mask = npt.NDArray[np.integer]
NEAR = 0.1  # of a sample's slices: farther along z, a label says nothing of what is here


@dataclass(frozen=True)
class Examined:
    """What was remarked of a mask, and, where a network that had not seen the slice predicted it,
    the `disagreement` with that and its `job`.
    """

    remarks: tuple[Remark, ...]
    figures: dict[str, Figure]
    pixels: int


class Examiner:
    """Examines masks against a project as it stood when an import began, so that a dry run
    says the same as the import. Threads may share one.
    """

    def __init__(self, workspace: Workspace, history: History, others: Sequence[Apart]) -> None:
        """`others`: how far labelled slices' labels are from the prediction."""
        self._workspace = workspace
        self._classes = workspace.config.classes
        self._history = history
        self._others = others
        self._predicted = Predicted(workspace, history)
        self._images: dict[str, Stack] = {}
        self._asked = slate(history, current_round(history)).approved
        self._gradients: dict[SliceId, npt.NDArray[Any] | None] = {}  # of images
        self._counts: dict[str, Counter[int] | None] = {}  # of labels, by SHA-256
        self._open = ExitStack()
        self._lock = Lock()

    def close(self) -> None:
        self._predicted.close()
        self._open.close()

    def examine(
        self, slice_id: SliceId, mask: Mask, *, edges: bool = True
    ) -> tuple[Runs, Examined]:
        """Also the mask's runs. `edges`: look at the slice's own image too. Raises Refusal for a
        mask that can be no label of the slice, or whose slice cannot be looked at.
        """
        try:
            self._workspace.check_slice(slice_id)
        except AltuiError as error:
            raise Refusal("no-such-slice", error.message) from None
        check_shape(mask, self._workspace.headers[slice_id.sample])
        runs = runs_of(mask)
        counts = count_classes(runs, self._classes)
        mask = np.ascontiguousarray(mask, np.uint8 if max(counts, default=0) < 256 else np.uint16)
        pages = self._predicted.of(slice_id)
        job, prediction = pages.unseen or ("", None)
        if prediction is not None and prediction.shape != mask.shape:
            prediction = None
        gradients = cache(partial(gradients_of, self._image(slice_id))) if edges else None
        marked = check_content(counts, self._classes)
        apart = None if prediction is None else compare(mask, prediction, self._classes.ignore)
        turned = check_turn(mask, prediction, gradients, self._classes)
        elsewhere = (
            None if gradients is None else self._check_elsewhere(slice_id, mask, gradients, apart)
        )
        found = [
            Remark("unedited", "is the network's own prediction, pixel by pixel")
            if pages.hold(mask)
            else None,
            marked,
            # The likelier of the two comes first, and is the verdict.
            *((elsewhere, turned) if fits_better(elsewhere, turned) else (turned, elsewhere)),
        ]
        figures: dict[str, Figure] = {}
        if prediction is not None and apart is not None:
            figures = {
                "disagreement": round(apart.disagreement, 5),
                "pixels": round(apart.share, 7),
                "job": job,
            }
            found.append(check_exchanged(mask, prediction, self._classes))
            if marked is None:
                found.append(self._check_missing(slice_id, counts, prediction))
            found.append(check_disagreement(apart, self._others))
        found.append(check_pieces(runs, self._classes.ignore))
        return runs, Examined(tuple(filter(None, found)), figures, mask.size)

    def _check_elsewhere(
        self,
        slice_id: SliceId,
        mask: Mask,
        gradients: Callable[[], npt.NDArray[Any]],
        apart: Apart | None,
    ) -> Remark | None:
        if apart is not None and apart.disagreement < AGREES:
            return None
        headers = self._workspace.headers
        size = headers[slice_id.sample].height, headers[slice_id.sample].width
        others = [
            one
            for one in self._asked
            if one != slice_id
            and self._workspace.holds(one)
            and (headers[one.sample].height, headers[one.sample].width) == size
        ]
        if not others:
            return None
        if slice_id in self._asked:
            self._gradients[slice_id] = gradients()

        def of(one: SliceId) -> npt.NDArray[Any] | None:
            return gradients() if one == slice_id else self._gradients_of(one)

        return check_elsewhere(mask, slice_id, others, of, self._classes.ignore)

    def _gradients_of(self, slice_id: SliceId) -> npt.NDArray[Any] | None:
        """Of a slice asked for, kept for the next mask; None for a damaged image."""
        if slice_id not in self._gradients:
            try:
                self._gradients[slice_id] = gradients_of(self._image(slice_id))
            except Refusal:
                self._gradients[slice_id] = None
        return self._gradients[slice_id]

    def _check_missing(
        self, slice_id: SliceId, counts: Counter[int], prediction: Page
    ) -> Remark | None:
        try:
            predicted = count_classes(runs_of(prediction), self._classes)
        except Refusal:
            return None  # of a network with other classes
        return check_missing(counts, predicted, self._nearest(slice_id), self._classes)

    def _nearest(self, slice_id: SliceId) -> list[tuple[SliceId, Counter[int]]]:
        """The labelled slices next to it, on either side, as far as they are near."""
        far = max(1, NEAR * self._workspace.headers[slice_id.sample].slices)
        steps = [
            one.index - slice_id.index
            for one in self._history.current_labels
            if one.sample == slice_id.sample and 0 < abs(one.index - slice_id.index) <= far
        ]
        sides = ([-step for step in steps if step < 0], [step for step in steps if step > 0])
        nearest = [min(side) * sign for side, sign in zip(sides, (-1, 1), strict=True) if side]
        slices = [SliceId(slice_id.sample, slice_id.index + step) for step in nearest]
        counted = [(one, self._counts_of(one)) for one in slices]
        return [(one, counts) for one, counts in counted if counts is not None]

    def _counts_of(self, slice_id: SliceId) -> Counter[int] | None:
        """Of a slice's label; None for a damaged one."""
        label = self._history.current_labels[slice_id]
        if label.sha256 not in self._counts:
            try:
                runs = runs_of(read_label(self._workspace, label))
                self._counts[label.sha256] = count_classes(runs, self._classes)
            except (AltuiError, Refusal):
                self._counts[label.sha256] = None
        return self._counts[label.sha256]

    def _image(self, slice_id: SliceId) -> npt.NDArray[Any]:
        """Raises Refusal: without its image, a mask cannot be checked."""
        try:
            with self._lock:
                if slice_id.sample not in self._images:
                    stack = self._open.enter_context(self._workspace.images(slice_id.sample))
                    self._images[slice_id.sample] = stack
            return self._images[slice_id.sample].read(slice_id.index)
        except AltuiError as error:
            raise Refusal("image", f"the slice's own image is damaged: {error.message}") from None
