"""The table of records by itself: what it draws is what it was last given."""

import random

from textual.app import App, ComposeResult

from altui.screens.table import PAGE, RecordTable, Row, cell


class Shown(App[None]):
    CSS = "RecordTable { height: 8; }"

    def compose(self) -> ComposeResult:
        yield RecordTable((cell("state"), cell("slice")))


def records(states: dict[int, str]) -> list[Row]:
    return [(str(n), (cell(state), cell(f"screw01:{n}"))) for n, state in states.items()]


def drawn(table: RecordTable) -> list[list[str]]:
    return [[part.plain for part in table.get_row(key)] for key in table.rows]


async def test_scrolled_down_it_draws_what_it_was_given_last() -> None:
    app, draw = Shown(), random.Random(3)
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.query_one(RecordTable)
        for _ in range(40):
            several = draw.sample(range(60), draw.randint(1, 40))
            given = records({n: draw.choice(["open", "approved", "out"]) for n in several})
            table.show(given, select=draw.choice(given)[0])
            await pilot.pause()
            assert drawn(table) == [[part.plain for part in cells] for _, cells in given]
            table.scroll_to(y=draw.randint(0, 40), animate=False)
            await pilot.pause()


async def test_a_long_one_that_shrinks_while_scrolled_keeps_no_row_of_before() -> None:
    app = Shown()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.query_one(RecordTable)
        table.show(records(dict.fromkeys(range(3 * PAGE), "open")), select=str(2 * PAGE))
        await pilot.pause()
        table.show(records({1: "out", 2: "open"}))
        await pilot.pause()
        assert drawn(table) == [["out", "screw01:1"], ["open", "screw01:2"]]
        assert table.selected == "1"


async def test_a_page_at_a_time() -> None:
    app = Shown()
    async with app.run_test(size=(40, 12)) as pilot:
        table = app.query_one(RecordTable)
        table.show(records(dict.fromkeys(range(3 * PAGE), "open")), select="0")
        table.focus()
        await pilot.press("pagedown", "pagedown")
        there = table.cursor_row
        assert there > 10
        await pilot.press("pageup")
        assert 0 < table.cursor_row < there
        await pilot.press("end")
        assert table.selected == str(3 * PAGE - 1)
        await pilot.press("home")
        assert table.selected == "0"
