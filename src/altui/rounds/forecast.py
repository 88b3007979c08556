"""Where the learning curve leads: a power law through the rounds, and how little it knows.

    mIoU(n) = a - b · n^-c,  n labelled slices,  b ≥ 0,  a ≤ 1

is the form that learning curves follow best more often than any other of three parameters
(Viering and Loog, The Shape of Learning Curves: A Review, IEEE TPAMI 45, 2023). Its
asymptote `a` is told badly by early rounds, so every figure comes with a range, and where
the rounds bear no curve at all the forecast is refused, in words.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from altui.rounds.gain import Interval
from altui.rounds.power_law import Points, PowerLaw, fit
from altui.text import count

LEAST_ROUNDS = 4  # three parameters, and one more to judge the fit by
NEARLY = 0.99  # of the asymptote, the level asked for where no target is set
FURTHEST = 5000  # rounds; nobody plans further


class Level(NamedTuple):
    """mIoU that a curve foretells for so many labelled slices, and its 95 % range."""

    labelled: int
    miou: float
    low: float
    high: float


@dataclass(frozen=True)
class Refused:
    """No forecast, and why."""

    why: str

    def to_json(self) -> dict[str, Any]:
        return {"refused": self.why}


@dataclass(frozen=True)
class Forecast:
    """mIoU and gains 0..1, each with a 95 % range; rounds counted from the last with results.

    `asymptote`: None where the best curve is one at the edge of those tried, so that its
    level is the edge's and no finding. `worth`: rounds on end that gain `min_gain` or more
    each, None for all that the pool allows. `target`: the mIoU that `rounds_to` is about, 99 %
    of the asymptote unless [stopping] target is set; None without either. `rounds_to`: None
    where the whole pool does not bring it. `levels`: from the last round on, for half as many
    rounds as the curve goes through, for a chart.
    """

    asymptote: float | None
    asymptote_range: Interval
    next_gain: float
    next_gain_range: Interval
    worth: int | None
    worth_range: tuple[int | None, int | None]
    target: float | None
    rounds_to: int | None
    rounds_to_range: tuple[int | None, int | None]
    rounds: int  # that the curve goes through
    curve: PowerLaw
    levels: tuple[Level, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "asymptote": self.asymptote,
            "range": list(self.asymptote_range),
            "next_gain": self.next_gain,
            "next_gain_range": list(self.next_gain_range),
            "rounds_worth": self.worth,
            "rounds_worth_range": list(self.worth_range),
            "target": self.target,
            "rounds_to": self.rounds_to,
            "rounds_to_range": list(self.rounds_to_range),
            "rounds": self.rounds,
            "curve": {"a": self.curve.a, "b": self.curve.b, "c": self.curve.c},
            "levels": [level._asdict() for level in self.levels],
        }


@lru_cache(maxsize=64)
def forecast(
    points: Points, budget: int, pool: int, min_gain: float, target: float | None = None
) -> Forecast | Refused:
    """`points`: (labelled slices, mIoU) of comparable rounds, oldest first; `budget`: slices
    a round from now on; `pool`: how many are left, the last round taking what there is.
    """
    rounds = len(points)
    if rounds < LEAST_ROUNDS:
        there = "there is" if rounds == 1 else "there are"
        return Refused(
            f"a learning curve needs {LEAST_ROUNDS} comparable rounds, and {there} {rounds}"
        )
    if len({labelled for labelled, _ in points}) < LEAST_ROUNDS:
        return Refused(f"fewer than {LEAST_ROUNDS} rounds differ in how many slices are labelled")
    found = fit(points)
    if found.best.b <= 0:
        return Refused("mIoU does not rise with the labelled slices: there is no curve to go on")
    if found.may_be_flat:
        return Refused(
            f"{count(rounds, 'round')} lie too far from any power law to tell where mIoU leads: "
            "within their scatter it may as well stay where it is"
        )
    if pool < 1:
        return Refused("nothing is left to label")
    asymptote = None if found.at_edge else found.best.a
    wanted = NEARLY * asymptote if target is None and asymptote is not None else target
    left = min(math.ceil(pool / budget), FURTHEST)
    ahead = points[-1][0] + np.minimum(budget * np.arange(left + 1.0), pool)
    levels, (low, high) = found.best.at(ahead), found.level_ranges(ahead)
    gains, (least, most) = np.diff(levels), found.gain_ranges(ahead[:-1], ahead[1:])
    return Forecast(
        asymptote=asymptote,
        asymptote_range=found.asymptote_range(),
        next_gain=float(gains[0]),
        next_gain_range=(float(least[0]), float(most[0])),
        worth=_first(gains < min_gain),
        worth_range=(_first(least < min_gain), _first(most < min_gain)),
        target=wanted,
        rounds_to=_reached(levels, wanted),
        rounds_to_range=(_reached(high, wanted), _reached(low, wanted)),
        rounds=rounds,
        curve=found.best,
        levels=tuple(
            Level(int(n), *map(float, figures))
            for n, *figures in zip(ahead, levels, low, high, strict=True)
        )[: rounds // 2 + 1],
    )


def _reached(levels: npt.NDArray[np.float64], wanted: float | None) -> int | None:
    return None if wanted is None else _first(levels >= wanted)


def _first(holds: npt.NDArray[np.bool_]) -> int | None:
    """The first place where it holds."""
    return int(holds.argmax()) if holds.any() else None
