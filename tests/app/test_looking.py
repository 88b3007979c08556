"""Every way to look at a slice, by keys."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image

from altui.app import AltuiApp
from altui.colours import class_colour
from altui.errors import AltuiError
from altui.project import Project
from altui.screens import saving
from altui.screens.proposals import ProposalsScreen
from altui.screens.slice_pane import SlicePane
from altui.slices import SliceId
from altui.widgets.along_z import AlongZ
from altui.widgets.layers import Look
from altui.widgets.own_settings import Settings

from .made import HEIGHT, WIDTH, finish_round, predict, press, settle, until
from .test_decisions import app_on
from .test_robust import screen_text


@pytest.fixture
def predicted(folder: Path) -> AltuiApp:
    """The second round, with predictions and uncertainty of the first one's network."""
    project = Project.open(folder, who="anna")
    job = finish_round(project, 0.8)
    project.propose()
    predict(project, job)
    return app_on(folder)


def screen_of(app: AltuiApp) -> ProposalsScreen:
    assert isinstance(app.screen, ProposalsScreen)
    return app.screen


def pane_of(app: AltuiApp) -> SlicePane:
    return app.screen.query_one("#slice", SlicePane)


def look_of(app: AltuiApp) -> Look:
    return pane_of(app).view.look


def picture_of(app: AltuiApp) -> list[str]:
    """The picture with its colours, line by line."""
    view = pane_of(app).view
    return [repr(list(view.render_line(y))) for y in range(view.size.height)]


async def test_p_fills_outlines_and_hides_the_prediction(predicted: AltuiApp) -> None:
    app = predicted
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await until(pilot, lambda: "degradation layer" in screen_text(app))
        filled = picture_of(app)
        await press(pilot, "p")
        outlined = picture_of(app)
        assert "degradation layer" in screen_text(app)
        await press(pilot, "p")
        hidden = picture_of(app)
        assert "degradation layer" not in screen_text(app)
        await press(pilot, "p")
        assert picture_of(app) == filled
        assert len({str(each) for each in (filled, outlined, hidden)}) == 3


async def test_h_shows_uncertainty_and_its_legend(predicted: AltuiApp) -> None:
    app = predicted
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = picture_of(app)
        await press(pilot, "h")
        assert "uncertainty low" in screen_text(app)
        assert picture_of(app) != before
        await press(pilot, "h")
        assert picture_of(app) == before


async def test_v_shows_one_class_after_the_other(predicted: AltuiApp) -> None:
    app = predicted
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "p", "p")
        names = ("bone", "degradation layer", "implant")
        for shown in names:
            await press(pilot, "v")
            assert [name for name in names if name in screen_text(app)] == [shown]
        await press(pilot, "v")
        assert look_of(app).only is None
        assert all(name in screen_text(app) for name in names)


async def test_nothing_of_a_network_before_there_is_one(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        before = picture_of(app)
        await press(pilot, "p", "h", "v", "b")
        assert picture_of(app) == before


async def test_w_and_brackets_move_the_window(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        image = app.project.image(screen_of(app).viewed)  # type: ignore[arg-type]
        sample = look_of(app).window
        assert sample == app.project.window("screw01")
        await press(pilot, "w")
        assert look_of(app).window != sample
        assert "slice contrast" in screen_text(app)
        await press(pilot, "w")
        window = look_of(app).window
        assert (window.low, window.high) == (image.min(), image.max())
        assert "min–max" in screen_text(app)
        await press(pilot, "w", "right_square_bracket")
        assert look_of(app).window.low < sample.low
        assert look_of(app).window.high < sample.high
        assert "moved" in screen_text(app)
        await press(pilot, "left_square_bracket", "right_curly_bracket")
        narrow = look_of(app).window
        assert sample.low < narrow.low < narrow.high < sample.high
        await press(pilot, "left_curly_bracket", "left_curly_bracket")
        wide = look_of(app).window
        assert wide.low < sample.low < sample.high < wide.high


async def test_zoom_and_pan_and_back(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "H")
        view = pane_of(app).view
        whole = view.frame
        assert whole is not None
        assert (whole.height, whole.width) == (HEIGHT, WIDTH)
        await press(pilot, "plus", "plus")
        near = view.frame
        assert near is not None
        assert near.height < HEIGHT
        assert "×2.2" in screen_text(app)
        for key, at, way in (
            ("H", "left", -1),
            ("L", "left", 1),
            ("K", "top", -1),
            ("J", "top", 1),
        ):
            before = getattr(view.frame, at)
            await press(pilot, key)
            assert (getattr(view.frame, at) - before) * way > 0
        for _ in range(9):
            await press(pilot, "J")
        assert view.frame is not None
        assert view.frame.top + view.frame.height == HEIGHT
        await press(pilot, "minus")
        assert "×1.5" in screen_text(app)
        await press(pilot, "0")
        assert view.frame == whole


async def test_one_cannot_zoom_beyond_the_pixels_and_lose_count(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await pilot.press(*["plus"] * 30)
        await settle(pilot)
        closest = look_of(app).zoom
        assert closest == pytest.approx(pane_of(app).view.closest)
        await press(pilot, "minus")
        assert look_of(app).zoom < closest


async def test_ten_slices_at_a_time(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "less_than_sign")
        proposal = screen_of(app).proposal
        assert proposal is not None
        assert screen_of(app).viewed == (proposal.sample, max(proposal.index - 10, 0))
        await press(pilot, "greater_than_sign")
        assert screen_of(app).viewed == (proposal.sample, min(max(proposal.index - 10, 0) + 10, 11))


async def test_neighbours_are_read_ahead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(folder)
    reads: list[SliceId] = []
    read = app.project.image

    def image(one: SliceId) -> npt.NDArray[Any]:
        reads.append(one)
        return read(one)

    monkeypatch.setattr(app.project, "image", image)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        screen = screen_of(app)
        sample, index = screen.proposal or ("", 0)
        following = screen.next_undecided()
        expected = [(sample, index), (sample, index + 1), following, (sample, index - 1)]
        await until(pilot, lambda: len(reads) == 4)
        assert reads == expected
        await press(pilot, "full_stop")  # at once, from what is kept
        assert screen.viewed == (sample, index + 1)
        assert reads.count(SliceId(sample, index + 1)) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_nearest_labelled_slice(predicted: AltuiApp, size: tuple[int, int]) -> None:
    app = predicted
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        screen, beside = screen_of(app), size[0] >= 116
        own, labelled = pane_of(app), app.screen.query_one("#labelled", SlicePane)
        assert (own.display, labelled.display) == (True, beside)
        if not beside:
            await press(pilot, "b")
            assert (own.display, labelled.display) == (False, True)
        proposal = screen.proposal
        assert proposal is not None
        assert labelled.wish is not None
        found = labelled.wish.slice
        assert found == proposal.nearest(app.project.labels())
        assert f"{found}, nearest labelled" in screen_text(app)
        masks = tifffile.imread(app.project.root / f"{found.sample}_mask.tif")
        assert labelled.picture is not None
        assert labelled.picture.layers is not None
        np.testing.assert_array_equal(labelled.picture.layers.arrays.classes, masks[found.index])
        await press(pilot, "b")
        assert (own.display, labelled.display) == (True, False)
        assert "nearest labelled" not in screen_text(app).split("Why")[0]


async def test_samples_along_z(predicted: AltuiApp) -> None:
    app = predicted
    app.project.approve(app.project.proposals().slate.decisions[0].slice)
    app.project.reject(app.project.proposals().slate.decisions[1].slice)

    def shown() -> list[str]:
        strips = app.screen.query_one(AlongZ)
        return [strips.render_line(y).text for y in range(strips.size.height)]

    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        proposal = screen_of(app).proposal
        assert proposal is not None
        assert [line.split()[0] for line in shown()] == [proposal.sample]
        await press(pilot, "s")
        assert [line.split()[0] for line in shown()] == ["screw01", "screw02", "screw03"]
        lines = "\n".join(shown())
        assert lines.count("●") == 3
        assert lines.count("✗") == 1
        assert lines.count("✓") == 1
        assert lines.count("○") == 2
        await press(pilot, "s")
        assert len(shown()) == 1


async def test_o_writes_what_is_in_view_and_says_where(predicted: AltuiApp) -> None:
    app = predicted
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "p", "o")
        await until(pilot, lambda: bool(app._notifications))
        one = screen_of(app).proposal
        assert one is not None
        path = app.project.root / "pictures" / f"{one.file_stem(12)}.png"
        assert [n.message for n in app._notifications] == [f"the picture is in {path}"]
        with Image.open(path) as image:
            pixels = np.asarray(image)
            assert f"{one}, rows 0 to 39" in image.info["Description"]
        assert pixels.shape == (HEIGHT, WIDTH, 3)
        prediction = app.project.prediction(one)
        assert prediction is not None
        assert (pixels[20, 20 - 6 : 20 + 8] == class_colour(3)).all(axis=1).any()
        await press(pilot, "plus", "plus", "h", "o")
        second = path.with_name(f"{one.file_stem(12)}_2.png")
        await until(pilot, second.is_file)
        frame = pane_of(app).view.frame
        assert frame is not None
        with Image.open(second) as image:
            assert image.size == (frame.width, frame.height)


async def test_o_where_the_project_cannot_be_written_to(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "own_pictures", lambda: tmp_path / "mine")
    (folder / "pictures").write_text("in the way")
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "o")
        await until(pilot, lambda: len(list((tmp_path / "mine").glob("*.png"))) == 1)
        (tmp_path / "other").write_text("in the way too")
        monkeypatch.setattr(saving, "own_pictures", lambda: tmp_path / "other")
        await press(pilot, "o")
        await until(
            pilot,
            lambda: any("cannot be written" in notice.message for notice in app._notifications),
        )


async def test_pictures_off_and_a_faulty_setting_is_told(folder: Path) -> None:
    app = AltuiApp(Project.open(folder, who="anna"), interval=60, settings=Settings("off"))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2")
        assert "pictures are off" in screen_text(app)
        assert "▀" not in screen_text(app)
    fault = AltuiError("app.toml: images is 3", "mend it")
    app = AltuiApp(Project.open(folder, who="anna"), interval=60, settings=fault)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert any("images is 3" in notice.message for notice in app._notifications)
        await press(pilot, "2")
        assert "▀" in screen_text(app)
