"""What else the figures say about another round, in words. None of it decides alone."""

from collections.abc import Sequence

from altui.config import Stopping
from altui.rounds.forecast import Forecast, Refused, forecast
from altui.rounds.repeats import Agreements
from altui.rounds.results import RoundResult
from altui.text import count, plain

STABLE = 0.99
"""Kappa from which on Bloodgood and Vijay-Shanker stop, for three rounds on end (A Method for
Stopping Active Learning Based on Stabilizing Predictions, CoNLL 2009). Their predictions were
of text, and pixels at an edge never settle; so it is told here, and stops nothing.
"""
SHOWN = 3  # rounds of stability


def evidence(
    rule: Stopping, results: Sequence[RoundResult], budget: int, pool: int
) -> tuple[tuple[str, ...], Forecast | Refused]:
    """Sentences, and the forecast that the last of them is about."""
    measured = [result for result in results if result.finished_at is not None]
    ahead = forecast(points(measured, rule.split), budget, pool, rule.min_gain, rule.target)
    told = describe_forecast(ahead, rule) if measured else ()
    if isinstance(ahead, Refused):
        told += tuple(broken(measured))
    return (*describe_classes(measured), *describe_stability(measured), *told), ahead


def points(measured: Sequence[RoundResult], split: str) -> tuple[tuple[int, float], ...]:
    """(labelled, mIoU) of the newest rounds that can be compared with one another."""
    since = max((place for place, one in enumerate(measured) if one.changed), default=0)
    found = ((one.labelled, one.miou.get(split)) for one in measured[since:])
    return tuple((labelled, miou) for labelled, miou in found if miou is not None and labelled)


def broken(measured: Sequence[RoundResult]) -> list[str]:
    """Why there are fewer comparable rounds than rounds."""
    rounds = [one.round for one in measured if one.changed]
    return [f"only rounds from {rounds[-1]} on are comparable"] if rounds else []


def describe_classes(measured: Sequence[RoundResult]) -> tuple[str, ...]:
    """The class that gained most in the newest round, and the one that lost most."""
    if not measured or measured[-1].changed:
        return ()
    changes = {n: c for n, c in measured[-1].class_gain.items() if c.gain is not None}
    if not changes:
        return ()
    ordered = sorted(changes, key=lambda name: changes[name].gain or 0.0)
    said = [
        f"largest {what} {plain(name)} {change.gain:+.3f}"
        + (f" [{change.interval[0]:+.3f}, {change.interval[1]:+.3f}]" if change.interval else "")
        for what, name, wanted in (("gain", ordered[-1], 1), ("loss", ordered[0], -1))
        if (change := changes[name]).gain is not None and change.gain * wanted > 0
    ]
    if not said:
        return ()
    return (f"round {measured[-1].round}, by class: {', '.join(said)}",)


def describe_stability(measured: Sequence[RoundResult]) -> tuple[str, ...]:
    known = [one for one in measured if one.stability is not None][-SHOWN:]
    if not known or known[-1] is not measured[-1]:
        return ()
    kappas = [one.stability.kappa for one in known if one.stability]
    newest = known[-1].stability
    assert newest is not None
    settled = len(kappas) == SHOWN and min(kappas) >= STABLE
    before = f", after {' and '.join(f'{kappa:.3f}' for kappa in kappas[:-1])}" * (len(kappas) > 1)
    return (
        f"predictions {'have settled' if settled else 'still move'}: on the frozen part of the "
        f"pool {100 * newest.agreement:.1f} % of the pixels are as in the round before, "
        f"IoU {newest.miou:.3f}, kappa {newest.kappa:.3f}{before} (settled: {STABLE} in "
        f"{SHOWN} rounds)",
    )


def describe_forecast(ahead: Forecast | Refused, rule: Stopping) -> tuple[str, ...]:
    if isinstance(ahead, Refused):
        return (f"no forecast: {ahead.why}",)
    least, most = ahead.next_gain_range
    told = [
        f"forecast from {count(ahead.rounds, 'round')}: the next gains {ahead.next_gain:+.3f} "
        f"[{least:+.3f}, {most:+.3f}]; {_worth(ahead, rule.min_gain)}",
        _level(ahead),
    ]
    if ahead.target is not None:
        told.append(f"mIoU {ahead.target:.3f}: {_reached(ahead.rounds_to, ahead.rounds_to_range)}")
    return tuple(told)


def _level(ahead: Forecast) -> str:
    """Where the curve levels out; an end of its range that is a bound is not told as a figure."""
    low, high = ahead.asymptote_range
    if ahead.asymptote is None:
        return f"where the curve levels out cannot be told yet (at {low:.3f} or above)"
    if high >= 1:
        return f"the curve levels out at {ahead.asymptote:.3f} ({low:.3f} or above)"
    return f"the curve levels out at {ahead.asymptote:.3f} [{low:.3f}, {high:.3f}]"


def _worth(ahead: Forecast, min_gain: float) -> str:
    """'2 more rounds gain 0.005 or more each (1 to 5)'."""
    low, high = ahead.worth_range
    match ahead.worth:
        case None:
            said = f"every round that the pool allows gains {min_gain:.3f} or more"
        case 0:
            said = f"no more round gains {min_gain:.3f}"
        case number:
            verb = "gains" if number == 1 else "gain"
            said = f"{count(number, 'more round')} {verb} {min_gain:.3f} or more"
    return said + _between(low, high, "all")


def _reached(number: int | None, between: tuple[int | None, int | None]) -> str:
    """'reached after 3 more rounds (2 to 9)'."""
    low, high = between
    match number:
        case None if low is None:
            return "not reached, even with the whole pool labelled"
        case None:
            return f"not reached with the whole pool labelled; after {low} more rounds at best"
        case 0:
            said = "reached already"
        case _:
            said = f"reached after {count(number, 'more round')}"
    return said + _between(low, high, "never")


def _between(low: int | None, high: int | None, without_end: str) -> str:
    """' (2 to 9)'; nothing where both ends are the same."""
    if low == high:
        return ""
    least, most = (without_end if one is None else str(one) for one in (low, high))
    return f" ({least} to {most})"


def describe_agreement(
    found: Agreements, results: Sequence[RoundResult], split: str
) -> tuple[str, ...]:
    """Whether the newest network is where people differ; silent until enough slices bear it."""
    between = found.between
    mious = [one.miou.get(split) for one in results if one.finished_at is not None]
    miou = mious[-1] if mious else None
    if miou is None or between is None or between.miou is None or between.interval is None:
        return ()
    low, high = between.interval
    told = (
        f"two annotators agree to an mIoU of {between.miou:.3f}, 95 % interval [{low:.3f}, "
        f"{high:.3f}] from {count(between.slices, 'repeated slice')}"
    )
    if miou < low:
        return (f"{told}; {split} mIoU {miou:.3f} is below that",)
    return (
        f"{told}; {split} mIoU {miou:.3f} reaches it: masks that people draw so differently "
        "can hardly show a further gain",
    )
