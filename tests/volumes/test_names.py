"""Natural order and missing numbers, over names that hypothesis makes up."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.volumes.base import Damaged
from altui.volumes.names import check_names, natural_key, uniform_step

stems = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), max_size=12)
words = st.text("abcXYZ_- ", min_size=1, max_size=6)


@given(st.lists(st.integers(0, 10**6), min_size=2, unique=True), words, st.integers(1, 7))
def test_numbers_count_as_numbers(numbers: list[int], word: str, width: int) -> None:
    names = [f"{word}{number:0{width}d}.tif" for number in numbers]
    ordered = sorted(names, key=natural_key)
    assert ordered == [f"{word}{number:0{width}d}.tif" for number in sorted(numbers)]


@given(st.lists(stems, min_size=2, max_size=30))
def test_any_names_have_one_order(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    assert ordered == sorted(reversed(names), key=natural_key)


@given(st.integers(0, 5000), st.integers(1, 50), st.integers(1, 80), words)
def test_a_uniform_step_is_whole(start: int, step: int, slices: int, word: str) -> None:
    check_names([f"{word}{start + i * step:04d}.tif" for i in range(slices)])


@given(st.data())
def test_a_gap_is_named_with_its_neighbours(data: st.DataObject) -> None:
    start, step = data.draw(st.integers(0, 5000)), data.draw(st.integers(1, 50))
    slices = data.draw(st.integers(4, 60))
    lost = data.draw(st.integers(1, slices - 2))
    names = [f"z{start + i * step}.png" for i in range(slices)]
    with pytest.raises(Damaged) as caught:
        check_names(names[:lost] + names[lost + 1 :])
    message = str(caught.value)
    assert f"slice number {start + lost * step} is missing" in message
    assert f"no {names[lost]} between {names[lost - 1]} and {names[lost + 1]}" in message


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=40, unique=True).map(sorted))
def test_a_step_divides_every_gap(numbers: list[int]) -> None:
    step = uniform_step(numbers)
    if step is not None:
        assert all((after - before) % step == 0 for before, after in pairwise(numbers))


@given(st.lists(stems.map(lambda stem: stem + ".tif"), min_size=1, max_size=20, unique=True))
def test_any_names_pass_or_are_refused(names: list[str]) -> None:
    with suppress(Damaged):
        check_names(sorted(names, key=natural_key))


@pytest.mark.parametrize(
    "names",
    [
        ["only.tif"],
        ["bottom.tif", "middle.tif", "top.tif"],
        ["s_0001_z0.05.tif", "s_0002_z0.10.tif", "s_0003_z0.15.tif"],
        ["scan_101502.tif", "scan_101509.tif", "scan_101517.tif", "scan_101523.tif"],
        ["run1_9.tif", "run1_10.tif", "run2_1.tif", "run2_7.tif"],
        ["a/slice.tif", "b/slice.tif", "d/slice.tif"],
        ["a.tif", "B.TIF"],
    ],
    ids=lambda names: names[0],
)
def test_names_without_a_rule_to_break(names: list[str]) -> None:
    check_names(names)


def test_the_gap_of_the_number_that_counts_slices() -> None:
    with pytest.raises(Damaged, match=r"slice number 3 \(the first of 2\) is missing: no s_0003_z"):
        check_names(["s_0001_z0.05.tif", "s_0002_z0.10.tif", "s_0005_z0.25.tif"])
