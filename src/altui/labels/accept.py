"""An accepted mask becomes a label: a file named by its content, then a row."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.kept import LABELS, Shelf, place
from altui.store.history import Label, Quarantined, Reading
from altui.volumes.stack import open_stack
from altui.workspace import Workspace


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
        return place(LABELS, self.sha256, ".tif")

    def mask(self) -> npt.NDArray[np.integer]:
        """(height, width) class ids."""
        import tifffile

        return tifffile.imread(io.BytesIO(self.data))


def encode(mask: npt.NDArray[np.integer]) -> Encoded:
    """A mask (height, width) as an 8-bit (16-bit where needed) deflate TIFF; the same mask
    gives the same bytes, as long as the same compressor makes them.
    """
    import imagecodecs
    import tifffile

    small = np.uint8 if int(mask.max(initial=0)) < 256 else np.uint16
    pixels = np.ascontiguousarray(mask, np.dtype(small).newbyteorder("<"))
    # Four times as fast as tifffile's own level, and less than twice as large.
    deflated = imagecodecs.zlibng_encode(pixels.data, level=2)  # type: ignore[arg-type]
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        iter([bytes(deflated)]),
        shape=pixels.shape,
        dtype=pixels.dtype,
        byteorder="<",
        rowsperstrip=max(1, pixels.shape[0]),
        compression="zlib",
        photometric="minisblack",
        metadata=None,
    )
    return Encoded(buffer.getvalue())


def store_file(shelf: Shelf, encoded: Encoded) -> None:
    """Have a label's file written, or a damaged one mended. Without a row in the store it is not
    yet a label. Raises AltuiError.
    """
    try:
        if (shelf.root / encoded.path).read_bytes() == encoded.data:
            return
    except OSError:
        pass  # not there, or not to be read: written, or told so by the writing
    shelf.put(encoded.path, "label", lambda file: file.write(encoded.data))


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
