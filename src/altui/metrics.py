"""Intersection over union from confusion matrices, and the interval of a gain."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.int64]  # (classes, classes): rows labels, columns predictions; pixels
RESAMPLES = 2000
CONFIDENCE = 0.95


def class_iou(confusion: Matrix) -> npt.NDArray[np.float64]:
    """(classes,) intersection over union, 0..1; NaN for a class that neither labels nor
    predictions contain.
    """
    confusion = np.asarray(confusion, dtype=np.float64)
    intersection = np.diagonal(confusion, axis1=-2, axis2=-1)
    union = confusion.sum(-1) + confusion.sum(-2) - intersection
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(union > 0, intersection / union, np.nan)


def mean_iou(confusion: Matrix) -> float | None:
    """mIoU, 0..1: the mean over the classes that occur; None where no pixel is labelled."""
    iou = class_iou(confusion)
    if not np.asarray(confusion).sum() or np.isnan(iou).all():
        return None
    return float(np.nanmean(iou))


def total(confusions: Mapping[str, npt.ArrayLike]) -> Matrix:
    """One confusion matrix over all samples."""
    added: Matrix = np.sum([np.asarray(matrix) for matrix in confusions.values()], axis=0)
    return added


def gain_interval(
    before: Mapping[str, Matrix], after: Mapping[str, Matrix], seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of the gain in mIoU, by a paired bootstrap clustered by sample.

    Slices of a sample are alike, so whole samples are drawn (with replacement), the same
    ones for both rounds (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    ch. 13). None where fewer than two samples were measured in both rounds: one sample
    says nothing of how much another would differ.
    """
    shared = sorted(before.keys() & after.keys())
    if len(shared) < 2:
        return None
    first = np.stack([np.asarray(before[name]) for name in shared])
    second = np.stack([np.asarray(after[name]) for name in shared])
    count = len(shared)
    # How often each sample is drawn, in each of the resamples.
    weights = np.random.default_rng(seed).multinomial(count, [1 / count] * count, RESAMPLES)
    gains = _mean_ious(weights, second) - _mean_ious(weights, first)
    gains = gains[np.isfinite(gains)]
    if not gains.size:
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(gains, [tail, 1 - tail])
    # With very few samples the draws are few, and the gain itself may lie at their edge.
    once = np.ones((1, count), np.int64)
    gain = float(_mean_ious(once, second)[0] - _mean_ious(once, first)[0])
    return min(float(low), gain), max(float(high), gain)


def _mean_ious(weights: npt.NDArray[np.int64], confusions: Matrix) -> npt.NDArray[np.float64]:
    """(draws,) mIoU of each weighted sum of the samples' (samples, c, c) matrices."""
    iou = class_iou(np.tensordot(weights, confusions, axes=1))
    present: Sequence[int] | npt.NDArray[np.int64] = (~np.isnan(iou)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: npt.NDArray[np.float64] = np.nansum(iou, axis=1) / present
    return mean
