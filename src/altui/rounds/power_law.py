"""Least squares of a - b · n^-c, and the range that the points leave to what it says.

For a given exponent c the curve is linear in a and b, so the exponents are gone through and
each is solved in closed form. The range of a figure is its profile likelihood interval: the
figure's extremes over all curves whose squared residuals stay below

    SSE_best + t² · max(SSE_best / (k - 3), NOISE²)

of k points, t being Student's for k - 3 degrees of freedom (Bates and Watts, Nonlinear
Regression Analysis and Its Applications, 1988, ch. 6). For one exponent these curves fill an
ellipse in (a, b), cut off where the curve would fall, b < 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from altui.rounds.student import student_t

Points = tuple[tuple[int, float], ...]  # (labelled slices, mIoU)
Floats = npt.NDArray[np.float64]

# Exponents in use lie between 0.07 (Hestness et al., arXiv 1712.00409) and about 1.
EXPONENTS: Final[Floats] = np.geomspace(0.05, 3, 60)
NOISE: Final = 0.002  # mIoU; no training repeats itself more closely, whatever the residuals


@dataclass(frozen=True)
class PowerLaw:
    a: float
    b: float
    c: float

    def at(self, labelled: npt.ArrayLike) -> Floats:
        """mIoU at so many slices, of the same shape."""
        level: Floats = self.a - self.b * np.asarray(labelled, np.float64) ** -self.c
        return level


@dataclass(frozen=True)
class Fit:
    """The best curve, and one ellipse of curves that are not refuted for each exponent.

    `solved`: (exponents, 2) its centre (a, b), b counted by `scale` slices: b · (n/scale)^-c;
    `errors`: (exponents,) the centre's squared residuals; `spread`: (exponents, 2, 2) the
    inverse of the normal equations' matrix; `limit`: the squared residuals at its edge;
    `flat`: the best constant and its squared residuals.
    """

    best: PowerLaw
    limit: float
    flat: tuple[float, float]
    points: int
    scale: float
    solved: Floats
    errors: Floats
    spread: Floats

    @property
    def may_be_flat(self) -> bool:
        return self.flat[1] <= self.limit

    @property
    def at_edge(self) -> bool:
        """Whether a is what it is only because a ≤ 1, or because no smaller c was tried."""
        return self.best.a >= 1 or self.best.c <= EXPONENTS[0]

    def asymptote_range(self) -> tuple[float, float]:
        low, high = self._range(np.array([1.0]), np.zeros((len(EXPONENTS), 1)))
        return float(min(low[0], self.best.a)), float(max(high[0], self.best.a))

    def level_ranges(self, labelled: Floats) -> tuple[Floats, Floats]:
        """Least and greatest mIoU at each number of slices, of `labelled`'s shape."""
        low, high = self._range(np.ones_like(labelled), -self._fall(labelled))
        level = self.best.at(labelled)
        return np.minimum(low, level), np.maximum(high, level)

    def gain_ranges(self, start: Floats, end: Floats) -> tuple[Floats, Floats]:
        """The same of the gain between two numbers of slices, each."""
        low, high = self._range(np.zeros_like(start), self._fall(start) - self._fall(end))
        gain = self.best.at(end) - self.best.at(start)
        return np.minimum(low, gain), np.maximum(high, gain)

    def _fall(self, labelled: Floats) -> Floats:
        """(exponents, figures) what b is multiplied by."""
        fall: Floats = (labelled / self.scale) ** -EXPONENTS[:, None]
        return fall

    def _range(self, of_a: Floats, of_b: Floats) -> tuple[Floats, Floats]:
        """Extremes, within 0..1, of linear figures of (a, b), over all curves that rise.

        `of_a`: (figures,); `of_b`: (exponents, figures).
        """
        figures = np.stack([np.broadcast_to(of_a, of_b.shape), of_b], axis=2)
        along = figures @ self.spread
        with np.errstate(invalid="ignore", divide="ignore"):  # no room; a figure that is 0
            lengths = (figures * along).sum(2)
            steps = along * np.sqrt((self.limit - self.errors)[:, None] / lengths)[:, :, None]
        ends = np.stack([self.solved[:, None] - steps, self.solved[:, None] + steps])
        values = (ends * figures).sum(3)
        allowed = np.isfinite(values) & (ends[..., 1] >= 0)
        low = np.where(allowed, values, np.inf).min((0, 1))
        high = np.where(allowed, values, -np.inf).max((0, 1))
        if self.may_be_flat:  # where b = 0 cuts the ellipses, all at the same levels
            reach = np.sqrt((self.limit - self.flat[1]) / self.points)
            low = np.minimum(low, of_a * (self.flat[0] - reach))
            high = np.maximum(high, of_a * (self.flat[0] + reach))
        return np.clip(low, 0, 1), np.clip(high, 0, 1)


def fit(points: Points) -> Fit:
    """Of at least four points at three different numbers of slices or more, all above 0."""
    slices, levels = np.array(points, dtype=np.float64).T
    scale = float(slices.min())
    fall = (slices / scale) ** -EXPONENTS[:, None]
    design = np.stack([np.ones_like(fall), -fall], axis=2)
    spread = np.linalg.inv(design.transpose(0, 2, 1) @ design)
    solved = np.einsum("eij,ekj,k->ei", spread, design, levels)
    errors = ((levels - np.einsum("eki,ei->ek", design, solved)) ** 2).sum(1)
    constant = float(levels.mean())
    flat = float(((levels - constant) ** 2).sum())
    best, error = _best(solved, fall, levels, scale)
    if error >= flat:
        best, error = PowerLaw(constant, 0.0, best.c), flat
    freedom = len(points) - 3
    limit = error + student_t(freedom) ** 2 * max(error / freedom, NOISE**2)
    return Fit(best, limit, (constant, flat), len(points), scale, solved, errors, spread)


def _best(solved: Floats, fall: Floats, levels: Floats, scale: float) -> tuple[PowerLaw, float]:
    """The best curve with a ≤ 1 and b ≥ 0, and its squared residuals."""
    a, b = solved.T
    at_most = ((1 - levels) * fall).sum(1) / (fall**2).sum(1)  # the best b where a is 1
    b = np.maximum(np.where(a > 1, at_most, b), 0)
    a = np.minimum(np.where(b > 0, a, levels.mean()), 1)
    errors = ((levels - a[:, None] + b[:, None] * fall) ** 2).sum(1)
    chosen = int(errors.argmin())
    c = float(EXPONENTS[chosen])
    return PowerLaw(float(a[chosen]), float(b[chosen]) * scale**c, c), float(errors[chosen])
