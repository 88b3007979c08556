"""Natural order and missing numbers, over names that hypothesis makes up."""

import glob
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.volumes.base import Damaged
from altui.volumes.names import check_names, in_glob, natural_key, uniform_step

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


def test_every_folder_once_however_links_lead(tmp_path: Path) -> None:
    """As glob finds them, where no link leads back; and without end where one does."""
    for name in ("a/b/1.tif", "a/2.tif", "c/3.png", "4.tif", ".hidden/5.tif", "a/.6.tif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for pattern in ("**/*.tif", "**", "a/**/*.tif", "**/b/*", "*/**/*.tif", "**/**/?.*", "x/**"):
        found = glob.glob(pattern, root_dir=tmp_path, recursive=True)
        files = {one for one in found if (tmp_path / one).is_file()}
        assert in_glob(tmp_path, pattern) == sorted(files, key=natural_key)
        assert in_glob(Path("/"), str(tmp_path / pattern)) == [
            str(tmp_path / one) for one in in_glob(tmp_path, pattern)
        ]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "7.tif").touch()
    (tmp_path / "a" / "link").symlink_to(elsewhere)
    assert in_glob(tmp_path / "a", "**/*.tif") == ["2.tif", "b/1.tif", "link/7.tif"]
    for number in range(4):
        (tmp_path / "a" / f"up{number}").symlink_to("..")
        (tmp_path / "a" / f"self{number}").symlink_to(".")
    every = ["2.tif", "b/1.tif", "link/7.tif", "up0/4.tif"]
    assert in_glob(tmp_path / "a", "**/*.tif") == every
    assert in_glob(tmp_path, "a/**/**/**/1.tif") == ["a/b/1.tif"]
