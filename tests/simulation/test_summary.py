"""Figures that compare strategies: by hand where they can be, and laws that always hold."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altui.simulation.records import Experiment, Full, Point, Rows
from altui.simulation.summary import area, slices_to, spread, summarise


def experiment(
    strategy: str, seed: int, mious: Sequence[float], labelled: Sequence[int] | None = None
) -> Experiment:
    """Rounds of eight slices; the first is shared by the experiments of a seed."""
    counts = labelled or [8 * number for number in range(1, len(mious) + 1)]
    return Experiment(
        strategy=strategy,
        seed=seed,
        rounds=tuple(
            Point(
                round=number,
                labelled=count,
                miou={"test": miou, "validation": 0.1},
                class_iou={},
                node=f"{seed}-{number}" + (strategy if number > 1 else ""),
                slices=(),
            )
            for number, (count, miou) in enumerate(zip(counts, mious, strict=True), start=1)
        ),
    )


def full(seed: int, miou: float) -> Full:
    return Full(seed=seed, labelled=100, miou={"test": miou}, class_iou={}, node=f"full{seed}")


def test_a_table_by_hand() -> None:
    summary = summarise(
        Rows(
            experiments=(
                experiment("random", 0, (0.4, 0.5, 0.6)),
                experiment("entropy", 0, (0.4, 0.7, 0.76)),
                experiment("random", 1, (0.5, 0.6, 0.7)),
                experiment("entropy", 1, (0.5, 0.6, 0.8)),
            ),
            full=(full(0, 0.8), full(1, 0.8)),
        )
    )
    random, entropy = summary.strategies
    assert (summary.rounds, summary.seeds, summary.full_labelled) == (3, (0, 1), 100)
    assert [one.miou.mean for one in random.rounds] == pytest.approx([0.45, 0.55, 0.65])
    assert random.rounds[0].miou.sd == pytest.approx(0.1 / 2**0.5)
    assert random.auc is not None
    assert random.auc.mean == pytest.approx((0.5 + 0.6) / 2)
    assert entropy.percent_of_full is not None
    assert entropy.percent_of_full.mean == pytest.approx((95 + 100) / 2)
    to95, to97, to99 = entropy.slices_to
    # Seed 0 has 95 % (0.76) at 24 slices; seed 1 between 16 and 24, at four fifths.
    assert to95.slices is not None
    assert to95.slices.mean == pytest.approx((24 + 16 + 8 * 0.16 / 0.2) / 2)
    assert (to97.n, to97.of) == (1, 2)
    assert to99.slices is not None
    assert random.slices_to[0].slices is None
    (wins,) = entropy.wins
    # Round 1 is shared: no contest. One of the four others is a tie.
    assert (wins.against, wins.wins, wins.ties, wins.n, wins.share) == ("random", 3, 1, 4, 0.875)


def test_half_a_table_favours_nobody() -> None:
    """One strategy is a round ahead, and its seed 1 is a round behind."""
    summary = summarise(
        Rows(
            experiments=(
                experiment("random", 0, (0.4, 0.5)),
                experiment("entropy", 0, (0.4, 0.6, 0.9)),
                experiment("random", 1, (0.1,)),
                experiment("entropy", 1, (0.1, 0.2)),
            ),
            full=(full(0, 0.8),),
        )
    )
    assert (summary.rounds, summary.seeds) == (2, (0,))
    entropy = summary.strategies[1]
    assert entropy.auc is not None
    assert entropy.auc.mean == pytest.approx(0.5)
    assert (entropy.auc.sd, entropy.auc.n) == (None, 1)
    assert entropy.percent_of_full is not None
    assert entropy.percent_of_full.mean == pytest.approx(75)
    assert len(entropy.rounds) == 3


def test_a_strategy_that_failed_holds_nobody_back() -> None:
    broken = experiment("broken", 0, (0.4,)).model_copy(update={"failed": True})
    summary = summarise(
        Rows(experiments=(experiment("random", 0, (0.4, 0.5)), broken), full=(full(0, 0.8),))
    )
    assert (summary.rounds, summary.seeds) == (2, (0,))
    random, none = summary.strategies
    assert random.last is not None
    assert random.last.mean == 0.5
    assert (none.auc, none.last, none.percent_of_full) == (None, None, None)
    assert len(none.rounds) == 1


def test_nothing_yet() -> None:
    summary = summarise(Rows(experiments=(Experiment(strategy="random", seed=0),)))
    (random,) = summary.strategies
    assert (summary.rounds, summary.seeds, summary.full) == (0, (), None)
    assert (random.auc, random.last, random.percent_of_full) == (None, None, None)
    assert [one.of for one in random.slices_to] == [0, 0, 0]


def test_one_seed_has_no_spread() -> None:
    found = spread([0.5])
    assert found is not None
    assert (found.mean, found.sd, found.n) == (0.5, None, 1)
    assert spread([]) is None


heights = st.floats(0, 1, allow_nan=False)
curves = st.lists(st.tuples(st.integers(1, 500), heights), min_size=1, max_size=12).map(
    lambda points: sorted({x: (float(x), y) for x, y in points}.values())
)


@settings(deadline=None)
@given(curves)
def test_the_area_lies_between_the_lowest_and_the_highest_round(
    curve: list[tuple[float, float]],
) -> None:
    found = area(curve)
    if len(curve) == 1:
        assert found is None
    else:
        assert found is not None
        values = [y for _, y in curve]
        assert min(values) - 1e-9 <= found <= max(values) + 1e-9


@settings(deadline=None)
@given(curves, heights)
def test_slices_to_a_height_lie_on_the_curve(
    curve: list[tuple[float, float]], height: float
) -> None:
    found = slices_to(curve, height)
    if found is None:
        assert all(y < height for _, y in curve)
        return
    first = next(place for place, (_, y) in enumerate(curve) if y >= height)
    assert curve[max(first - 1, 0)][0] - 1e-9 <= found <= curve[first][0] + 1e-9


@settings(deadline=None)
@given(curves, heights, heights)
def test_a_greater_height_never_needs_fewer_slices(
    curve: list[tuple[float, float]], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    first, second = slices_to(curve, low), slices_to(curve, high)
    assert second is None or (first is not None and first <= second + 1e-9)


@settings(deadline=None)
@given(
    st.lists(st.lists(heights, min_size=1, max_size=5), min_size=2, max_size=6),
    st.lists(st.floats(0.01, 1), max_size=3),
)
def test_wins_of_one_are_losses_of_the_other(mious: list[list[float]], wholes: list[float]) -> None:
    names = ("a", "b")
    rows = Rows(
        experiments=tuple(
            experiment(names[place % 2], place // 2, values) for place, values in enumerate(mious)
        ),
        full=tuple(full(seed, value) for seed, value in enumerate(wholes)),
    )
    one, other = (strategy.wins[0] for strategy in summarise(rows).strategies)
    assert one.n == other.n
    assert one.ties == other.ties
    assert one.wins + other.wins + one.ties == one.n
    assert one.share + other.share == pytest.approx(1)
