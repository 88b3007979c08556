"""Figures from confusion matrices: intersection over union, and how far two labellings agree."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.int64]  # (classes, classes): rows labels, columns predictions; pixels


def class_iou(confusion: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(…, classes) intersection over union, 0..1, of (…, classes, classes) pixels; NaN for a
    class that neither labels nor predictions contain.
    """
    matrix = np.asarray(confusion, dtype=np.float64)
    intersection = np.diagonal(matrix, axis1=-2, axis2=-1)
    union = matrix.sum(-1) + matrix.sum(-2) - intersection
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(union > 0, intersection / union, np.nan)


def mean_iou(confusion: npt.ArrayLike) -> float | None:
    """mIoU, 0..1: the mean over the classes that occur; None where no pixel is labelled."""
    iou = class_iou(confusion)
    if not np.asarray(confusion).sum() or np.isnan(iou).all():
        return None
    return float(np.nanmean(iou))


def agreement(confusion: npt.ArrayLike) -> float | None:
    """Share of the pixels, 0..1, that rows and columns give the same class; None without any."""
    matrix = np.asarray(confusion, dtype=np.float64)
    pixels = matrix.sum()
    return float(np.trace(matrix) / pixels) if pixels else None


def cohen_kappa(confusion: npt.ArrayLike) -> float | None:
    """Agreement beyond chance, at most 1 (Cohen, Educ. Psychol. Meas. 20, 1960); None without
    pixels. Where one class is all that either side has, they agree: 1.
    """
    matrix = np.asarray(confusion, dtype=np.float64)
    observed = agreement(matrix)
    if observed is None:
        return None
    shares = matrix / matrix.sum()
    by_chance = float(shares.sum(0) @ shares.sum(1))
    return 1.0 if by_chance >= 1 else (observed - by_chance) / (1 - by_chance)


def total(confusions: Mapping[str, npt.ArrayLike]) -> Matrix:
    """One confusion matrix over all samples."""
    added: Matrix = np.sum([np.asarray(matrix) for matrix in confusions.values()], axis=0)
    return added
