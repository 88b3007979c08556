"""Threads that run ahead, and files that are put in their places together."""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.errors import AltuiError
from altui.labels.kept import Shelf
from altui.labels.pipeline import batches, in_order, threads
from altui.labels.verdict import Refusal


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 8))
def test_results_come_in_order(naps: list[int], ahead: int) -> None:
    def slow(item: tuple[int, int]) -> int:
        time.sleep(item[1] / 5000)
        return item[0]

    assert list(in_order(slow, enumerate(naps), ahead)) == list(range(len(naps)))


def test_no_more_is_begun_than_is_asked_for() -> None:
    begun = itertools.count()
    taken = in_order(lambda item: next(begun), itertools.count(), ahead=4)
    for expected in range(3):
        assert next(taken) == expected
    time.sleep(0.05)
    assert next(begun) <= 3 + 4
    taken.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("altui-import")]


def test_an_error_comes_out_where_its_item_stands() -> None:
    def divide(item: int) -> float:
        return 1 / item

    results = in_order(divide, [1, 2, 0, 4])
    assert next(results) == 1
    assert next(results) == 0.5
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_batches_are_bounded_in_number_and_in_time() -> None:
    assert list(batches(range(7), most=3)) == [[0, 1, 2], [3, 4, 5], [6]]

    def slowly() -> Iterator[int]:
        for item in range(4):
            time.sleep(0.03)
            yield item

    assert list(batches(slowly(), seconds=0.01)) == [[0], [1], [2], [3]]
    assert threads() >= 1


def test_nothing_is_in_its_place_before_all_is_written(tmp_path: Path) -> None:
    places = [f".altui/labels/{n:02x}/{n:064x}.tif" for n in range(40)]
    with closing(Shelf(tmp_path)) as shelf:
        for place in (*places, *places):
            shelf.put(place, "label", lambda file: file.write(b"mask"))
        assert not list(tmp_path.rglob("*.tif"))
        shelf.settle()
        assert all((tmp_path / place).read_bytes() == b"mask" for place in places)
        shelf.put("more.tif", "label", lambda file: file.write(b"mask"))
    assert not list(tmp_path.rglob("*.tmp"))  # what was not settled leaves nothing
    assert not (tmp_path / "more.tif").exists()


def test_what_a_killed_import_left_is_cleared_a_day_later(tmp_path: Path) -> None:
    folder = tmp_path / ".altui/labels/00"
    folder.mkdir(parents=True)
    old, new, label = folder / ".a.tif.1.tmp", folder / ".b.tif.2.tmp", folder / "c.tif"
    for file in (old, new, label):
        file.write_bytes(b"half")
    for file in (old, label):
        os.utime(file, (time.time() - 2 * 86_400,) * 2)
    with closing(Shelf(tmp_path)) as shelf:
        shelf.put(".altui/labels/01/d.tif", "label", lambda file: file.write(b"mask"))
        shelf.settle()
    assert not old.exists()
    assert new.exists()  # may be another import's
    assert label.exists()


def test_an_original_that_changed_is_refused_alone(tmp_path: Path) -> None:
    source = tmp_path / "came.tif"
    source.write_bytes(b"first")
    with closing(Shelf(tmp_path)) as shelf:
        shelf.put("label.tif", "label", lambda file: file.write(b"mask"))
        _, writing = shelf.put_original(source, 64 * "0", "came.tif")
        assert writing
        with pytest.raises(Refusal, match="changed"):
            writing.result()
        shelf.settle()
    assert (tmp_path / "label.tif").read_bytes() == b"mask"
    assert not list(tmp_path.rglob("*.tmp"))


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".altui").write_text("a file")
    with closing(Shelf(tmp_path)) as shelf:
        writing = shelf.put(".altui/labels/00/a.tif", "label", lambda file: file.write(b"mask"))
        with pytest.raises(AltuiError, match="could not be written"):
            writing.result()
        shelf.settle()
