"""Score components of every slice of the training samples, and their predicted masks."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import tifffile
import torch
from torch.nn import functional

from altui.files import write_atomically
from altui.jobs.folder import PREDICTIONS, SCORES
from altui.query.components import Components
from altui.worker.evaluate import batches, read_slices
from altui.worker.infer import Predictor
from altui.worker.pipeline import Behind, ahead
from altui.worker.progress import Tracker
from altui.worker.samples import ClassIds, OpenSample

FOREGROUND_MARGIN = 3  # pixels by which predicted foreground grows before averaging over it
BIGTIFF_FROM = 2**31  # bytes; a classic TIFF ends at 4 GiB, and deflate may not help

Columns = dict[str, torch.Tensor]
Row = dict[str, npt.NDArray[np.float32]]  # the columns of one batch of slices


def score(
    predictor: Predictor, samples: Sequence[OpenSample], folder: Path, tracker: Tracker
) -> None:
    """Write `scores.npz` and `predictions/SAMPLE.tif` into the job's folder, each as a whole.

    Memory does not grow with the number of slices. Raises AltuiError for a slice that
    cannot be read, OSError.
    """
    tracker.begin("score", sum(sample.images.slices for sample in samples))
    (folder / PREDICTIONS).mkdir(exist_ok=True)
    found: list[Row] = []
    for sample in samples:

        def write(file: BinaryIO, sample: OpenSample = sample) -> None:
            found.extend(_score_sample(predictor, sample, file, tracker))

        write_atomically(folder / PREDICTIONS / f"{sample.name}.tif", write)
    Components(
        samples=tuple(sample.name for sample in samples),
        sample=np.concatenate(
            [np.full(s.images.slices, number, np.int32) for number, s in enumerate(samples)]
        ),
        index=np.concatenate([np.arange(s.images.slices, dtype=np.int32) for s in samples]),
        columns={name: np.concatenate([row[name] for row in found]) for name in found[0]},
    ).save(folder / SCORES)
    tracker.end()


def components_of(probabilities: torch.Tensor, predictions: torch.Tensor) -> Columns:
    """The columns of `altui.query.components` for n slices, each (n,) or (n, k) float32.

    `probabilities` (n, classes, h, w); `predictions` (n, h, w), their arg max.
    """
    slices, classes = probabilities.shape[:2]
    entropy = torch.zeros_like(probabilities[:, 0])
    fractions = torch.empty((slices, classes), device=entropy.device)
    for number in range(classes):  # class by class: no second copy of all the probabilities
        entropy += torch.special.entr(probabilities[:, number])
        fractions[:, number] = (predictions == number).float().mean((1, 2))
    entropy /= math.log(classes)
    near = dilated(predictions != 0, FOREGROUND_MARGIN)
    pixels = near.sum((1, 2))
    everywhere = entropy.mean((1, 2))
    inside = (entropy * near).sum((1, 2)) / pixels.clamp(min=1)
    return {
        "entropy_mean": everywhere,
        "entropy_foreground": torch.where(pixels > 0, inside, everywhere),
        "class_fraction": fractions,
    }


def dilated(foreground: torch.Tensor, margin: int) -> torch.Tensor:
    """(n, h, w) bool, grown by a square of `margin` pixels on each side."""
    side = 2 * margin + 1
    grown = foreground.float()[:, None]
    for kernel, padding in (((side, 1), (margin, 0)), ((1, side), (0, margin))):
        grown = functional.max_pool2d(grown, kernel, stride=1, padding=padding)
    return grown[:, 0] > 0


def _score_sample(
    predictor: Predictor, sample: OpenSample, file: BinaryIO, tracker: Tracker
) -> list[Row]:
    """The components of its slices, batch by batch; its predictions go to `file`."""
    rows = []
    # A temporary file has a number for a name, which tifffile takes for a path.
    named = tifffile.FileHandle(file, name=f"{sample.name}.tif", size=0)
    with (
        tifffile.TiffWriter(named, bigtiff=sample.pixels >= BIGTIFF_FROM) as writer,
        Behind() as behind,
    ):
        staged = ahead(
            lambda indices: predictor.stage(read_slices(sample, indices)),
            batches(predictor, sample),
        )
        for images in staged:
            rows.append(_score_batch(predictor, images, writer, behind))
            tracker.advance(len(images))
    return rows


@torch.inference_mode()
def _score_batch(
    predictor: Predictor, images: torch.Tensor, writer: tifffile.TiffWriter, behind: Behind
) -> Row:
    probabilities = predictor.probabilities(images)
    predictions = probabilities.argmax(1).to(torch.uint8)
    columns = components_of(probabilities, predictions)
    masks: ClassIds = predictions.cpu().numpy()
    behind.call(lambda: _write_pages(writer, masks))
    return {name: values.float().cpu().numpy() for name, values in columns.items()}


def _write_pages(writer: tifffile.TiffWriter, masks: ClassIds) -> None:
    for mask in masks:
        writer.write(
            mask, photometric="minisblack", compression="zlib", contiguous=False, metadata=None
        )
