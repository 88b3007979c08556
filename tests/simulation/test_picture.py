"""The chart: a PNG of its size whatever the rows are, with ticks that are round."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from altui.simulation.picture import HEIGHT, WIDTH, draw, ticks
from altui.simulation.records import Rows

from .test_summary import experiment, full


def colours(rows: Rows) -> set[object]:
    image = Image.open(io.BytesIO(draw(rows)))
    assert image.size == (WIDTH, HEIGHT)
    found = image.convert("RGB").getcolors(WIDTH * HEIGHT)
    assert found is not None
    return {colour for _, colour in found}


def test_each_strategy_has_a_colour_of_its_own() -> None:
    experiments = [
        experiment(name, seed, (0.4, 0.5 + seed / 10, 0.6 + place / 10))
        for place, name in enumerate(("random", "entropy"))
        for seed in range(2)
    ]
    found = colours(Rows(experiments=tuple(experiments), full=(full(0, 0.8),)))
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= found


def test_no_rows_one_round_and_one_height() -> None:
    assert len(colours(Rows())) > 1
    colours(Rows(experiments=(experiment("random", 0, (0.5,)),)))
    colours(Rows(experiments=(experiment("random", 0, (0.5, 0.5)),)))


@settings(deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 12))
def test_ticks_are_few_and_within(low: float, width: float, most: int) -> None:
    found = ticks(low, low + width, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in found)
