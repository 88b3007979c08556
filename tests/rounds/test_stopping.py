"""The verdict: continue, stop or undecided."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Stopping
from altui.rounds.stopping import Gain, StoppingVerdict, verdict

RULE = Stopping()
TOLD = ("s1:3 was labelled anew",)


def gains(*values: float | None, reach: float = 0.001) -> list[Gain]:
    return [
        Gain(number, value, None if value is None else (value - reach, value + reach), 6)
        for number, value in enumerate(values, start=2)
    ]


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
        (2, gains(0.001, reach=0.02), RULE, 100, "undecided"),
        (2, gains(0.001, reach=0.003), RULE, 100, "stop"),
        (2, gains(0.05, reach=0.06), RULE, 100, "continue"),
        # two samples may agree by chance: however narrow, theirs cannot say "no gain"
        (2, [Gain(2, 0.001, (0.001, 0.001), 2)], RULE, 100, "undecided"),
        (2, [Gain(2, 0.001, (0.0, 0.002), 3)], RULE, 100, "stop"),
        (2, [Gain(2, 0.05, (-0.2, 0.3), 2)], RULE, 100, "continue"),
        # one sample bears no interval, so it cannot say "no gain"
        (2, [Gain(2, 0.001)], RULE, 100, "undecided"),
        (2, [Gain(2, 0.05)], RULE, 100, "continue"),
        # not comparable: shown, and not counted
        (2, [replace(gains(0.001)[0], changed=TOLD)], RULE, 100, "undecided"),
        (2, [replace(gains(0.05)[0], changed=TOLD)], RULE, 100, "undecided"),
        (2, [replace(gains(0.05)[0], changed=TOLD)], RULE, 0, "stop"),
        # nor is an older gain taken in its place
        (3, [gains(0.001)[0], Gain(3, None)], RULE, 100, "undecided"),
        (3, [gains(0.05)[0], Gain(3, 0.0, changed=TOLD)], Stopping(patience=2), 100, "continue"),
        (3, [gains(0.001)[0], Gain(3, 0.0, changed=TOLD)], Stopping(patience=2), 100, "undecided"),
    ],
)
def test_verdict(
    evaluated: int, found: list[Gain], rule: Stopping, pool: int, expected: str
) -> None:
    result = verdict(rule, evaluated, found, pool)
    assert result.verdict == expected
    assert result.reasons


def test_the_reason_gives_the_figures() -> None:
    gain = Gain(2, 0.043, (0.021, 0.064), 6)
    (reason,) = verdict(RULE, 2, [gain], 100).reasons
    assert reason == (
        "round 2: test mIoU +0.043, 95 % interval [+0.021, +0.064] from 6 samples, "
        "above min_gain 0.005"
    )


@pytest.mark.parametrize(("gain", "said"), [(-0.05, True), (-0.005, True), (-0.004, False)])
def test_a_fall_is_called_one(gain: float, said: bool) -> None:
    found = verdict(Stopping(), 3, gains(0.1, gain), pool=9)
    assert any("round 3 is worse than the one before" in reason for reason in found.because) == said


def test_the_reason_tells_what_changed() -> None:
    first, second = verdict(RULE, 2, [Gain(2, 0.043, changed=TOLD)], 100).reasons
    assert first == "round 2: test mIoU +0.043; not comparable: s1:3 was labelled anew"
    assert second.startswith("the rule cannot be applied: round 2 and the one before it")


figures = st.floats(-0.1, 0.1)
GAINS = st.builds(
    lambda gain, below, above, changed: Gain(2, gain, (gain - below, gain + above), 6, changed),
    figures,
    *[st.floats(0, 0.05)] * 2,
    st.sampled_from([(), (), TOLD]),
)
LISTS = st.lists(GAINS, min_size=1, max_size=5)
RULES = st.builds(Stopping, min_gain=st.floats(0, 0.05), patience=st.integers(1, 3))
TOWARDS_STOP = {"continue": 0, "undecided": 1, "stop": 2}


def decided(rule: Stopping, found: list[Gain], pool: int = 9) -> StoppingVerdict:
    return verdict(rule, len(found) + 1, found, pool)


@given(RULES, LISTS, st.floats(0, 0.1))
def test_larger_gains_never_bring_the_end_nearer(
    rule: Stopping, found: list[Gain], more: float
) -> None:
    larger = [
        replace(g, gain=g.gain + more, interval=(g.interval[0] + more, g.interval[1] + more))
        for g in found
        if g.gain is not None and g.interval
    ]
    before, after = decided(rule, found), decided(rule, larger)
    assert TOWARDS_STOP[after.verdict] <= TOWARDS_STOP[before.verdict]


@given(RULES, LISTS, st.floats(0, 0.1))
def test_a_wider_interval_never_says_no_gain(
    rule: Stopping, found: list[Gain], more: float
) -> None:
    wider = [
        replace(g, interval=(g.interval[0] - more, g.interval[1] + more))
        for g in found
        if g.interval
    ]
    before, after = decided(rule, found).verdict, decided(rule, wider).verdict
    assert after == before or (before, after) == ("stop", "undecided")


@given(RULES, LISTS)
def test_stop_needs_patience_rounds_whose_intervals_all_bear_it(
    rule: Stopping, found: list[Gain]
) -> None:
    watched = found[-rule.patience :]
    borne = len(watched) == rule.patience and all(
        g.counts and g.gain is not None and g.gain < rule.min_gain for g in watched
    )
    borne = borne and all(g.interval and g.interval[1] < rule.min_gain for g in watched)
    assert (decided(rule, found).verdict == "stop") == borne


@given(RULES, LISTS, st.data())
def test_what_is_not_comparable_neither_stops_nor_goes_on(
    rule: Stopping, found: list[Gain], data: st.DataObject
) -> None:
    place = data.draw(st.integers(max(len(found) - rule.patience, 0), len(found) - 1))
    found[place] = replace(found[place], changed=TOLD)
    with_it = decided(rule, found)
    assert with_it.verdict != "stop"
    others = [g for g in found[-rule.patience :] if g.counts]
    assert (with_it.verdict == "continue") == any((g.gain or 0) >= rule.min_gain for g in others)


@given(RULES, LISTS)
def test_an_empty_pool_ends_it_whatever_the_figures(rule: Stopping, found: list[Gain]) -> None:
    assert decided(rule, found, pool=0).verdict == "stop"


@pytest.mark.parametrize(
    ("gain", "told"),
    [
        (0.0046, "+0.0046, 95 % interval [+0.004, +0.006] from 6 samples, below min_gain 0.005"),
        (0.004996, "mIoU +0.004996, "),
        (0.005, "mIoU +0.005, "),
        (0.0051, "mIoU +0.0051, "),
        (0.05, "mIoU +0.050, "),
    ],
)
def test_figures_show_on_which_side_of_the_rule_a_gain_is(gain: float, told: str) -> None:
    assert told in verdict(RULE, 2, gains(gain), 100).because[0]
