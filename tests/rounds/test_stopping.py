"""The verdict: continue, stop or undecided."""

from dataclasses import replace

import pytest

from altui.config import Stopping
from altui.rounds.stopping import Gain, verdict

RULE = Stopping()


def gains(*values: float, interval: tuple[float, float] | None = None) -> list[Gain]:
    return [Gain(number, value, interval) for number, value in enumerate(values, start=2)]


@pytest.mark.parametrize(
    ("evaluated", "found", "rule", "pool", "expected"),
    [
        (0, gains(), RULE, 100, "undecided"),
        (1, gains(), RULE, 100, "undecided"),
        (2, gains(0.05), RULE, 100, "continue"),
        (2, gains(0.001), RULE, 100, "stop"),
        (2, gains(-0.02), RULE, 100, "stop"),
        (3, gains(0.001, 0.05), RULE, 100, "continue"),
        (3, gains(0.05, 0.001), Stopping(patience=2), 100, "continue"),
        (3, gains(0.001, 0.001), Stopping(patience=2), 100, "stop"),
        (2, gains(0.001), Stopping(patience=2), 100, "undecided"),
        (2, gains(0.05), Stopping(max_rounds=2), 100, "stop"),
        (2, gains(0.05), RULE, 0, "stop"),
        (2, gains(0.001, interval=(-0.01, 0.02)), RULE, 100, "undecided"),
        (2, gains(0.001, interval=(-0.01, 0.004)), RULE, 100, "stop"),
        (2, gains(0.05, interval=(-0.01, 0.1)), RULE, 100, "continue"),
    ],
)
def test_verdict(
    evaluated: int, found: list[Gain], rule: Stopping, pool: int, expected: str
) -> None:
    result = verdict(rule, evaluated, found, pool)
    assert result.verdict == expected
    assert result.reasons


def test_the_reason_gives_the_figures() -> None:
    (gain,) = gains(0.043, interval=(0.021, 0.064))
    (reason,) = verdict(RULE, 2, [replace(gain, samples=6)], 100).reasons
    assert reason == (
        "round 2: test mIoU +0.043, 95 % interval [+0.021, +0.064], above min_gain 0.005"
    )
    (reason,) = verdict(RULE, 2, [replace(gain, samples=2)], 100).reasons
    assert "(rough: from 2 samples)" in reason
