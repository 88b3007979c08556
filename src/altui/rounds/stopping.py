"""Whether another round is worth having. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from altui.config import Stopping
from altui.text import count

ENOUGH_SAMPLES = 5  # a bootstrap over fewer is too narrow to be taken at its word
Verdict = Literal["continue", "stop", "undecided"]


@dataclass(frozen=True)
class Gain:
    """A round's gain in mIoU on the watched split; `interval` 95 %, where it is known."""

    round: int
    gain: float
    interval: tuple[float, float] | None
    samples: int = 0  # that the interval rests on


@dataclass(frozen=True)
class StoppingVerdict:
    verdict: Verdict
    reasons: tuple[str, ...]


def verdict(rule: Stopping, evaluated: int, gains: Sequence[Gain], pool: int) -> StoppingVerdict:
    """The published rule (stop when the gain is negligible `patience` rounds in a row)
    held against what the numbers can bear: where the interval still reaches `min_gain`
    the rule is met but not proven, and the verdict is left to people.

    `evaluated`: rounds with results; `pool`: slices without a label.
    """
    if evaluated and pool == 0:
        return StoppingVerdict("stop", ("every training slice is labelled: the pool is empty",))
    if evaluated >= rule.max_rounds:
        return StoppingVerdict(
            "stop", (f"{count(evaluated, 'round')} done, as many as max_rounds allows",)
        )
    if evaluated == 0:
        return StoppingVerdict("undecided", ("no round has results yet",))
    if len(gains) < rule.patience:
        needed = rule.patience + 1
        return StoppingVerdict(
            "undecided",
            (f"a gain needs two rounds; {evaluated} of {needed} rounds have results",),
        )
    watched = gains[-rule.patience :]
    reasons = tuple(_describe(gain, rule) for gain in watched)
    if any(gain.gain >= rule.min_gain for gain in watched):
        return StoppingVerdict("continue", reasons)
    if any(gain.interval is not None and gain.interval[1] >= rule.min_gain for gain in watched):
        more = (
            f"the rule is met, but the interval still reaches {rule.min_gain:.3f}: "
            "one more round would tell",
        )
        return StoppingVerdict("undecided", reasons + more)
    return StoppingVerdict("stop", reasons)


def _describe(gain: Gain, rule: Stopping) -> str:
    side = "above" if gain.gain >= rule.min_gain else "below"
    interval = ""
    if gain.interval:
        interval = f", 95 % interval [{gain.interval[0]:+.3f}, {gain.interval[1]:+.3f}]"
        if gain.samples < ENOUGH_SAMPLES:
            interval += f" (rough: from {count(gain.samples, 'sample')})"
    return (
        f"round {gain.round}: {rule.split} mIoU {gain.gain:+.3f}{interval}, "
        f"{side} min_gain {rule.min_gain:.3f}"
    )
