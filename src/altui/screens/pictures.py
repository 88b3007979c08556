"""Slices read in a thread of their own: the latest wish first, its neighbours ahead, some kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from altui.project import Project
from altui.slices import SliceId
from altui.volumes.intensity import Window, finite, range_of_slice, window_of_slice
from altui.widgets.layers import Arrays, Layers

KEPT: Final = 60  # pictures, as they are seen: some kilobytes each
KEPT_BYTES: Final = 12 << 20  # of slices themselves; the one looked at stays, however large

QUIET: Final = 0.05  # seconds without a wish, before reading ahead, which slows the screen down

Contrast = Literal["sample", "slice", "range"]
CONTRASTS: Final[tuple[Contrast, ...]] = ("sample", "slice", "range")


@dataclass(frozen=True)
class Wish:
    """A slice to see. `model`: the job whose prediction and uncertainty belong to it, if any.

    In place of a prediction: `label` and `doubt`, an accepted mask and one in quarantine, by their
    numbers in the store; `own`, the mask that its sample has. `differs`: in place of uncertainty,
    where that mask differs from the prediction.
    """

    slice: SliceId
    model: str | None = None
    label: int | None = None
    doubt: int | None = None
    own: bool = False
    differs: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """What was read, or why it could not be; `windows`: of the sample's grey values from the
    0.5th to the 99.5th percentile, of the slice's, and all of the slice's. `shares`: of a mask's
    pixels, 0..1, by class id, 255 for those that are ignored. `file`: of this slice alone.
    """

    wish: Wish
    layers: Layers | None = None
    windows: Mapping[Contrast, Window] = field(default_factory=dict)
    shares: Mapping[int, float] = field(default_factory=dict)
    file: str = ""
    error: Exception | None = None

    @property
    def size(self) -> int:
        """Bytes of the slice itself that are there."""
        return self.layers.nbytes if self.layers else 0

    @property
    def is_there(self) -> bool:
        """Whether something can be seen without reading anything."""
        return self.layers is None or bool(self.layers.made or self.layers.nbytes)


Ready = Callable[[Picture], None]
Prepare = Callable[[Layers], None]


@dataclass(frozen=True)
class _Task:
    wish: Wish
    prepare: Prepare | None


class Pictures:
    """Reads what is wanted last; what nobody wants any more is not read at all."""

    def __init__(self, project: Project, kept_bytes: int = KEPT_BYTES) -> None:
        self._project, self._kept_bytes = project, kept_bytes
        self._kept: OrderedDict[Wish, Picture] = OrderedDict()
        self._wanted: dict[Ready, Wish] = {}
        self._todo: dict[Ready, _Task] = {}
        self._ahead: list[_Task] = []
        self._closed = False
        self._news = threading.Condition()
        self._reader: threading.Thread | None = None

    def want(
        self, wish: Wish, ready: Ready, ahead: Sequence[Wish] = (), prepare: Prepare | None = None
    ) -> Picture | None:
        """The picture, if it is kept; else it is read, and `ready`, which stands for who wants
        it, called with it in the reading thread. Those `ahead` are read when nothing has been
        wanted for a while. What is read is given to `prepare` first, in that thread too.
        """
        with self._news:
            self._wanted[ready] = wish
            self._todo.pop(ready, None)
            picture = self._find(wish)
            if picture is None:
                self._todo[ready] = _Task(wish, prepare)
            if ahead:
                self._ahead = [_Task(one, prepare) for one in ahead]
            self._news.notify()
        if self._reader is None:
            # A daemon: quitting never waits for a slow file system.
            self._reader = threading.Thread(target=self._run, name="altui-pictures", daemon=True)
            self._reader.start()
        return picture

    def forget(self) -> None:
        """Read anew what is wanted next: the files may be others now."""
        with self._news:
            self._kept.clear()

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                ready, task = self._next()
            if task is None:
                return
            picture = self._find(task.wish)
            if picture is None:
                picture = self._keep(self._picture(task.wish, task.prepare))
            elif picture.layers is not None and task.prepare is not None:
                task.prepare(picture.layers)
            if ready is None and picture.layers is not None and picture.layers.made:
                picture.layers.forget()
            if ready is not None and self._wanted.get(ready) == task.wish and not self._closed:
                ready(picture)

    def _next(self) -> tuple[Ready | None, _Task | None]:
        """What to read now, and for whom; nothing at all once closed."""
        while not self._closed:
            if self._todo:
                ready = next(iter(self._todo))
                return ready, self._todo.pop(ready)
            if not self._ahead:
                self._news.wait()
            elif not self._news.wait(QUIET):
                task = self._ahead.pop(0)
                if self._has_room():
                    return None, task
        return None, None

    def _has_room(self) -> bool:
        """Whether one more can be read without driving out what is looked at."""
        with self._news:
            return 2 * max((kept.size for kept in self._kept.values()), default=0) <= (
                self._kept_bytes
            )

    def _find(self, wish: Wish) -> Picture | None:
        with self._news:
            picture = self._kept.get(wish)
            if picture is None or not picture.is_there:
                return None
            self._kept.move_to_end(wish)
            return picture

    def _picture(self, wish: Wish, prepare: Prepare | None) -> Picture:
        try:
            raw = self._project.image(wish.slice)
            sample = self._project.window(wish.slice.sample)
            windows: dict[Contrast, Window] = {
                "sample": sample,
                "slice": window_of_slice(raw),
                "range": range_of_slice(raw),
            }
            arrays = self._arrays(wish, raw)
            layers = Layers(*arrays, again=partial(self._again, wish))
            if prepare is not None:
                prepare(layers)
            is_mask = wish.label is not None or wish.doubt is not None
            shares = shares_of(arrays.classes) if is_mask else {}
            return Picture(wish, layers, windows, shares, self._project.image_file(wish.slice))
        except Exception as error:
            return Picture(wish, error=error)

    def _again(self, wish: Wish) -> Arrays:
        """In whichever thread makes something of the slice."""
        arrays = self._arrays(wish, self._project.image(wish.slice))
        self._let_go(wish)
        return arrays

    def _arrays(self, wish: Wish, raw: npt.NDArray[Any]) -> Arrays:
        """The slice, and the class ids and the uncertainty that lie over it."""
        image = finite(raw, self._project.window(wish.slice.sample))
        ids, heat = self._ids(wish), None
        if wish.differs:
            different = None if ids is None else self._project.difference(wish.slice, ids)
            heat = None if different is None else different.astype(np.uint8) * np.uint8(255)
        elif wish.model:
            heat = self._project.uncertainty(wish.slice)
        if ids is None or ids.shape != raw.shape:
            return Arrays(image, None, heat)
        known = len(self._project.config.classes.names)
        return Arrays(image, np.where(ids < known, ids, 255).astype(np.uint8), heat)

    def _ids(self, wish: Wish) -> npt.NDArray[np.integer] | None:
        project = self._project
        if wish.doubt is not None:
            waiting = project.quarantined()
            found = next((one for one in waiting if one.number == wish.doubt), None)
            return None if found is None else project.quarantined_mask(found)
        if wish.label is not None:
            return project.kept_mask(wish.label)
        if wish.own:
            return project.own_mask(wish.slice)
        return project.prediction(wish.slice) if wish.model else None

    def _keep(self, picture: Picture) -> Picture:
        if picture.error is None:
            with self._news:
                self._kept[picture.wish] = picture
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._let_go(picture.wish)
        return picture

    def _let_go(self, latest: Wish) -> None:
        """Forget the slices themselves that were looked at longest ago."""
        with self._news:
            size = sum(kept.size for kept in self._kept.values())
            for wish, kept in self._kept.items():
                if size > self._kept_bytes and wish != latest:
                    size -= kept.size
                    if kept.layers is not None:
                        kept.layers.forget()


def shares_of(classes: npt.NDArray[np.uint8] | None) -> dict[int, float]:
    """Of the pixels, 0..1, by class id, for those that occur."""
    if classes is None:
        return {}
    pixels = np.bincount(classes.ravel(), minlength=256)
    return {int(one): float(pixels[one] / classes.size) for one in np.flatnonzero(pixels)}
