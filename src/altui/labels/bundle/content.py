"""One slice of a bundle: its image, what the network makes of it, and what lies around it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.labels.predictions import Page, starting_prediction
from altui.slices import SliceId
from altui.volumes.intensity import Window, window_of
from altui.volumes.stack import Stack
from altui.workspace import Workspace

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Content:
    """What there is of a slice; every array is (height, width).

    `premask`: class ids to start from; `unsure`: 255 where the network is least sure; `around`:
    the indices of the neighbours along z, with the slice's own among them.
    """

    slice: SliceId
    stem: str  # "screw03_z0412"
    image: Array  # values untouched
    premask: Page | None
    unsure: Page | None
    around: tuple[int, ...]
    window: Window
    stack: Stack

    @cached_property
    def view(self) -> Page:
        return self.window.to_uint8(self.image)

    @property
    def at(self) -> int:
        """Where the slice lies among those around it, from 0."""
        return self.around.index(self.slice.index)

    @property
    def place(self) -> str:
        """The same for names of files, from 1: "3of5"; `labels/which.py` reads it again."""
        return f"{self.at + 1}of{len(self.around)}"

    def values(self) -> Array:
        """(around, height, width) values as they are."""
        return np.stack([self._read(index) for index in self.around])

    def views(self) -> Iterator[tuple[int, Page]]:
        """8-bit pictures around the slice, each with how far along z it lies."""
        for index in self.around:
            own = index == self.slice.index
            view = self.view if own else self.window.to_uint8(self._read(index))
            yield index - self.slice.index, view

    def _read(self, index: int) -> Array:
        return self.image if index == self.slice.index else self.stack.read(index)


def contents(workspace: Workspace, slices: tuple[SliceId, ...], context: int) -> Iterator[Content]:
    """Each slice, with up to `context` neighbours on each side; one is in memory at a time.

    Raises AltuiError where an image cannot be read.
    """
    with ExitStack() as opened:
        stacks: dict[str, tuple[Stack, Window]] = {}
        for one in slices:
            if one.sample not in stacks:
                stack = opened.enter_context(workspace.images(one.sample))
                stacks[one.sample] = stack, window_of(stack)
            stack, window = stacks[one.sample]
            image = stack.read(one.index)
            end = min(stack.slices, one.index + context + 1)
            mask, unsure = starting_prediction(workspace, one)
            yield Content(
                slice=one,
                stem=one.file_stem(stack.slices),
                image=image,
                premask=mask if mask is not None and mask.shape == image.shape else None,
                unsure=None if unsure is None else _enlarged(unsure, image.shape),
                around=tuple(range(max(0, one.index - context), end)),
                window=window,
                stack=stack,
            )


def _enlarged(unsure: Page, shape: tuple[int, ...]) -> Page:
    """To the slice's size, to be laid over it."""
    from PIL import Image

    height, width = shape
    return np.array(Image.fromarray(unsure).resize((width, height), Image.Resampling.BILINEAR))
