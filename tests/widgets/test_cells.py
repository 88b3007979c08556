import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem, ColorType
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from altui.colours import class_colour
from altui.volumes.intensity import Window
from altui.widgets.cells import RAMP, half_blocks, shrink
from altui.widgets.compose import rgb
from altui.widgets.layers import Layers, Look, Overlay, whole
from altui.widgets.palette import (
    CLASS_COLOURS,
    HEAT,
    HEAT_FROM,
    OUTLINE_SHADE,
    palette_of,
    shades,
    symbol,
)
from altui.widgets.resample import outlined
from altui.widgets.runs import BYTES_ALWAYS, BYTES_PER_CELL
from altui.widgets.terminal import CellStyle

from .phantom import phantom

SIDE = st.integers(1, 300)
STYLES: tuple[CellStyle, ...] = ("half-cell", "ascii")


def colours(segment: Segment) -> tuple[int | None, int | None]:
    """The 256-colour codes of the upper and lower half of a segment's cells."""
    assert segment.style is not None
    lower = segment.style.bgcolor.number if segment.style.bgcolor else None
    upper = segment.style.color.number if segment.style.color else None
    return (upper if segment.text[0] == "▀" else lower), lower


def bytes_of(strips: list[Strip]) -> int:
    console = Console(color_system="256", force_terminal=True)
    return sum(len(strip.render(console).encode()) for strip in strips)


@given(
    shape=st.tuples(SIDE, SIDE),
    columns=st.integers(1, 200),
    rows=st.integers(1, 60),
    seed=st.integers(0, 9),
    classes=st.sampled_from([0, 1, 4, 256]),
    style=st.sampled_from(STYLES),
)
def test_any_image_fills_exactly_the_cells_given(
    shape: tuple[int, int], columns: int, rows: int, seed: int, classes: int, style: CellStyle
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, shape, np.uint8)
    overlay = rng.integers(0, classes, shape, np.uint8) if classes else None
    strips = half_blocks(image, columns, rows, overlay, style=style)
    assert len(strips) == rows
    for strip in strips:
        assert len(strip.text) == strip.cell_length == columns
        assert set(strip.text) <= ({" ", "▀"} if style == "half-cell" else set(strip.text))
        if style == "ascii":
            assert strip.text.isascii()


def test_upper_and_lower_samples_keep_their_places() -> None:
    image = np.array([[0, 255], [255, 0]], np.uint8)
    (strip,) = half_blocks(image, 2, 1)
    assert [colours(segment) for segment in strip] == [(232, 255), (255, 232)]


def test_a_picture_is_centred_and_its_surroundings_stay_clear() -> None:
    strips = half_blocks(np.full((4, 4), 255, np.uint8), 10, 4)
    for strip in strips:
        assert [len(segment.text) for segment in strip] == [1, 8, 1]
        assert colours(list(strip)[0]) == (None, None)
        assert colours(list(strip)[1]) == (255, 255)


def test_an_odd_last_row_leaves_the_lower_half_clear() -> None:
    strips = half_blocks(np.full((3, 6), 128, np.uint8), 6, 2)
    assert strips[1].text == "▀" * 6
    assert colours(list(strips[1])[0])[1] is None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("class_id", [1, 2, 7])
def test_a_layer_one_pixel_thin_shows_in_a_large_slice(style: CellStyle, class_id: int) -> None:
    image = np.full((1200, 1200), 60, np.uint8)
    overlay = np.zeros((1200, 1200), np.uint8)
    overlay[:, :500] = 5
    overlay[500, :] = class_id
    strips = half_blocks(image, 60, 22, overlay, style=style)
    if style == "ascii":
        assert max(strip.text.count(symbol(class_id)) for strip in strips) == 44
    else:
        shown = [
            sum(
                len(segment.text)
                for segment in strip
                if set(shades(class_id)) & set(colours(segment))
            )
            for strip in strips
        ]
        assert max(shown) == 44


def test_classes_have_colours_of_their_own_over_every_grey() -> None:
    codes = [code for hue in CLASS_COLOURS for code in hue]
    assert len(set(codes)) == len(codes)
    assert all(16 <= code < 232 for code in codes)


def test_colours_cycle_and_255_is_not_drawn() -> None:
    image = np.full((1, 3), 200, np.uint8)
    overlay = np.array([[1, 1 + len(CLASS_COLOURS), 255]], np.uint8)
    (strip,) = half_blocks(image, 3, 1, overlay)
    upper = [colours(segment)[0] for segment in strip for _ in segment.text]
    assert upper[0] == upper[1] in shades(1)
    assert upper[2] is not None
    assert upper[2] >= 232


@pytest.mark.parametrize(("size", "noise"), [(1200, 20.0), (128, 20.0), (128, 45.0)])
@pytest.mark.parametrize(("columns", "rows"), [(60, 22), (40, 20), (120, 36)])
def test_a_slice_costs_no_more_than_its_budget(
    size: int, noise: float, columns: int, rows: int
) -> None:
    image, overlay = phantom(size, noise)
    for strips in (
        half_blocks(image, columns, rows),
        half_blocks(image, columns, rows, overlay),
    ):
        # The estimate is within a tenth of what is sent.
        assert bytes_of(strips) <= 1.1 * max(BYTES_PER_CELL * columns * rows, BYTES_ALWAYS)


def test_greys_are_within_two_levels_of_the_truth() -> None:
    image = np.repeat(np.linspace(0, 255, 44).astype(np.uint8)[None, :], 44, axis=0)
    image = image + np.random.default_rng(0).integers(0, 4, image.shape).astype(np.uint8) // 2
    for strip in half_blocks(image[:, :43], 43, 22):
        upper = [colours(segment)[0] for segment in strip for _ in segment.text]
        shown = np.array([code for code in upper if code is not None]) - 232
        truth = np.linspace(0, 23, len(shown))
        assert np.abs(shown - truth).max() <= 2


def test_only_256_colour_codes_are_used() -> None:
    image, overlay = phantom(64)
    for strip in half_blocks(image, 40, 20, overlay):
        for segment in strip:
            assert segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor):
                assert colour is None or colour.type in (ColorType.EIGHT_BIT, ColorType.STANDARD)


def test_characters_have_no_colours_and_follow_the_ground() -> None:
    image = np.linspace(0, 255, 30).astype(np.uint8)[None, :].repeat(15, axis=0)
    dark = half_blocks(image, 30, 8, style="ascii")
    light = half_blocks(image, 30, 8, style="ascii", dark=False)
    assert dark[3].text.startswith(RAMP[0])
    assert dark[3].text.endswith(RAMP[-1])
    assert light[3].text.endswith(RAMP[0])
    assert all(not segment.style for strip in dark for segment in strip)


def test_heat_is_drawn_where_it_is_great_and_never_as_grey() -> None:
    image = np.full((1, 4), 128, np.uint8)
    heat = np.array([[0, HEAT_FROM - 1, HEAT_FROM, 255]], np.uint8)
    (strip,) = half_blocks(image, 4, 1, heat=heat, look=Look(heat=True))
    codes = [colours(segment)[0] for segment in strip for _ in segment.text]
    assert codes[0] == codes[1]
    assert codes[0] is not None
    assert codes[0] >= 232
    assert codes[2] in HEAT
    assert codes[3] == HEAT[-1]
    (strip,) = half_blocks(image, 4, 1, heat=heat)
    assert len({colours(segment)[0] for segment in strip}) == 1


def test_over_heat_classes_are_outlined() -> None:
    image, classes = phantom(60)
    heat = np.full((8, 8), 255, np.uint8)
    shown = {
        colours(segment)[0]
        for strip in half_blocks(image, 60, 30, classes, heat=heat, look=Look(heat=True))
        for segment in strip
    }
    assert shown & set(HEAT)
    assert {shades(class_id)[OUTLINE_SHADE] for class_id in (1, 2, 3)} <= shown


@pytest.mark.parametrize("style", STYLES)
def test_outlines_leave_the_image_inside_clear(style: CellStyle) -> None:
    image = np.full((1200, 1200), 60, np.uint8)
    classes = np.zeros((1200, 1200), np.uint8)
    classes[300:900, 300:900] = 1
    classes[600, 600] = 2
    strips = half_blocks(image, 88, 44, classes, style=style, look=Look(overlay="outline"))
    texts = [strip.text for strip in strips]
    if style == "ascii":
        assert sum(text.count("1") for text in texts) == pytest.approx(4 * 33, abs=44)
        assert sum(text.count("2") for text in texts) == 1
    else:
        samples = [colours(segment) for strip in strips for segment in strip]
        assert any(shades(2)[OUTLINE_SHADE] in pair for pair in samples)


@pytest.mark.parametrize("thickness", [1, 2, 5])  # of 1,200 pixels
@pytest.mark.parametrize("overlay", ["fill", "outline"])
def test_a_thin_layer_around_something_is_seen(overlay: Overlay, thickness: int) -> None:
    y, x = np.mgrid[:1200, :1200] - 600
    radius = np.hypot(x, y)
    classes = np.where(radius < 500, 1, 0).astype(np.uint8)
    classes[radius < 200 + thickness], classes[radius < 200] = 2, 3
    noise = np.random.default_rng(1).integers(0, 256, classes.shape, np.uint8)
    looked = Look(overlay)
    strips = half_blocks(noise, 60, 30, classes, look=looked, style="ascii")
    alone = np.where(classes == 2, classes, np.uint8(0))
    there = half_blocks(noise, 60, 30, alone, look=looked, style="ascii")
    ring = sum(strip.text.count("2") for strip in there)
    assert ring > 50
    assert sum(strip.text.count("2") for strip in strips) == ring
    coloured = half_blocks(noise, 60, 30, classes, look=looked)
    cells = [colours(one) for strip in coloured for one in strip for _ in one.text]
    assert sum(bool(set(shades(2)) & set(cell)) for cell in cells) >= ring


def test_one_class_at_a_time() -> None:
    image, classes = phantom(100)
    strips = half_blocks(image, 60, 30, classes, style="ascii", look=Look(only=2))
    text = "".join(strip.text for strip in strips)
    assert "2" in text
    assert not {"1", "3"} & set(text)


def test_the_window_says_what_is_black_and_white() -> None:
    image = np.array([[1000, 2000, 3000]], np.uint16)
    (strip,) = half_blocks(image, 3, 1, look=Look(window=Window(1000, 2000)))
    assert [colours(segment)[0] for segment in strip for _ in segment.text] == [232, 255, 255]


def test_characters_show_heat_in_place_of_the_image() -> None:
    image = np.full((4, 8), 255, np.uint8)
    heat = np.repeat(np.array([[0, 255]], np.uint8), 2, axis=0)
    text = half_blocks(image, 8, 4, style="ascii", heat=heat, look=Look(heat=True))[1].text
    assert text == RAMP[0] * 4 + RAMP[-1] * 4


@pytest.mark.parametrize(("columns", "rows"), [(60, 22), (40, 17), (120, 36)])
@pytest.mark.parametrize("overlay", ["fill", "outline", "off"])
def test_overlays_cost_no_more_than_the_budget(columns: int, rows: int, overlay: Overlay) -> None:
    image, classes = phantom(1200)
    noise = np.random.default_rng(0).integers(0, 80, (256, 256), np.uint8)
    heat = np.where(phantom(256)[1] == 2, 240, noise).astype(np.uint8)
    for hot in (False, True):
        look = Look(overlay=overlay, heat=hot)
        strips = half_blocks(image, columns, rows, classes, heat=heat, look=look)
        assert bytes_of(strips) <= 1.1 * max(BYTES_PER_CELL * columns * rows, BYTES_ALWAYS)


def test_sixteen_colours_keep_the_first_classes_greys_and_heat_apart() -> None:
    def sixteen(code: int) -> int | None:
        return Color.from_ansi(code).downgrade(ColorSystem.STANDARD).number

    greys = {sixteen(232 + level) for level in range(24)}
    assert len(greys) >= 3
    classes = [sixteen(shades(class_id)[OUTLINE_SHADE]) for class_id in (1, 2, 3)]
    assert len(set(classes)) == 3
    assert not set(classes) & greys
    assert len({sixteen(code) for code in HEAT}) >= 3


def test_sixteen_colours_show_each_class_in_one_of_its_own() -> None:
    palette = palette_of("standard")
    assert palette_of("256") is palette_of(None) is CLASS_COLOURS
    greys = {0, 7, 8, 15}  # black, white, and between
    assert all(len(set(of_class)) == 1 for of_class in palette)
    own = {of_class[0] for of_class in palette}
    assert len(own) == len(palette) == len(CLASS_COLOURS)
    assert not own & greys
    image, classes = phantom(80)
    strips = half_blocks(image, 40, 20, classes, palette=palette)
    used = {s.style.color.number for strip in strips for s in strip if s.style and s.style.color}
    assert used >= {palette[0][0], palette[1][0], palette[2][0]}


def test_the_picture_for_files_has_the_same_colours() -> None:
    image, classes = phantom(80)
    layers = Layers(image, classes, np.full((4, 4), 255, np.uint8))
    samples = shrink(layers, whole(image.shape))
    plain = rgb(samples, Look(overlay="off"))
    assert plain.shape == (80, 80, 3)
    np.testing.assert_array_equal(plain, np.repeat(image[..., None], 3, axis=2))
    outline = rgb(samples, Look(overlay="outline"))
    edge = outlined(classes) == 3
    assert (outline[edge] == class_colour(3)).all()
    np.testing.assert_array_equal(outline[outlined(classes) == 0], plain[outlined(classes) == 0])
    filled = rgb(samples, Look())
    assert (filled[classes == 3] != plain[classes == 3]).any(axis=1).all()
    assert (rgb(samples, Look(overlay="off", heat=True)) != plain).any(axis=2).all()
