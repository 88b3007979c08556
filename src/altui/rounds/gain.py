"""What a round gained, and how far the samples bear it out. Pure functions."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from altui.metrics import class_iou, mean_iou
from altui.rounds.student import student_t

RESAMPLES = 2000
Interval = tuple[float, float]
Rows = tuple[tuple[int, ...], ...]  # [true class][predicted class], pixels
Confusions = tuple[tuple[str, Rows], ...]  # (sample, its confusion), hashable
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A gain in mIoU or in a class's IoU, and its 95 % interval; None: nothing is known."""

    gain: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True)
class Comparison:
    """A round against the one before; `samples`: how many the intervals rest on."""

    miou: Change
    classes: tuple[Change, ...]
    samples: int


@lru_cache(maxsize=1024)  # by content: a look at the project computes new rounds only
def compare(before: Confusions, after: Confusions) -> Comparison | None:
    """The gain of the pooled mIoU and of each class's IoU, with intervals.

    None where they cannot be compared: no samples, or other classes. The intervals come
    from a paired bootstrap clustered by sample: slices of a sample are alike, so whole
    samples are drawn, with replacement, the same ones for both rounds (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).

    The draws' percentiles are no 95 % interval where samples are few: of two samples they
    span just those two, which holds the truth every other time. So the draws give the
    standard error alone, widened by √(n/(n-1)) for drawing from n samples in place of all,
    and Student's t with n-1 degrees of freedom the rest (Hesterberg, The American
    Statistician 69, 2015, 371-386). One sample bears no interval.
    """
    if not before or not after or len(before[0][1]) != len(after[0][1]):
        return None
    before, after = tuple(sorted(before)), tuple(sorted(after))  # altui.toml may be sorted anew
    first, second = (np.array([rows for _, rows in each], float) for each in (before, after))
    ious = class_iou(second.sum(0)) - class_iou(first.sum(0))
    figures = mean_iou(first.sum(0)), mean_iou(second.sum(0))
    gain = None if None in figures else figures[1] - figures[0]  # type: ignore[operator]
    same = [name for name, _ in before] == [name for name, _ in after]
    if not same:  # not pairs: the gain is of other samples, too
        return Comparison(Change(gain), tuple(Change(_finite(iou)) for iou in ious), 0)
    means, classes = _draws(first, second)
    of_classes = tuple(
        _change(_finite(iou), draws, int(count))
        for iou, draws, count in zip(ious, classes.T, _holding(first, second), strict=True)
    )
    return Comparison(_change(gain, means, len(first)), of_classes, len(first))


@lru_cache(maxsize=1024)
def miou_interval(confusions: Confusions) -> Interval | None:
    """Of the pooled mIoU itself, over samples (or slices) like these: as `compare`'s, unpaired.

    Wider than a gain's as a rule: samples differ more from one another than rounds do on
    the same sample. None where no sample, or one only, was measured.
    """
    if not confusions:
        return None
    matrices = np.array([rows for _, rows in confusions], float)
    draws = _mean(class_iou(np.tensordot(_weights(len(matrices)), matrices, axes=1)))
    interval = _change(mean_iou(matrices.sum(0)), draws, len(matrices)).interval
    return (max(interval[0], 0.0), interval[1]) if interval else None


def _draws(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """(draws,) gains in mIoU and (draws, classes) in IoU, of samples drawn anew."""
    weights = _weights(len(first))
    before, after = (class_iou(np.tensordot(weights, each, axes=1)) for each in (first, second))
    return _mean(after) - _mean(before), after - before


def _weights(count: int) -> npt.NDArray[np.int64]:
    """(draws, count) how often each sample is drawn; always the same, so figures stay put."""
    drawn: npt.NDArray[np.int64] = np.random.default_rng(0).multinomial(
        count, [1 / count] * count, RESAMPLES
    )
    return drawn


def _mean(iou: Floats) -> Floats:
    """(draws,) mean over the classes that a draw has."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.nansum(iou, axis=1) / (~np.isnan(iou)).sum(axis=1)
    return mean


def _holding(first: Floats, second: Floats) -> npt.NDArray[np.int64]:
    """(classes,) how many samples have the class, labelled or predicted."""
    both = first + second
    holding: npt.NDArray[np.int64] = ((both.sum(1) + both.sum(2)) > 0).sum(0)
    return holding


def _change(gain: float | None, draws: Floats, count: int) -> Change:
    """`count`: the samples that the figure comes from."""
    draws = draws[np.isfinite(draws)]
    if gain is None or count < 2 or len(draws) < 2:
        return Change(gain)
    reach = student_t(count - 1) * float(draws.std()) * math.sqrt(count / (count - 1))
    return Change(gain, (max(gain - reach, -1.0), min(gain + reach, 1.0)))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
