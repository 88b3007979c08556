"""Student's t: how much wider an interval must be where its spread is known from few values."""

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def student_t(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The two-sided critical value for `freedom` ≥ 1 degrees of freedom; exact for one and
    two, within 0.2 % beyond (the series of Abramowitz and Stegun, Handbook of Mathematical
    Functions, 1964, 26.7.5). NumPy has none, and SciPy is too large for one number.
    """
    upper = 0.5 + confidence / 2
    if freedom == 1:
        return math.tan(math.pi * (upper - 0.5))
    if freedom == 2:
        return (2 * upper - 1) * math.sqrt(2 / (4 * upper * (1 - upper)))
    z = NormalDist().inv_cdf(upper)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))
