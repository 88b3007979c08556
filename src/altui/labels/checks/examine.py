"""Every check of a decoded mask that can be made before others are known."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.accept import read_label
from altui.labels.checks.agreement import compare_turned, share_apart
from altui.labels.checks.content import check_content, check_missing
from altui.labels.checks.disagreement import check_disagreement
from altui.labels.checks.orientation import fit_edges
from altui.labels.checks.pieces import check_pieces
from altui.labels.checks.predicted import Predicted
from altui.labels.checks.remark import Figure, Remark
from altui.labels.checks.shape import check_shape, count_classes
from altui.labels.predictions import Page
from altui.labels.verdict import Refusal
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

    def __init__(self, workspace: Workspace, history: History, others: Sequence[float]) -> None:
        """`others`: labelled slices' disagreements with the prediction."""
        self._workspace = workspace
        self._classes = workspace.config.classes
        self._history = history
        self._others = others
        self._predicted = Predicted(workspace, history)
        self._images: dict[str, Stack] = {}
        self._counts: dict[str, Counter[int] | None] = {}  # of labels, by SHA-256
        self._open = ExitStack()
        self._lock = Lock()

    def close(self) -> None:
        self._predicted.close()
        self._open.close()

    def examine(
        self, slice_id: SliceId, mask: Mask, *, edges: bool = True
    ) -> tuple[Mask, Examined]:
        """Also the mask in as few bytes a pixel as it needs. `edges`: look at the slice's own
        image too. Raises Refusal for a mask that can be
        no label of the slice, or whose slice cannot be looked at.
        """
        try:
            self._workspace.check_slice(slice_id)
        except AltuiError as error:
            raise Refusal("no-such-slice", error.message) from None
        check_shape(mask, self._workspace.headers[slice_id.sample])
        counts = count_classes(mask, self._classes)
        mask = np.ascontiguousarray(mask, np.uint8 if max(counts, default=0) < 256 else np.uint16)
        job, prediction = self._predicted.unseen(slice_id) or ("", None)
        if prediction is not None and prediction.shape != mask.shape:
            prediction = None
        figures: dict[str, Figure] = {}
        if prediction is not None:
            share = share_apart(mask, prediction, self._classes.ignore)
            figures = {"disagreement": round(share, 5), "job": job}
        remarks = tuple(self._remarks(slice_id, mask, counts, prediction, figures, edges))
        return mask, Examined(remarks, figures, mask.size)

    def _remarks(
        self,
        slice_id: SliceId,
        mask: Mask,
        counts: Counter[int],
        prediction: Page | None,
        figures: dict[str, Figure],
        edges: bool,
    ) -> Iterator[Remark]:
        if self._predicted.is_exported(slice_id, mask):
            yield Remark("unedited", "is the network's own prediction, pixel by pixel")
        about_content = check_content(counts, self._classes)
        if about_content:
            yield about_content
        about_turn = self._check_turn(slice_id, mask, prediction, edges)
        if about_turn:
            yield about_turn
        if prediction is not None:
            if not about_content:
                yield from self._check_missing(slice_id, counts, prediction)
            about_share = check_disagreement(float(figures["disagreement"]), self._others)
            if about_share:
                yield about_share
        about_pieces = check_pieces(mask, self._classes.ignore)
        if about_pieces:
            yield about_pieces

    def _check_turn(
        self, slice_id: SliceId, mask: Mask, prediction: Page | None, edges: bool
    ) -> Remark | None:
        """Against the prediction; against the image, unless that tells already."""
        figures: dict[str, Figure] = {}
        image = self._image(slice_id) if edges else None
        if prediction is not None:
            turned = compare_turned(mask, prediction, len(self._classes.names))
            if turned.speaks_for_own():
                return None
            figures = {
                "agreement": round(turned.own, 4),
                "agreement_turned": round(turned.best, 4),
            }
            if turned.is_convincing():
                words = f"agrees with the prediction far better {turned.words}"
                return Remark("orientation", f"{words}: check how it was saved", figures)
        fit = None if image is None else fit_edges(mask, image, self._classes.ignore)
        if fit is None or not fit.is_convincing():
            return None
        figures |= {"edges": round(fit.own, 3), "edges_turned": round(fit.best, 3)}
        return Remark(
            "orientation", f"fits the image better {fit.words}: check how it was saved", figures
        )

    def _check_missing(
        self, slice_id: SliceId, counts: Counter[int], prediction: Page
    ) -> Iterator[Remark]:
        try:
            predicted = count_classes(prediction, self._classes)
        except Refusal:
            return  # of a network with other classes
        found = check_missing(counts, predicted, self._nearest(slice_id), self._classes)
        if found:
            yield found

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
                mask = read_label(self._workspace, label)
                self._counts[label.sha256] = count_classes(mask, self._classes)
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
