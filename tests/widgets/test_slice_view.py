import threading
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from altui.errors import AltuiError
from altui.volumes.intensity import Window
from altui.widgets import cells
from altui.widgets.cells import shrink
from altui.widgets.chart import LineChart
from altui.widgets.layers import Arrays, Layers, Look, Samples
from altui.widgets.slice_view import SliceView

from .demo import Demo

GREY = np.full((20, 20), 128, np.uint8)


def lines(view: SliceView) -> list[Strip]:
    return [view.render_line(y) for y in range(view.size.height)]


async def test_the_picture_is_drawn_anew_when_the_size_changes() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view, chart = app.query_one(SliceView), app.query_one(LineChart)
        for size in ((80, 24), (120, 36), (40, 10), (8, 5), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            await drawn(pilot)
            assert all(strip.cell_length == view.size.width for strip in lines(view))
            plain = chart.render().plain
            assert len(plain.splitlines()) == chart.size.height


async def drawn(pilot: Pilot[None]) -> SliceView:
    """The view, once its picture, which is made in a thread, is there."""
    view = pilot.app.query_one(SliceView)
    await pilot.pause()
    while not view.is_drawn:
        await pilot.pause(0.01)
    await pilot.pause()
    return view


async def test_slices_are_shrunk_once_for_a_size_and_not_by_the_app_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shrunk: list[threading.Thread] = []

    def counted(*args: Any) -> Samples:
        shrunk.append(threading.current_thread())
        return shrink(*args)

    monkeypatch.setattr(cells, "shrink", counted)
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        assert len(shrunk) == 1
        view.look = Look(overlay="outline", heat=True, window=Window(20, 90))
        await pilot.press("o")
        await pilot.press("t")
        await drawn(pilot)
        assert len(shrunk) == 1
        await pilot.press("s")
        await drawn(pilot)
        assert len(shrunk) == 2
        view.look = Look(zoom=3.0)
        await drawn(pilot)
        assert len(shrunk) == 3
        assert threading.main_thread() not in shrunk


async def test_the_last_picture_stays_until_the_next_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        before, go_on = lines(view), threading.Event()

        def slow(*args: Any) -> Samples:
            go_on.wait(10)
            return shrink(*args)

        monkeypatch.setattr(cells, "shrink", slow)
        view.show(Layers(GREY), Look(window=Window(0, 50)))
        await pilot.pause()
        assert lines(view) == before
        go_on.set()
        await drawn(pilot)
        assert lines(view) != before


async def test_the_overlay_goes_and_comes_back() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        filled = lines(view)
        view.look = Look(overlay="outline")
        outlined = lines(view)
        view.look = Look(overlay="off")
        assert filled != outlined != lines(view) != filled
        view.look = Look()
        assert lines(view) == filled


async def test_messages_are_taken_as_they_stand() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        view.message("cannot read [red]screw\x1b[31m03[/red]\nsecond line")
        await pilot.pause()
        shown = "\n".join(strip.text for strip in lines(view))
        assert "cannot read [red]screw\\x1b[31m03[/red]" in shown
        assert "second line" in shown
        view.show(Layers(GREY))
        await drawn(pilot)
        assert "cannot" not in "".join(strip.text for strip in lines(view))
        view.show(None)
        await pilot.pause()
        assert not "".join(strip.text for strip in lines(view)).strip()


@pytest.mark.parametrize(
    ("image", "classes", "heat"),
    [
        (np.zeros((4, 4, 3), np.uint8), None, None),
        (np.zeros((4, 4), np.complex64), None, None),
        (np.zeros((0, 4), np.uint8), None, None),
        (GREY, GREY[:10], None),
        (GREY, GREY.astype(np.uint16), None),
        (GREY, None, np.zeros((0, 3), np.uint8)),
    ],
)
def test_what_is_no_slice_is_refused(image: Any, classes: Any, heat: Any) -> None:
    with pytest.raises(ValueError, match=r"not a |does not cover|do not cover"):
        Layers(image, classes, heat)


async def test_no_color_draws_with_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        assert view.cell_style == "ascii"
        text = "".join(strip.text for strip in lines(view))
        assert text.isascii()
        assert {"1", "2", "3"} <= set(text)
        for strip in view.render_lines(view.size.region):
            for segment in strip:
                assert segment.style is not None
                for colour in (segment.style.color, segment.style.bgcolor):
                    rgb = colour.triplet if colour else None
                    assert rgb is None or rgb.red == rgb.green == rgb.blue


async def test_a_slice_that_was_prepared_is_drawn_at_once() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        before = lines(view)
        layers = Layers(GREY)
        view.show(layers)
        assert not view.is_drawn
        other = Layers(GREY.copy())
        view.prepare(other)
        view.show(other)
        assert view.is_drawn
        assert lines(view) != before


async def test_what_was_forgotten_is_read_again_when_it_is_looked_at_closely() -> None:
    read: list[int] = []

    def again() -> Arrays:
        read.append(1)
        return Arrays(GREY)

    layers = Layers(GREY, again=again)
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        view.show(layers)
        await drawn(pilot)
        layers.forget()
        assert layers.nbytes == 0
        view.show(layers)  # as it was made before
        await drawn(pilot)
        assert not read
        view.look = Look(zoom=2.0)
        await drawn(pilot)
        assert read
        assert view.is_drawn
        assert layers.nbytes


async def test_what_cannot_be_read_again_is_told() -> None:
    def again() -> Arrays:
        raise AltuiError("screw01.tif: not there")

    layers = Layers(GREY, again=again)
    layers.forget()
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await drawn(pilot)
        view.show(layers)
        await drawn(pilot)
        assert "screw01.tif: not there" in str(view.render())
