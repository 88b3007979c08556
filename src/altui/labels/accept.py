"""An accepted mask becomes a label: a file named by its content, then a row."""

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.encoded import Encoded
from altui.labels.kept import Shelf, Writing
from altui.store.history import Label, Quarantined, Reading
from altui.volumes.stack import open_stack
from altui.workspace import Workspace


def store_file(shelf: Shelf, encoded: Encoded) -> Writing | None:
    """Have a label's file written, or a damaged one mended; None for one that is there already.
    Without a row in the store it is not yet a label. The result raises AltuiError.
    """
    try:
        if (shelf.root / encoded.path).read_bytes() == encoded.data:
            return None
    except OSError:
        pass  # not there, or not to be read: written, or told so by the writing
    return shelf.put(encoded.path, "label", lambda file: file.write(encoded.data))


def is_same(workspace: Workspace, current: Label, encoded: Encoded) -> bool:
    """Whether a revision is this very mask, pixel by pixel."""
    if current.sha256 == encoded.sha256:
        return True
    # Another version of the encoder may have written the same mask in other bytes.
    try:
        return np.array_equal(read_label(workspace, current), encoded.mask())
    except AltuiError:
        return False


def read_label(
    workspace: Workspace, label: Label | Reading | Quarantined
) -> npt.NDArray[np.integer]:
    """(height, width) class ids of a revision or a repeat's reading. Raises AltuiError."""
    with open_stack(workspace.root, label.path) as stack:
        mask: npt.NDArray[np.integer] = stack.read(0)
        return mask
