"""Strategies compared: pure figures from a simulation's rows. `docs/simulation.md` defines them.

Figures that must be fair (area, share of full supervision) are of the rounds and seeds that
every strategy has reached, so that a table of a simulation under way favours nobody. One that
failed will reach no more: it has none of them, and holds the others back no longer.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from altui.simulation.records import Experiment, Rows

SHARES = (95, 97, 99)  # percent of full supervision


@dataclass(frozen=True)
class Spread:
    """Over `n` seeds; `sd` (n − 1) is None for one seed, which has none."""

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True)
class RoundSpread:
    """mIoU of one round; `labelled`: mean over the seeds."""

    round: int
    labelled: float
    miou: Spread


@dataclass(frozen=True)
class Reached:
    """Labelled slices at which `percent` of full supervision is reached.

    `n` of `of` seeds reached it; `slices` is of those, None where none did.
    """

    percent: int
    slices: Spread | None
    n: int
    of: int


@dataclass(frozen=True)
class Wins:
    """Rounds of seeds in which a strategy was better than `against`, of `n` in which the two
    were trained on different slices. `share`: wins and half of the ties, of n, 0..1.
    """

    against: str
    wins: int
    ties: int
    n: int
    share: float


@dataclass(frozen=True)
class StrategySummary:
    """`auc`, `last`, `percent_of_full`: None until there is something to compare."""

    strategy: str
    rounds: tuple[RoundSpread, ...]
    auc: Spread | None
    last: Spread | None
    percent_of_full: Spread | None
    slices_to: tuple[Reached, ...]
    wins: tuple[Wins, ...]


@dataclass(frozen=True)
class Summary:
    """`rounds` and `seeds`: what area and share compare; mIoU 0..1 of `split`."""

    split: str
    rounds: int
    seeds: tuple[int, ...]
    full: Spread | None
    full_labelled: int | None
    strategies: tuple[StrategySummary, ...]


Curve = Sequence[tuple[float, float]]  # (labelled slices, mIoU), round by round


def summarise(rows: Rows) -> Summary:
    """Compare the strategies of a simulation, finished or not."""
    split = rows.split
    full = {one.seed: value for one in rows.full if (value := one.miou.get(split)) is not None}
    names = list(dict.fromkeys(one.strategy for one in rows.experiments))
    failed = {one.strategy for one in rows.experiments if one.failed}
    rounds, seeds = _comparable([one for one in rows.experiments if one.strategy not in failed])
    return Summary(
        split=split,
        rounds=rounds,
        seeds=seeds,
        full=spread(full.values()),
        full_labelled=max((one.labelled for one in rows.full), default=None),
        strategies=tuple(
            _strategy(
                name,
                names,
                rows.experiments,
                split,
                rounds,
                () if name in failed else seeds,
                full,
            )
            for name in names
        ),
    )


def spread(values: Iterable[float]) -> Spread | None:
    """None for no values."""
    known = list(values)
    if not known:
        return None
    return Spread(fmean(known), stdev(known) if len(known) > 1 else None, len(known))


def area(curve: Curve) -> float | None:
    """The mean height of a curve: its trapezoids over the range of labelled slices.

    None where that range is empty.
    """
    width = curve[-1][0] - curve[0][0] if curve else 0.0
    if width <= 0:
        return None
    pairs = zip(curve, curve[1:], strict=False)
    return sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairs) / width


def slices_to(curve: Curve, height: float) -> float | None:
    """Labelled slices at which the curve first reaches `height`, linear between rounds.

    The first round's where that one has it already; None where no round does.
    """
    for place, (x, y) in enumerate(curve):
        if y < height:
            continue
        if place == 0:
            return x
        x0, y0 = curve[place - 1]
        return x0 + (x - x0) * (height - y0) / (y - y0)
    return None


def _strategy(
    name: str,
    names: Sequence[str],
    experiments: Sequence[Experiment],
    split: str,
    rounds: int,
    seeds: tuple[int, ...],
    full: dict[int, float],
) -> StrategySummary:
    mine = [one for one in experiments if one.strategy == name]
    fair = {one.seed: curve_of(one, split)[:rounds] for one in mine if one.seed in seeds}
    shares = {
        seed: 100 * curve[-1][1] / whole
        for seed, curve in fair.items()
        if curve and (whole := _reference(full, seed))
    }
    areas = (area(curve) for curve in fair.values())
    return StrategySummary(
        strategy=name,
        rounds=_by_round(mine, split),
        auc=spread(value for value in areas if value is not None),
        last=spread(curve[-1][1] for curve in fair.values() if curve),
        percent_of_full=spread(shares.values()),
        slices_to=tuple(_reached(mine, split, percent, full) for percent in SHARES),
        wins=tuple(
            _wins(other, mine, [one for one in experiments if one.strategy == other], split)
            for other in names
            if other != name
        ),
    )


def _comparable(experiments: Sequence[Experiment]) -> tuple[int, tuple[int, ...]]:
    """The most rounds that all strategies have with one seed, and the seeds that have them."""
    least: dict[int, int] = {}
    for one in experiments:
        least[one.seed] = min(least.get(one.seed, len(one.rounds)), len(one.rounds))
    rounds = max(least.values(), default=0)
    return rounds, tuple(seed for seed, count in least.items() if rounds and count == rounds)


def curve_of(experiment: Experiment, split: str) -> list[tuple[float, float]]:
    """Labelled slices and mIoU, of the rounds that have one."""
    return [
        (float(point.labelled), value)
        for point in experiment.rounds
        if (value := point.miou.get(split)) is not None and math.isfinite(value)
    ]


def _by_round(mine: Sequence[Experiment], split: str) -> tuple[RoundSpread, ...]:
    found: dict[int, list[tuple[int, float]]] = {}
    for one in mine:
        for point in one.rounds:
            value = point.miou.get(split)
            if value is not None:
                found.setdefault(point.round, []).append((point.labelled, value))
    return tuple(
        RoundSpread(number, fmean(x for x, _ in points), miou)
        for number, points in sorted(found.items())
        if (miou := spread(y for _, y in points)) is not None
    )


def _reference(full: dict[int, float], seed: int) -> float | None:
    """Full supervision with the same seed; where that is not in, the mean of the others."""
    return full.get(seed, fmean(full.values()) if full else None)


def _reached(
    mine: Sequence[Experiment], split: str, percent: int, full: dict[int, float]
) -> Reached:
    found = [
        slices_to(curve, percent / 100 * whole)
        for one in mine
        if (curve := curve_of(one, split)) and (whole := _reference(full, one.seed)) is not None
    ]
    reached = [slices for slices in found if slices is not None]
    return Reached(percent, spread(reached), len(reached), len(found))


def _wins(other: str, mine: Sequence[Experiment], theirs: Sequence[Experiment], split: str) -> Wins:
    """Of the same round with the same seed; a shared training is no contest."""
    against = {(one.seed, point.round): point for one in theirs for point in one.rounds}
    gains: list[float] = []
    for one in mine:
        for point in one.rounds:
            rival = against.get((one.seed, point.round))
            if rival is None or rival.node == point.node:
                continue
            a, b = point.miou.get(split), rival.miou.get(split)
            if a is not None and b is not None:
                gains.append(a - b)
    wins, ties = sum(gain > 0 for gain in gains), sum(gain == 0 for gain in gains)
    share = (wins + ties / 2) / len(gains) if gains else 0.5
    return Wins(other, wins, ties, len(gains), share)
