"""Predictions against masks: one confusion matrix a sample."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from altui.jobs.folder import Confusion
from altui.worker.infer import Predictor
from altui.worker.pipeline import ahead
from altui.worker.progress import Tracker
from altui.worker.samples import ClassIds, OpenSample
from altui.worker.uncertainty import likeliest

Matrix = npt.NDArray[np.int64]


def check_masks(samples: Sequence[OpenSample]) -> None:
    """Read every mask that `evaluate` will: what is wrong with one is known before the training,
    not hours later. Raises AltuiError.
    """
    for sample in samples:
        for _ in ahead(sample.mask, range(sample.images.slices), depth=4, threads=2):
            pass


def evaluate(
    predictor: Predictor, samples: Sequence[OpenSample], classes: int, tracker: Tracker
) -> dict[str, dict[str, Confusion]]:
    """Confusion matrices by split and sample. Raises AltuiError for a mask that is broken."""
    tracker.begin("evaluate", sum(sample.images.slices for sample in samples))
    result: dict[str, dict[str, Confusion]] = {}
    for sample in samples:
        matrix = _of_sample(predictor, sample, classes, tracker)
        result.setdefault(sample.sample.split, {})[sample.name] = as_rows(matrix)
    tracker.end()
    return result


def confusion(labels: ClassIds, predictions: ClassIds, classes: int) -> Matrix:
    """(classes, classes) pixels: rows the labels, columns the predictions.

    Pixels whose label is IGNORED are left out.
    """
    pairs = labels.astype(np.intp) * classes + predictions
    # IGNORED, 255, is above every class id, so its pairs lie behind all the others.
    return np.bincount(pairs.ravel(), minlength=classes**2)[: classes**2].reshape(classes, classes)


def as_rows(matrix: Matrix) -> Confusion:
    return tuple(tuple(int(pixels) for pixels in row) for row in matrix)


def _of_sample(predictor: Predictor, sample: OpenSample, classes: int, tracker: Tracker) -> Matrix:
    def read(indices: range) -> tuple[torch.Tensor, ClassIds]:
        return (
            predictor.stage(read_slices(sample, indices)),
            np.stack([sample.mask(index) for index in indices]),
        )

    def measure(given: tuple[torch.Tensor, ClassIds]) -> tuple[int, Matrix]:
        images, labels = given
        predictions = likeliest(predictor.probabilities(images))
        return len(labels), confusion(labels, predictions.cpu().numpy(), classes)

    total = np.zeros((classes, classes), np.int64)
    staged = ahead(read, batches(predictor, sample))
    for slices, matrix in predictor.compute.side_by_side(measure, staged):
        total += matrix
        tracker.advance(slices)
    return total


def batches(predictor: Predictor, sample: OpenSample, start: int = 0) -> list[range]:
    """The slices of a sample from `start` on, in runs that go through the network together."""
    images = sample.images
    size = predictor.batch_size(images.height, images.width)
    return [
        range(first, min(first + size, images.slices))
        for first in range(start, images.slices, size)
    ]


def read_slices(sample: OpenSample, indices: range) -> npt.NDArray[np.float32]:
    """(n, c, h, w) normalised. Raises AltuiError for a slice that cannot be read."""
    return sample.channels_of(indices)
