"""Returned files opened and decoded; whatever goes wrong comes out as a Refusal."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from altui.config import Config
from altui.labels.checks.shape import check_shape, check_window, is_smaller
from altui.labels.formats import open_masks
from altui.labels.formats.base import Masks, Pixels, Source, refusing
from altui.labels.formats.label_map import LabelMap
from altui.labels.returned import Returned
from altui.labels.values import UNLABELLED, to_class_ids
from altui.rounds.classes import ids_then
from altui.volumes.base import check_size
from altui.workspace import Header


class Reader:
    """Opens and decodes; keeps the file opened last, which holds the next mask too. Threads may
    share one.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._last: tuple[Source, Masks] | None = None
        self._lock = Lock()

    def open(self, source: Source) -> Masks:
        """What a file holds; pixels are not decoded yet. Raises Refusal."""
        with self._lock:
            if self._last is None or self._last[0] is not source:
                self._last = None  # let go of it first: a volume may be large
                with refusing(source.path):
                    self._last = source, open_masks(source)
            return self._last[1]

    def mask(
        self, file: Returned, masks: Masks, index: int, header: Header
    ) -> npt.NDArray[np.integer]:
        """(height, width) class ids of one of the masks of `file`, which are open, for a slice of
        the sample. Raises Refusal.
        """
        corner = masks.corner
        # Before memory is reserved for what a header claims: a view takes none.
        if shape := masks.shape(index):
            with refusing(file.source.path):
                check_size(*shape)
            if masks.origin and is_smaller(shape, header):
                corner = masks.origin
            if corner is None or masks.image:
                check_shape(np.broadcast_to(np.uint8(0), masks.image or shape), header)
            if corner:
                check_window(corner[1:], shape, header)
        labels = file.labels
        if file.manifest:
            labels = _with_ids(labels, file.manifest.classes, self._config.classes.names)
        ids = to_class_ids(decoded(masks, index, file.source.path), self._config, labels)
        return ids if corner is None else _in_place(ids, corner[1:], header)


def _with_ids(labels: LabelMap, then: Sequence[str], now: Sequence[str]) -> LabelMap:
    """With what the ids meant when a bundle was made, where classes were moved or removed since."""
    ids = ids_then(then, now)
    if ids[: len(then)] == tuple(range(len(then))):
        return labels
    names = {before: name for before, name in zip(ids, now, strict=True) if before is not None}
    values = {place: (names.get(place, name),) for place, name in enumerate(then)}
    return labels._replace(values={**values, **labels.values})


def _in_place(
    window: npt.NDArray[np.integer], corner: tuple[int, int], header: Header
) -> npt.NDArray[np.integer]:
    """The whole slice's class ids; what was cropped away is what no label covers."""
    whole = np.full((header.height, header.width), UNLABELLED, window.dtype)
    top, left = corner
    whole[top : top + window.shape[0], left : left + window.shape[1]] = window
    return whole


def decoded(masks: Masks, index: int, path: Path) -> Pixels:
    """Raises Refusal."""
    with refusing(path):
        return masks.read(index)
