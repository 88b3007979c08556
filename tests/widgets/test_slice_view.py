from typing import Any

import numpy as np
import pytest
from textual.strip import Strip

from altui.widgets import slice_view
from altui.widgets.cells import Samples, shrink
from altui.widgets.chart import LineChart
from altui.widgets.slice_view import Image, SliceView

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
            await pilot.pause()
            assert all(strip.cell_length == view.size.width for strip in lines(view))
            plain = chart.render().plain
            assert len(plain.splitlines()) == chart.size.height


async def test_slices_are_shrunk_once_for_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    shrunk: list[Samples] = []

    def counted(*args: Any) -> Samples:
        shrunk.append(shrink(*args))
        return shrunk[-1]

    monkeypatch.setattr(slice_view, "shrink", counted)
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        assert len(shrunk) == 1
        await pilot.press("o")
        await pilot.press("t")
        await pilot.pause()
        assert len(shrunk) == 1
        await pilot.press("s")
        await pilot.pause()
        assert len(shrunk) == 2


async def test_the_overlay_goes_and_comes_back() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)):
        view = app.query_one(SliceView)
        with_overlay = lines(view)
        assert not view.toggle_overlay()
        assert lines(view) != with_overlay
        assert view.toggle_overlay()
        assert lines(view) == with_overlay


async def test_messages_are_taken_as_they_stand() -> None:
    app = Demo()
    async with app.run_test(size=(80, 24)) as pilot:
        view = app.query_one(SliceView)
        view.message("cannot read [red]screw\x1b[31m03[/red]\nsecond line")
        await pilot.pause()
        shown = "\n".join(strip.text for strip in lines(view))
        assert "cannot read [red]screw\\x1b[31m03[/red]" in shown
        assert "second line" in shown
        view.show(GREY)
        await pilot.pause()
        assert "cannot" not in "".join(strip.text for strip in lines(view))
        view.show(None)
        await pilot.pause()
        assert not "".join(strip.text for strip in lines(view)).strip()


@pytest.mark.parametrize(
    ("image", "overlay"),
    [
        (np.zeros((4, 4, 3), np.uint8), None),
        (np.zeros((4, 4), np.uint16), None),
        (np.zeros((0, 4), np.uint8), None),
        (GREY, GREY[:10]),
    ],
)
def test_what_is_no_grey_image_is_refused(image: Image, overlay: Image | None) -> None:
    with pytest.raises(ValueError, match=r"grey 8-bit|does not cover"):
        SliceView().show(image, overlay)


async def test_no_color_draws_with_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Demo()
    async with app.run_test(size=(80, 24)):
        view = app.query_one(SliceView)
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
