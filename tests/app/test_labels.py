"""The masks that came back: looked at, decided on, brought back."""

import numpy as np
import pytest
import tifffile
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from altui.app import AltuiApp
from altui.project import Project
from altui.screens.ask import Ask
from altui.screens.confirm import Confirm
from altui.screens.label_words import content
from altui.screens.slice_pane import SlicePane
from altui.screens.table import PAGE, RecordTable, cell
from altui.slices import SliceId
from altui.widgets.told import Told

from .made import HEIGHT, SLICES, WIDTH, finish_round, predict, press, send_masks, settle, until
from .test_decisions import app_on, keys
from .test_rounds_and_jobs import said


@pytest.fixture
def sent(project: Project) -> tuple[SliceId, SliceId]:
    """In the second round: a slice whose mask is in doubt, and one whose mask is in."""
    predict(project, finish_round(project, 0.7))
    project.propose()
    return send_masks(project)


async def open_labels(pilot: Pilot[None]) -> None:
    await settle(pilot)
    await press(pilot, "3")


def told(app: AltuiApp) -> str:
    return str(app.screen.query_one("#about Told", Told).content)


def states(app: AltuiApp) -> dict[str, str]:
    """What the list says of each slice."""
    table = app.screen.query_one(RecordTable)
    rows = [table.get_row_at(n) for n in range(table.row_count)]
    return {row[0].plain.strip(): row[1].plain.strip() for row in rows}


def title(app: AltuiApp) -> str:
    return str(app.screen.query_one(SlicePane).border_title)


def send(project: Project, slice_id: SliceId, shift: int) -> None:
    """Another mask of a labelled slice."""
    mask = tifffile.imread(project.root / f"{slice_id.sample}_mask.tif")[slice_id.index]
    file = project.root / f"{slice_id.file_stem(SLICES)}.tif"
    tifffile.imwrite(file, np.roll(mask, shift, axis=1))
    assert project.import_labels(file, trust=True).of("accepted")


def test_what_is_in_a_mask_and_what_is_not() -> None:
    names = ("background", "bone", "layer", "implant")
    shares = {0: 0.7, 1: 0.23, 3: 0.0651, 255: 0.0049}
    assert content(shares, names) == "bone 23 %, implant 6.5 %, ignored 0.49 %; no layer"
    assert content({0: 0.7, 1: 0.1, 2: 0.1, 3: 0.1}, names) == "bone 10 %, layer 10 %, implant 10 %"
    assert content({0: 1.0}, names) == "no bone, no layer, no implant"
    assert content({1: 0.9987, 0: 0.0013}, names[:2]) == "bone 100 %"


async def test_what_came_back_and_what_is_missing(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    doubted, good = sent
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_labels(pilot)
        missing = next(s for s in project.status().missing if s != doubted)
        assert states(app) == {
            f"? {doubted}": "in doubt",
            f"● {good}": "in",
            f"… {missing}": "missing",
        }
        assert "in doubt: accept or refuse it" in told(app)
        assert "? empty: " in told(app)
        assert title(app) == f"{doubted}, mask in doubt"
        assert "a to accept it" in said(app)
        await press(pilot, "down")
        revision = project.revisions(good)[-1].number
        assert f"▸ {revision} by anna" in told(app)
        await until(pilot, lambda: "implant" in told(app))
        mask, names = project.label(good), project.config.classes.names
        assert mask is not None
        assert f"{names[1]} {100 * (mask == 1).mean():.2g} %" in told(app)
        assert {"a", "x"}.isdisjoint(keys(app))
        await press(pilot, "down")
        assert "awaited" in told(app)
        assert "no mask yet: the prediction" in title(app)
        assert app.screen.query_one(SlicePane).has_classes
        await press(pilot, "l")
        assert len(states(app)) == 6  # with the first round's three
        await press(pilot, "l")
        assert len(states(app)) == 3


async def test_a_mask_in_doubt_is_taken_in_all_the_same(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    doubted, _ = sent
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: states(app).get(f"● {doubted}") == "in")
        await settle(pilot)
        assert not project.quarantined()
        await until(pilot, lambda: "empty: " in told(app))  # the checks are still told
        assert "a" not in keys(app)


async def test_a_mask_is_refused_with_a_reason(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    doubted, _ = sent
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("escape")
        await settle(pilot)
        assert project.quarantined()
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"blank", "enter")
        await until(pilot, lambda: states(app).get(f"… {doubted}") == "missing")
        [decided] = project.quarantined(every=True)
        assert decided.state == "refused"
        assert decided.decision is not None
        assert decided.decision.reason == "blank"
        await until(pilot, lambda: ": blank" in told(app))
        assert "refused by anna" in told(app)


async def test_someone_else_decided_meanwhile(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    doubted, _ = sent
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        Project.open(project.root, who="bert").refuse_quarantined(doubted)
        await press(pilot, "a")
        notices = [notice.message for notice in app._notifications]
        assert any("already refused by bert" in text for text in notices)
        assert doubted in project.status().missing


async def test_differences_to_the_prediction(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    _, good = sent
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_labels(pilot)
        await press(pilot, "down", "d")
        picture = app.screen.query_one(SlicePane).picture
        assert picture is not None
        assert picture.layers is not None
        mask, heat = project.label(good), picture.layers.arrays.heat
        assert mask is not None
        assert heat is not None
        predicted = project.prediction(good)
        assert predicted is not None
        assert np.array_equal(heat > 0, predicted != mask)
        assert heat.any()
        assert app.screen.query_one(SlicePane).view.look.heat
        await press(pilot, "d")
        assert not app.screen.query_one(SlicePane).view.look.heat


async def test_an_earlier_mask_is_looked_at_and_brought_back(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    _, good = sent
    send(project, good, 2)
    first, second = 1, 2  # of this slice, whatever came in for others
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await open_labels(pilot)
        await press(pilot, "down")
        assert title(app) == f"{good}, revision {second}"
        assert "b" not in keys(app)
        await press(pilot, "comma")
        assert title(app) == f"{good}, revision {first}, earlier"
        picture = app.screen.query_one(SlicePane).picture
        assert picture is not None
        assert picture.layers is not None
        kept = project.label(good, first)
        assert kept is not None
        assert picture.layers.arrays.classes is not None
        assert np.array_equal(picture.layers.arrays.classes, kept)
        await press(pilot, "full_stop")
        assert title(app) == f"{good}, revision {second}"
        await press(pilot, "comma")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await settle(pilot)
        assert len(project.revisions(good)) == 2
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(project.revisions(good)) == 3)
        await until(pilot, lambda: f"restores {first}" in told(app))
        current = project.label(good)
        assert current is not None
        assert np.array_equal(current, kept)


async def test_nothing_is_awaited_yet_but_others_are_labelled(project: Project) -> None:
    finish_round(project, 0.7)
    project.propose()
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        number = len(project.labels())
        assert number > 0
        expected = f"no slice is approved yet; l lists all {number} labelled ones"
        assert told(app).replace("\n", " ") == expected
        await press(pilot, "l")
        assert len(states(app)) == number


async def test_nothing_is_awaited_yet(project: Project) -> None:
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        assert told(app) == "no slice is approved yet"
        await press(pilot, "d", "l")
        assert {"a", "x", "b"}.isdisjoint(keys(app))


async def test_a_filter_looks_among_all_labelled_slices(
    project: Project, sent: tuple[SliceId, SliceId]
) -> None:
    doubted, good = sent
    send(Project.open(project.root, who="bert"), good, 1)
    app = app_on(project.root)

    async def look_for(text: str) -> None:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        app.screen.query_one(Input).value = text
        await pilot.press("enter")
        await settle(pilot)

    async with app.run_test(size=(120, 36)) as pilot:
        await open_labels(pilot)
        every = states(app)
        await look_for("IN DOUBT")
        assert set(states(app)) == {f"? {doubted}"}
        await look_for("bert " + good.sample)
        assert set(states(app)) == {f"● {good}"}
        await look_for("screw")  # of the first round, too
        assert len(states(app)) == 6
        await look_for("nothing like it")
        assert states(app) == {}
        assert "no slice is like that" in told(app)
        await look_for("")
        assert states(app) == every


class Long(App[None]):
    """A list of a thousand records."""

    rows = tuple((str(n), (cell(f"record {n}"),)) for n in range(1000))

    def compose(self) -> ComposeResult:
        yield RecordTable((cell("record"),))

    def on_mount(self) -> None:
        self.query_one(RecordTable).show(self.rows)


async def test_a_long_list_comes_in_pages() -> None:
    app = Long()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        table = app.query_one(RecordTable)
        assert table.row_count == PAGE
        for _ in range(12):
            await pilot.press("pagedown")
            await pilot.pause()
        assert PAGE < table.row_count < 5 * PAGE
        here = table.selected
        assert here is not None
        assert int(here) > 2 * PAGE  # it never stopped at the end of a page
        table.show(app.rows[:-1])  # the last one is gone: all else stays
        assert table.selected == here
        table.select("700")
        assert (table.selected, table.cursor_row) == ("700", 700)
        await pilot.press("end")
        assert table.selected == "998"
        table.show(app.rows[5:])
        assert table.selected == "998"


async def test_the_cursor_goes_from_doubt_to_doubt(project: Project) -> None:
    project.propose()
    project.approve_all()
    first, *doubted = project.status().missing
    for slice_id in doubted:
        file = project.root / f"{slice_id.file_stem(SLICES)}.tif"
        tifffile.imwrite(file, np.zeros((HEIGHT, WIDTH), np.uint8))
        assert project.import_labels(file).of("quarantined")
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_labels(pilot)
        await until(pilot, lambda: title(app) == f"{doubted[0]}, mask in doubt")
        assert "d" not in keys(app)  # no network has predicted anything yet
        await press(pilot, "home")
        assert str(first) in title(app)
        await press(pilot, "1", "3")
        assert title(app) == f"{doubted[1]}, mask in doubt"  # the other was looked at
        await press(pilot, "a")
        await until(pilot, lambda: title(app) == f"{doubted[0]}, mask in doubt")
        await press(pilot, "a")
        await until(pilot, lambda: not project.quarantined())
        await settle(pilot)
        assert str(doubted[0]) in title(app)  # there is no other to go to
