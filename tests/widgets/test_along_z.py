from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from altui.widgets.along_z import ORDER, TRACK, AlongZ, Marked, cell_of, track

SLICES = st.integers(1, 2000)


class Alone(App[None]):
    def compose(self) -> ComposeResult:
        yield AlongZ()


async def shown(
    samples: Sequence[Marked], here: tuple[str, int] | None, size: tuple[int, int] = (40, 10)
) -> list[str]:
    app = Alone()
    async with app.run_test(size=size) as pilot:
        strips = app.query_one(AlongZ)
        strips.show(samples, here)
        await pilot.pause()
        assert strips.size.height == min(len(samples), size[1])
        return [strips.render_line(y).text for y in range(strips.size.height)]


@given(SLICES, st.integers(1, 200), st.data())
def test_each_slice_has_its_cell_and_every_mark_is_in_it_or_gives_way(
    slices: int, width: int, data: st.DataObject
) -> None:
    index = st.integers(0, slices - 1)
    marks = data.draw(st.lists(st.tuples(index, st.sampled_from(ORDER)), max_size=9))
    cells = track(Marked("a", slices, tuple(marks)), width)
    assert len(cells) == width
    for at, mark in marks:
        assert ORDER.index(cells[cell_of(at, slices, width)]) <= ORDER.index(mark)
    assert sum(cell != TRACK for cell in cells) <= len(marks)
    assert cell_of(0, slices, width) == 0
    if slices >= width:
        assert cell_of(slices - 1, slices, width) == width - 1


async def test_names_stand_in_a_column_and_the_slice_looked_at_is_seen() -> None:
    samples = [Marked("s1", 30, ((0, "●"), (29, "✗"))), Marked("screw2", 30, ((3, "○"),))]
    one, other = await shown(samples, ("s1", 15))
    assert one == "s1     ●" + "─" * 15 + "┃" + "─" * 14 + "✗" + "─"
    assert other.startswith("screw2 ───○──")
    assert "┃" not in other


async def test_no_mark_is_lost_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    samples = [Marked("s1", 4, ((0, "●"), (1, "○"), (2, "✓"), (3, "✗")))]
    (line,) = await shown(samples, None, (7, 3))
    assert line == "s1 *o+x"


async def test_hostile_names_and_no_room() -> None:
    (line,) = await shown([Marked("a\x1b[31m", 0)], ("a\x1b[31m", 5), (6, 3))
    assert "\x1b" not in line
    assert len(line) == 6
