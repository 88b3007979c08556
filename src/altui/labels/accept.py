"""An accepted mask becomes a label: a file named by its content, then a row."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.files import sync_folder, write_bytes
from altui.store.connection import STATE
from altui.store.history import Label
from altui.text import plain
from altui.volumes.stack import open_stack
from altui.workspace import Workspace

LABELS = "labels"


@dataclass(frozen=True)
class Encoded:
    """A label's file as it is to be written."""

    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def path(self) -> str:
        """Relative to the project."""
        return (Path(STATE) / LABELS / self.sha256[:2] / f"{self.sha256}.tif").as_posix()


def encode(mask: npt.NDArray[np.integer]) -> Encoded:
    """A mask (height, width) as an 8-bit (16-bit where needed) deflate TIFF; the same mask
    gives the same bytes.
    """
    import tifffile

    small = np.uint8 if int(mask.max(initial=0)) < 256 else np.uint16
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, mask.astype(small), compression="zlib", photometric="minisblack", metadata=None
    )
    return Encoded(buffer.getvalue())


def store_file(workspace: Workspace, encoded: Encoded) -> None:
    """Write a label's file, or mend a damaged one. Without a row in the store it is not yet
    a label. Raises AltuiError.
    """
    target = workspace.root / encoded.path
    try:
        if not _holds(target, encoded.data):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(target, encoded.data)
            sync_folder(target.parent.parent)  # the row must not outlive its file's folder
    except OSError as error:
        raise AltuiError(
            f"the label could not be written to {plain(target.parent)}: "
            f"{error.strerror or plain(error)}; the labels taken in before it are safe",
            "free some space or mend the rights, then import the same files again",
        ) from None


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.read_bytes() == data
    except FileNotFoundError:
        return False


def is_same(
    workspace: Workspace, current: Label, mask: npt.NDArray[np.integer], encoded: Encoded
) -> bool:
    """Whether a revision is this very mask, pixel by pixel."""
    if current.sha256 == encoded.sha256:
        return True
    # Another version of the encoder may have written the same mask in other bytes.
    try:
        return np.array_equal(read_label(workspace, current), mask)
    except AltuiError:
        return False


def read_label(workspace: Workspace, label: Label) -> npt.NDArray[np.integer]:
    """(height, width) class ids of a revision. Raises AltuiError."""
    with open_stack(workspace.root, label.path) as stack:
        mask: npt.NDArray[np.integer] = stack.read(0)
        return mask
