"""Slices read in a thread of their own, the latest wish first, a few kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from altui.project import Project
from altui.slices import SliceId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KEPT = 32  # slices
KEPT_BYTES = 32 << 20  # whichever is reached first


@dataclass(frozen=True)
class Wish:
    """A slice to see; `model`: the job whose network's prediction belongs to it, if any."""

    slice: SliceId
    model: str | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """(height, width) 8-bit grey and class ids, or why they could not be read."""

    wish: Wish
    image: npt.NDArray[np.uint8] | None = None
    prediction: npt.NDArray[np.uint8] | None = None
    error: Exception | None = None

    @property
    def size(self) -> int:
        return sum(a.nbytes for a in (self.image, self.prediction) if a is not None)


class Pictures:
    """Reads what is wanted last; what nobody wants any more is not read at all."""

    def __init__(self, project: Project, ready: Callable[[Picture], None]) -> None:
        """`ready` is called in the reading thread."""
        self._project, self._ready = project, ready
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="altui-pictures")
        self._kept: OrderedDict[Wish, Picture] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: Wish | None = None

    def want(self, wish: Wish) -> Picture | None:
        """The picture, if it is kept; else it is read, and `ready` is called with it."""
        self._wanted = wish
        with self._lock:
            picture = self._kept.get(wish)
            if picture is not None:
                self._kept.move_to_end(wish)
                return picture
        self._reader.submit(self._read, wish)
        return None

    def close(self) -> None:
        self._wanted = None
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _read(self, wish: Wish) -> None:
        if wish != self._wanted:
            return
        picture = self._picture(wish)
        if picture.error is None:
            self._keep(picture)
        if wish == self._wanted:
            self._ready(picture)

    def _picture(self, wish: Wish) -> Picture:
        try:
            image = self._project.view(wish.slice)
            prediction = self._project.prediction(wish.slice) if wish.model else None
            if prediction is not None and prediction.shape != image.shape:
                prediction = None
            return Picture(wish, image, prediction)
        except Exception as error:
            return Picture(wish, error=error)

    def _keep(self, picture: Picture) -> None:
        with self._lock:
            self._kept[picture.wish] = picture
            while len(self._kept) > 1 and (
                len(self._kept) > KEPT
                or sum(kept.size for kept in self._kept.values()) > KEPT_BYTES
            ):
                self._kept.popitem(last=False)
