"""Write `returned/`: round 1's masks as annotators would send them.

    python sample_project/returned.py

They are the reference masks with the outlines a hand would draw (a majority over 3 × 3
pixels), in the formats and names that come back from different tools. Run it again when
`make.py` or the initial strategy changes.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from altui import Project

HERE = Path(__file__).resolve().parent
# What tools make of `screw01_z16`, in turn.
NAMES = (
    "{stem}.tif",
    "{stem}.png",
    "{stem}_mask.tif",
    "{stem}-labels.tif",
    "mask_{stem}.png",
    "{sample}/{index:04d}.png",
)
Mask = npt.NDArray[np.uint8]


def hand_drawn(mask: Mask, classes: int) -> Mask:
    """(height, width) class ids, each pixel the majority of its 3 × 3 neighbourhood."""
    padded = np.pad(mask, 1, mode="edge")
    height, width = mask.shape
    votes = np.zeros((classes, height, width), np.int32)
    for dy in range(3):
        for dx in range(3):
            neighbour = padded[dy : dy + height, dx : dx + width]
            votes += neighbour == np.arange(classes)[:, None, None]
    votes += 2 * (mask == np.arange(classes)[:, None, None])  # a tie keeps the pixel
    drawn: Mask = votes.argmax(axis=0).astype(np.uint8)
    return drawn


def main() -> None:
    target = HERE / "returned"
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(shutil.copytree(HERE, Path(scratch) / "project"))
        project = Project.open(root)
        for place, decision in enumerate(project.proposals().slate.active):
            slice_id = decision.slice
            header = project.workspace.headers[slice_id.sample]
            with project.workspace.masks(slice_id.sample) as masks:
                mask = hand_drawn(masks.read(slice_id.index), len(project.config.classes.names))
            name = NAMES[place % len(NAMES)].format(
                stem=slice_id.file_stem(header.slices), sample=slice_id.sample, index=slice_id.index
            )
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".png":
                Image.fromarray(mask).save(path)
            else:
                tifffile.imwrite(path, mask, compression="zlib", metadata=None)


if __name__ == "__main__":
    main()
