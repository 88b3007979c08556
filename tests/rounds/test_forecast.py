"""The learning curve, what it forecasts and how it is told."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Stopping
from altui.rounds.evidence import describe_forecast
from altui.rounds.forecast import Forecast, Refused, forecast
from altui.rounds.power_law import Points, PowerLaw, fit

TRUE = PowerLaw(0.82, 0.9, 0.6)
LABELLED = 8 * np.arange(1, 11)


def noisy(curve: PowerLaw, rounds: int, noise: float, seed: int = 0) -> Points:
    scatter = np.random.default_rng(seed).normal(0, noise, rounds)
    levels = curve.at(LABELLED[:rounds]) + scatter
    return tuple(zip(LABELLED[:rounds].tolist(), levels.tolist(), strict=True))


def made(points: Points, pool: int = 800, target: float | None = None) -> Forecast:
    found = forecast(points, 8, pool, 0.005, target)
    assert isinstance(found, Forecast)
    return found


def numbers(found: object) -> list[float]:
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return [number for one in found for number in numbers(one)]
    return [found] if isinstance(found, int | float) else []


def test_the_levels_lead_on_from_the_last_round_within_their_ranges() -> None:
    found = made(noisy(TRUE, 6, 0.002), pool=20)
    assert [level.labelled for level in found.levels] == [48, 56, 64, 68]  # the pool ends there
    for level in found.levels:
        assert level.low <= level.miou <= level.high
    widths = [level.high - level.low for level in found.levels]
    assert widths == sorted(widths)


def test_known_parameters_are_recovered() -> None:
    best = fit(noisy(TRUE, 10, 0.0005)).best
    assert best.a == pytest.approx(TRUE.a, abs=0.02)
    assert best.c == pytest.approx(TRUE.c, abs=0.12)


@pytest.mark.parametrize("rounds", [4, 6, 10])
def test_the_ranges_hold_the_truth_as_often_as_they_say(rounds: int) -> None:
    later = np.array([120.0])
    gain = float(np.diff(TRUE.at([8 * rounds, 8 * rounds + 8]))[0])
    held = np.zeros(3)
    for seed in range(200):
        found = fit(noisy(TRUE, rounds, 0.006, seed))
        low, high = found.asymptote_range()
        level, gains = (
            found.level_ranges(later),
            found.gain_ranges(np.array([8.0 * rounds]), np.array([8.0 * rounds + 8])),
        )
        held += (
            low <= TRUE.a <= high,
            level[0][0] <= TRUE.at(120) <= level[1][0],
            gains[0][0] <= gain <= gains[1][0],
        )
    assert (held / 200 >= 0.90).all(), held


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_fewer_than_four_rounds_bear_no_forecast(rounds: int) -> None:
    found = forecast(noisy(TRUE, rounds, 0), 8, 800, 0.005)
    assert isinstance(found, Refused)
    assert "needs 4 comparable rounds" in found.why
    assert found.why.endswith(f" {rounds}")


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((0.7, 0.7, 0.7, 0.7, 0.7), "does not rise"),
        ((0.8, 0.75, 0.7, 0.66, 0.6), "does not rise"),
        ((0.6, 0.9, 0.55, 0.85, 0.7), "too far from any power law"),
        ((0.1, 0.2, 0.3, 0.4), "too far from any power law"),  # rises, but as no such curve
    ],
    ids=["flat", "falling", "jumping", "straight"],
)
def test_what_is_no_rising_curve_is_refused(levels: tuple[float, ...], words: str) -> None:
    found = forecast(tuple(zip(range(8, 48, 8), levels, strict=False)), 8, 800, 0.005)
    assert isinstance(found, Refused)
    assert words in found.why


def test_rounds_that_label_nothing_more_bear_no_curve() -> None:
    found = forecast(((8, 0.5), (8, 0.6), (16, 0.7), (16, 0.8)), 8, 800, 0.005)
    assert isinstance(found, Refused)
    assert "differ in how many slices" in found.why


def test_an_asymptote_at_its_bound_is_not_shown_as_a_finding() -> None:
    points = tuple((8 * n, 0.2 + 0.1 * n) for n in range(1, 7))  # a line: 1 and beyond
    found = made(points)
    assert (found.asymptote, found.target, found.rounds_to) == (None, None, None)
    told = " ".join(describe_forecast(found, Stopping()))
    assert "cannot be told yet" in told
    assert "1.000" not in told
    assert made(points, target=0.9).rounds_to is not None  # a target of one's own still holds


def test_rounds_to_a_target_are_told_with_their_range() -> None:
    points = noisy(TRUE, 10, 0.001)
    target = float(TRUE.at(8 * 14))
    found = made(points, target=target)
    least, most = found.rounds_to_range
    assert least is not None
    assert most is not None
    assert least <= 4 <= most
    assert f"mIoU {target:.3f}: reached after" in describe_forecast(found, Stopping())[-1]


@pytest.mark.parametrize(
    ("pool", "target", "words"),
    [
        (800, 0.3, "reached already"),
        (16, 0.99, "not reached, even with the whole pool labelled"),
    ],
)
def test_a_target_behind_or_out_of_reach(pool: int, target: float, words: str) -> None:
    found = made(noisy(TRUE, 8, 0.001), pool, target)
    assert words in describe_forecast(found, Stopping())[-1]


def test_the_last_round_takes_what_the_pool_still_has() -> None:
    points = noisy(TRUE, 4, 0)
    least = float(fit(points).best.at(32 + 11)) - 1e-6
    assert made(points, pool=11, target=least).rounds_to == 2
    assert made(points, pool=8, target=least).rounds_to is None
    assert made(points, pool=8).worth is None
    told = describe_forecast(made(points, pool=8), Stopping())[0]
    assert "every round that the pool allows gains 0.005" in told


def test_an_empty_pool_needs_no_forecast() -> None:
    assert forecast(noisy(TRUE, 6, 0), 8, 0, 0.005) == Refused("nothing is left to label")


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 1)), max_size=12),
    st.integers(1, 50),
    st.integers(0, 3000),
    st.floats(0, 1),
    st.none() | st.floats(0.01, 0.99),
)
def test_it_never_fails_nor_says_what_is_no_number(
    points: list[tuple[int, float]], budget: int, pool: int, min_gain: float, target: float | None
) -> None:
    found = forecast(tuple(points), budget, pool, min_gain, target)
    assert all(map(math.isfinite, numbers(found.to_json())))
    told = describe_forecast(found, Stopping(min_gain=min_gain))
    assert told
    assert not {"nan", "inf", "None"} & {word.strip("[](),+-") for word in " ".join(told).split()}
    if isinstance(found, Forecast):
        low, high = found.asymptote_range
        assert 0 <= low <= high <= 1
        assert found.next_gain_range[0] <= found.next_gain <= found.next_gain_range[1]
