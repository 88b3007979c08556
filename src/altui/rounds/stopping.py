"""Whether another round is worth having. Pure functions.

The published rule (Kazimi et al., 2022) is to stop when the gain between successive rounds
is negligible. It is held against what the figures can bear: a gain that was measured as
negligible and may well not be is left to people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from altui.config import Stopping
from altui.rounds.gain import Interval
from altui.text import count

Verdict = Literal["continue", "stop", "undecided"]
POOL_EMPTY = "every training slice is labelled: the pool is empty"
LEAST_SAMPLES = 3  # two may gain alike by chance, and seem to know it exactly


@dataclass(frozen=True)
class Gain:
    """A round's gain in mIoU on the watched split; None where it could not be measured.

    `interval` 95 %, from so many `samples`; `changed`: what else is new since the round
    before, in sentences, which makes the gain incomparable.
    """

    round: int
    gain: float | None
    interval: Interval | None = None
    samples: int = 0
    changed: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        return self.gain is not None and not self.changed


@dataclass(frozen=True)
class StoppingVerdict:
    """`because`: what the verdict rests on; `beside`: what else the figures say."""

    verdict: Verdict
    because: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.because + self.beside


def verdict(rule: Stopping, evaluated: int, gains: Sequence[Gain], pool: int) -> StoppingVerdict:
    """Continue, stop, or undecided, which does not stop the rounds: it tells people to look.

    `evaluated`: rounds with results; `gains`: of each but the first, oldest first; `pool`:
    slices without a label. In this order:

    1. Nothing is left to label, or `max_rounds` are done: stop.
    2. One of the last `patience` gains counts and reaches `min_gain`: continue.
    3. There are fewer gains, or one of them does not count: undecided.
    4. All are below `min_gain`, and so are the upper ends of their intervals: stop. Where an
       interval reaches `min_gain`, or rests on fewer than three samples: undecided.
    """
    if evaluated and pool == 0:
        return StoppingVerdict("stop", (POOL_EMPTY,))
    if evaluated >= rule.max_rounds:
        return StoppingVerdict(
            "stop", (f"{count(evaluated, 'round')} done, as many as max_rounds allows",)
        )
    watched = gains[-rule.patience :]
    reasons = tuple(describe(gain, rule) for gain in watched) + _fallen(watched, rule)
    if any(gain.counts and _reaches(gain, rule) for gain in watched):
        return StoppingVerdict("continue", reasons)
    doubt = (
        _too_few(rule, evaluated, len(gains)) or _incomparable(watched) or _unproven(watched, rule)
    )
    return StoppingVerdict("undecided" if doubt else "stop", reasons + doubt)


def _reaches(gain: Gain, rule: Stopping) -> bool:
    return gain.gain is not None and gain.gain >= rule.min_gain


def _too_few(rule: Stopping, evaluated: int, gains: int) -> tuple[str, ...]:
    if not evaluated:
        return ("no round has results yet",)
    if gains < rule.patience:
        needed = rule.patience + 1
        return (f"a gain needs two rounds; {evaluated} of {needed} rounds have results",)
    return ()


def _incomparable(watched: Sequence[Gain]) -> tuple[str, ...]:
    rounds = [str(gain.round) for gain in watched if not gain.counts]
    if not rounds:
        return ()
    return (
        f"the rule cannot be applied: round {' and '.join(rounds)} and the one before it are not "
        "comparable; one more round on the same footing would tell",
    )


def _unproven(watched: Sequence[Gain], rule: Stopping) -> tuple[str, ...]:
    """Why the figures cannot bear "no gain", though the rule is met."""
    least = min(gain.samples for gain in watched)
    if least < LEAST_SAMPLES or any(gain.interval is None for gain in watched):
        return (
            f"the rule is met, but by {rule.split} figures of {count(least, 'sample')} only, which "
            "say next to nothing of how much others would differ: look at the pictures",
        )
    if any(gain.interval[1] >= rule.min_gain for gain in watched if gain.interval):
        return (
            f"the rule is met, but the interval still reaches {rule.min_gain:.3f}: these figures "
            "cannot tell such a gain from none",
        )
    return ()


def _fallen(watched: Sequence[Gain], rule: Stopping) -> tuple[str, ...]:
    """A loss as large as the gain that is looked for has other causes than too few labels."""
    return tuple(
        f"round {gain.round} is worse than the one before: this training may have gone badly, or "
        "its new masks contradict the earlier ones; look at the classes' gains and the new masks"
        for gain in watched
        if gain.counts and gain.gain is not None and gain.gain <= -rule.min_gain
    )


def _digits(gain: float, wanted: float) -> int:
    """As many as show on which side of `wanted` a gain is."""
    same = (n for n in range(3, 7) if gain == wanted or f"{gain:.{n}f}" != f"{wanted:.{n}f}")
    return next(same, 7)


def describe(gain: Gain, rule: Stopping) -> str:
    """The gain, its interval and where it stands to the rule; or why it does not count."""
    if gain.gain is None:
        figure = f"round {gain.round}: no gain in {rule.split} mIoU could be measured"
    else:
        digits = _digits(gain.gain, rule.min_gain)
        figure = f"round {gain.round}: {rule.split} mIoU {gain.gain:+.{digits}f}"
    if not gain.counts:
        return figure + (f"; not comparable: {'; '.join(gain.changed)}" if gain.changed else "")
    if gain.interval:
        low, high = gain.interval
        figure += f", 95 % interval [{low:+.3f}, {high:+.3f}] from {count(gain.samples, 'sample')}"
    side = "above" if _reaches(gain, rule) else "below"
    return f"{figure}, {side} min_gain {rule.min_gain:.3f}"
