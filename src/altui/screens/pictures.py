"""Slices read in a thread of their own: the latest wish first, its neighbours ahead, some kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from altui.project import Project
from altui.slices import SliceId
from altui.volumes.intensity import Window, finite, range_of_slice, window_of_slice
from altui.widgets.layers import Layers

KEPT_BYTES: Final = 32 << 20  # the slice looked at stays, however large

Contrast = Literal["sample", "slice", "range"]
CONTRASTS: Final[tuple[Contrast, ...]] = ("sample", "slice", "range")


@dataclass(frozen=True)
class Wish:
    """A slice to see. `model`: the job whose prediction and uncertainty belong to it, if any;
    `label`: the revision of its accepted mask, where that is to be seen in place of a prediction.
    """

    slice: SliceId
    model: str | None = None
    label: int | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """What was read, or why it could not be; `windows`: of the sample's grey values from the
    0.5th to the 99.5th percentile, of the slice's, and all of the slice's.
    """

    wish: Wish
    layers: Layers | None = None
    windows: Mapping[Contrast, Window] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def size(self) -> int:
        return self.layers.nbytes if self.layers else 0


Ready = Callable[[Picture], None]


class Pictures:
    """Reads what is wanted last; what nobody wants any more is not read at all."""

    def __init__(self, project: Project, kept_bytes: int = KEPT_BYTES) -> None:
        self._project, self._kept_bytes = project, kept_bytes
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="altui-pictures")
        self._kept: OrderedDict[Wish, Picture] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: dict[Ready, Wish] = {}

    def want(self, wish: Wish, ready: Ready, ahead: Sequence[Wish] = ()) -> Picture | None:
        """The picture, if it is kept; else it is read, and `ready`, which stands for who wants
        it, called with it in the reading thread. Those `ahead` are read when there is time.
        """
        self._wanted[ready] = wish
        picture = self._find(wish)
        self._reader.submit(self._read, wish, ready, tuple(ahead))
        return picture

    def close(self) -> None:
        self._wanted.clear()
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _find(self, wish: Wish) -> Picture | None:
        with self._lock:
            picture = self._kept.get(wish)
            if picture is not None:
                self._kept.move_to_end(wish)
            return picture

    def _read(self, wish: Wish, ready: Ready, ahead: tuple[Wish, ...]) -> None:
        if self._wanted.get(ready) != wish:
            return
        picture = self._find(wish)
        if picture is None:
            picture = self._keep(self._picture(wish))
            if self._wanted.get(ready) == wish:
                ready(picture)
        # Slices so large that their neighbours would drive them out are read one by one.
        room = self._kept_bytes // max(picture.size, 1) - len(self._wanted)
        for other in ahead[: max(room, 0)]:
            if self._wanted.get(ready) != wish:
                return
            if self._find(other) is None:
                self._keep(self._picture(other))

    def _picture(self, wish: Wish) -> Picture:
        try:
            raw = self._project.image(wish.slice)
            sample = self._project.window(wish.slice.sample)
            windows: dict[Contrast, Window] = {
                "sample": sample,
                "slice": window_of_slice(raw),
                "range": range_of_slice(raw),
            }
            return Picture(wish, Layers(finite(raw, sample), *self._over(wish, raw.shape)), windows)
        except Exception as error:
            return Picture(wish, error=error)

    def _over(
        self, wish: Wish, shape: tuple[int, ...]
    ) -> tuple[npt.NDArray[np.uint8] | None, npt.NDArray[np.uint8] | None]:
        """The class ids and the uncertainty that lie over a slice."""
        ids: npt.NDArray[np.integer] | None = None
        if wish.label is not None:
            ids = self._project.label(wish.slice)
        elif wish.model:
            ids = self._project.prediction(wish.slice)
        heat = self._project.uncertainty(wish.slice) if wish.model else None
        if ids is None or ids.shape != shape:
            return None, heat
        known = len(self._project.config.classes.names)
        return np.where(ids < known, ids, 255).astype(np.uint8), heat

    def _keep(self, picture: Picture) -> Picture:
        if picture.error is None:
            with self._lock:
                self._kept[picture.wish] = picture
                while len(self._kept) > 1 and self._size() > self._kept_bytes:
                    self._kept.popitem(last=False)
        return picture

    def _size(self) -> int:
        return sum(kept.size for kept in self._kept.values())
