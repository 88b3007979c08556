"""How often each class occurs in the accepted masks of a sample."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from altui.errors import AltuiError
from altui.text import plain
from altui.volumes.stack import open_stack
from altui.workspace import Workspace


def class_pixels(workspace: Workspace, sample: str) -> tuple[int, ...]:
    """Pixels by class over a sample's accepted masks, ignored ones left out.

    Reads each mask once, however often it is asked. Raises AltuiError for an unknown sample
    or a mask that cannot be read.
    """
    workspace.sample(sample)
    classes = len(workspace.config.classes.names)
    labels = workspace.store.history().current_labels.values()
    found = [
        _counts(workspace.root, label.path, label.sha256, classes)
        for label in labels
        if label.sample == sample and workspace.holds(label.slice)
    ]
    return tuple(map(sum, zip(*found, strict=True))) if found else (0,) * classes


def labelled_pixels(workspace: Workspace) -> dict[str, int]:
    """By class, over all accepted masks of training slices. Raises AltuiError."""
    samples = [class_pixels(workspace, header.name) for header in workspace.train]
    return dict(
        zip(workspace.config.classes.names, map(sum, zip(*samples, strict=True)), strict=True)
    )


@lru_cache(maxsize=4096)
def _counts(root: Path, path: str, sha256: str, classes: int) -> tuple[int, ...]:
    """Of one mask; `sha256` is that of the file, which is never changed."""
    try:
        with open_stack(root, path) as stack:
            counts = np.bincount(stack.read(0).ravel(), minlength=classes)
    except (OSError, ValueError) as error:
        raise AltuiError(f"{plain(path)} cannot be read: {plain(error)}") from None
    return tuple(int(number) for number in counts[:classes])
