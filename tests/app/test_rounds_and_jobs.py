"""What the Rounds and Jobs screens make of rounds, jobs and their logs."""

import json
from pathlib import Path

import numpy as np
import pytest
from textual.containers import VerticalScroll
from textual.content import Content
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from altui.app import AltuiApp
from altui.config import Split
from altui.project import Project
from altui.rounds.repeats import FEWEST
from altui.screens.confirm import Confirm
from altui.screens.frame import StatusLine, fitted
from altui.screens.jobs import Meter
from altui.screens.table import RecordTable
from altui.widgets.chart import LineChart
from altui.widgets.wrapped_log import WrappedLog

from ..simulation.made import add_simulation
from .made import (
    end_job,
    finish_round,
    make_project,
    predict,
    press,
    running,
    send_masks,
    settle,
    start_job,
    state_of,
    until,
    write_progress,
)
from .test_decisions import app_on, keys
from .test_robust import screen_text


def cells(app: AltuiApp, row: int) -> list[str]:
    return [cell.plain.strip() for cell in app.screen.query_one(RecordTable).get_row_at(row)]


def text_of(app: AltuiApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def said(app: AltuiApp) -> str:
    return str(app.screen.query_one(StatusLine).render())


def shown(app: AltuiApp, kind: type[Widget]) -> str:
    """What of a widget can be seen, on one line."""
    strips = app.screen._compositor.render_strips()
    region = app.screen.query_one(kind).region
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    cut = (line[region.x : region.right].strip() for line in lines[region.y : region.bottom])
    return " ".join(cut)


async def test_the_chart_shows_a_line_for_each_class_on_demand(project: Project) -> None:
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "c" not in keys(app)
    finish_round(project, 0.7)
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "○ validation" in shown(app, LineChart)
        await press(pilot, "c")
        assert "○ bone" in shown(app, LineChart)
        assert "○ bone" in text_of(app, "#classes Static")
        await press(pilot, "c")
        assert "○ validation" in shown(app, LineChart)
        assert "○ bone" not in text_of(app, "#classes Static")


async def test_simulations_and_the_forecast_stand_beside_the_rounds(project: Project) -> None:
    for quality in (0.6, 0.7, 0.76, 0.79):
        finish_round(project, quality)
        project.propose()
    add_simulation(project, {"random": [0.4, 0.5, 0.55]}, full=0.75)
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        chart = app.screen.query_one(LineChart)
        assert "all slices, simulated" in shown(app, LineChart)
        assert str(chart.border_subtitle) == "dotted: forecast, dashed: random"
        assert "15" in shown(app, LineChart)  # a round further than there are


async def test_the_annotators_agreement_is_drawn_once_enough_slices_bear_it(
    project: Project,
) -> None:
    for quality in (0.6, 0.7, 0.76):
        finish_round(project, quality)
        project.propose()
    labels = project.workspace.store.history().labels
    kept = dict.fromkeys(("sha256", "path", "source", "source_sha256", "tool", "original"), "")
    for number, label in enumerate(labels[:FEWEST]):
        if number == FEWEST - 1:
            app = app_on(project.root)
            async with app.run_test(size=(120, 36)) as pilot:
                await settle(pilot)
                assert "two annotators agree" not in shown(app, LineChart)
        with project.workspace.store.write() as transaction:
            event = transaction.event("repeat", 1)
            repeat = transaction.insert(
                "repeats", event=event, label=label.id, annotator="carl", bundle=""
            )
            matrix = json.dumps((np.eye(3, dtype=int) * 90 + number).tolist())
            kept = dict.fromkeys(
                ("sha256", "path", "source", "source_sha256", "tool", "original"), ""
            )
            transaction.insert(
                "readings",
                event=event,
                repeat=repeat,
                sample=label.sample,
                slice_index=label.slice_index,
                annotator="carl",
                matrix=matrix,
                **kept,
            )
    app = app_on(project.root)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "two annotators agree" in shown(app, LineChart)


async def test_the_status_line_says_what_is_awaited(project: Project) -> None:
    project.approve_all()
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        line = said(app)
        assert "Round 1, annotating: 0 of 3 masks in; waiting for screw01:" in line
        assert "e to export, i to import masks" in line


async def test_the_way_to_masks_in_doubt_is_told_on_other_screens(project: Project) -> None:
    predict(project, finish_round(project, 0.7))
    project.propose()
    doubted, _ = send_masks(project)
    app = app_on(project.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert f"in quarantine ({doubted})" in said(app)
        assert "3 to decide, e to export" in said(app)
        await press(pilot, "3")
        assert "3 to decide" not in said(app)


async def open_jobs(pilot: Pilot[None]) -> None:
    await settle(pilot)
    await press(pilot, "4")


async def test_a_new_project(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert cells(app, 0) == ["1", "initial", "0", "0.0 %", "–", "–", "–", "–"]
        assert "no round has results yet" in text_of(app, "#classes Static")
        assert said(app).startswith("Round 1, proposed:")
        assert "press 2 to see them" in said(app)
        await press(pilot, "4")
        assert "no job" in text_of(app, "#none")


async def test_results_come_in_while_it_runs(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        for quality in (0.7, 0.8):
            finish_round(app.project, quality)
            app.project.propose()
        app.poller.kick()
        await until(pilot, lambda: app.screen.query_one(RecordTable).row_count == 3)
        await settle(pilot)
        number, _, labelled, share, validation, test, gain, _ = cells(app, 1)
        assert (number, labelled, share) == ("2", "6", "16.7 %")
        assert float(validation) > float(test) > 0.5
        assert gain.startswith("+.")
        classes = text_of(app, "#classes Static")
        assert "degradation layer" in classes
        assert "round 2" in text_of(app, "#stopping Static")


async def test_the_cursor_stays_on_its_row_when_rows_come(folder: Path) -> None:
    project = Project.open(folder)
    for quality in (0.7, 0.8):
        finish_round(project, quality)
        project.propose()
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        table = app.screen.query_one(RecordTable)
        assert table.selected == "3"
        await press(pilot, "up", "up")
        finish_round(project, 0.9)
        project.propose()
        app.poller.kick()
        await until(pilot, lambda: table.row_count == 4)
        assert table.selected == "1"


async def test_evaluated_and_n_proposes_the_next_round(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        finish_round(app.project, 0.7)
        app.poller.kick()
        await until(pilot, lambda: "n" in keys(app))
        assert "press n to propose" in said(app)
        await press(pilot, "n")
        assert app.current_mode == "proposals"
        assert set(state_of(Project.open(folder)).values()) == {"proposed"}
        assert Project.open(folder).status().round == 2


async def test_progress_and_log_of_a_running_job(folder: Path) -> None:
    app = app_on(folder, interval=0.05)
    project = app.project
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    write_progress(project, job, 100, "step 100 [b]loss[/b]\n")
    async with app.run_test() as pilot:
        with running(project, job):
            await open_jobs(pilot)
            log = app.screen.query_one(WrappedLog)
            await until(pilot, lambda: list(log.told)[:1] == ["step 100 [b]loss[/b]"])
            shown = text_of(app, "#progress Static")
            assert shown.startswith("train: step 100 of 400, loss 0.4312, 1 min 35 s left")
            assert app.screen.query_one(Meter).fraction == 0.2
            write_progress(project, job, 200, "step 100 [b]loss[/b]\nstep 200\n")
            await until(pilot, lambda: "step 200" in log.told)
            assert list(log.told).count("step 100 [b]loss[/b]") == 1
            assert "c" in keys(app)
            assert "t" not in keys(app)


async def test_a_finished_job_tells_what_it_found(folder: Path) -> None:
    app = app_on(folder)
    finish_round(app.project, 0.7)
    [result] = [r for r in app.project.status().rounds if r.round == 1]
    async with app.run_test() as pilot:
        await open_jobs(pilot)
        told = f"mIoU {result.miou['test']:.3f} test, {result.miou['validation']:.3f} validation"
        await until(pilot, lambda: text_of(app, "#progress Static").startswith(told))


async def test_cancel_asks_first(folder: Path) -> None:
    app = app_on(folder, interval=0.05)
    project = app.project
    project.approve_all()
    project.import_from_oracle()
    start_job(project)  # just started: it is queued
    async with app.run_test() as pilot:
        await open_jobs(pilot)
        await until(pilot, lambda: "c" in keys(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Tried again, it goes on from what it saved" in screen_text(app)
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert project.job().state == "queued"


async def test_a_failed_job_says_why_and_can_be_tried_again(folder: Path) -> None:
    app = app_on(folder)
    project = app.project
    project.approve_all()
    project.import_from_oracle()
    end_job(project, start_job(project), "failed", "out of [memory]", "lower [training] batch")
    async with app.run_test() as pilot:
        await open_jobs(pilot)
        assert "out of [memory]" in text_of(app, "#progress Static")
        assert "lower [training] batch" in text_of(app, "#progress Static")
        assert {"t", "r"} <= keys(app)
        assert "c" not in keys(app)
        assert "t to try again" in said(app)
        await pilot.press("t")
        await until(pilot, lambda: said(app).startswith("Round 1, running"))
    job = project.job()
    assert job.id != "train-001"
    if job.active:
        project.cancel(job.id)


async def test_r_starts_the_round_and_it_outlives_the_app(folder: Path) -> None:
    app = app_on(folder)
    app.project.approve_all()
    app.project.import_from_oracle()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "r")
        await until(pilot, lambda: said(app).startswith("Round 1, running"))
    job = app.project.job()
    assert job.active or job.state == "failed"
    if job.active:
        app.project.cancel(job.id)


async def test_the_keys_to_press_are_never_cut(tmp_path: Path) -> None:
    names: dict[str, Split] = {f"a-screw-with-quite-a-long-name-{n:02d}": "train" for n in range(8)}
    folder = make_project(tmp_path / "p", samples=names | {"v": "validation", "t": "test"})
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace("budget = 3", "budget = 8"))
    app = app_on(folder)
    app.project.approve_all()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for size in ((80, 24), (60, 16), (200, 50)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            await until(pilot, lambda: "i to import masks" in shown(app, StatusLine))
            assert "press e to export" in shown(app, StatusLine)
            assert "Round 1, annotating: 0 of 8 masks in" in shown(app, StatusLine)


@pytest.mark.parametrize("width", [20, 30, 46, 47, 60, 80, 200])
@pytest.mark.parametrize("length", [0, 1, 5, 12, 40, 300])
def test_words_are_cut_in_favour_of_keys(width: int, length: int) -> None:
    told, steps = Content("todo: " + "word " * length), Content("press e to export")
    lines = fitted(told, steps, width).plain.split("\n")
    assert len(lines) <= 2
    assert all(len(line.rstrip()) <= width for line in lines)
    assert lines[-1].endswith("press e to export")


async def test_the_oracle_labels_the_round(folder: Path) -> None:
    app = app_on(folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "O" not in keys(app)
        app.project.approve_all()
        app.poller.kick()
        await until(pilot, lambda: "O" in keys(app))
        await press(pilot, "O")
        await until(pilot, lambda: "r" in keys(app))
        assert "O" not in keys(app)
        assert next(iter(app._notifications)).message == "3 accepted"
    assert app.project.status().state == "labelled"


async def test_no_oracle_where_a_sample_has_no_masks(folder: Path) -> None:
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace('masks = "screw02_mask.tif"\n', ""))
    app = app_on(folder)
    app.project.approve_all()
    assert any(one.sample == "screw02" for one in app.project.status().missing)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "O" not in keys(app)


async def test_a_job_that_goes_on_is_told_of_on_leaving(folder: Path) -> None:
    app = app_on(folder)
    assert app.farewell() == ""
    app.project.approve_all()
    app.project.import_from_oracle()
    job = start_job(app.project)
    async with app.run_test() as pilot:
        with running(app.project, job):
            await settle(pilot)
    assert app.farewell() == f"{job} goes on in the background"


async def test_a_remedy_and_long_log_lines_are_readable(folder: Path) -> None:
    app = app_on(folder)
    project = app.project
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    write_progress(project, job, 100, f"first\n{'a long line ' * 12}its-end\n")
    reason = "the weights could not be fetched: Name or service not known, while fetching "
    hint = "Check the network. Without a network, fetch the file elsewhere and put it into "
    path = "/home/anna/.cache/torch/hub/checkpoints/resnet34.pth"
    end_job(project, job, "failed", reason + path, hint + path + ", as the README tells")
    async with app.run_test(size=(80, 24)) as pilot:
        await open_jobs(pilot)
        await until(pilot, lambda: "its-end" in shown(app, WrappedLog))
        assert "as the README tells" in shown(app, VerticalScroll)
        assert not app.screen.query_one(WrappedLog).show_horizontal_scrollbar
        await pilot.resize_terminal(62, 40)
        await until(pilot, lambda: "first" in shown(app, WrappedLog))
        assert "its-end" in shown(app, WrappedLog)
        assert app.screen.query_one(WrappedLog).told[0] == "first"


async def test_the_log_is_searched_and_followed(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    log = "".join(f"step {step}\n" for step in range(1, 61))
    write_progress(project, job, 60, log + "the End\n")
    app = app_on(project.root)
    with running(project, job):
        async with app.run_test(size=(80, 24)) as pilot:
            await open_jobs(pilot)
            await until(pilot, lambda: bool(app.snapshot and app.snapshot.detail))
            await settle(pilot)
            assert "comma" not in keys(app)
            await pilot.press("slash", *"STEP 1", "enter")
            await settle(pilot)
            view = app.screen.query_one(WrappedLog)
            assert str(view.border_subtitle) == '"STEP 1": 11 of 11'
            assert "step 19" in shown(app, WrappedLog)
            assert {"comma", "f"} <= keys(app)
            await press(pilot, "comma")
            assert str(view.border_subtitle) == '"STEP 1": 10 of 11'
            await press(pilot, "full_stop", "full_stop")
            assert str(view.border_subtitle) == '"STEP 1": 1 of 11'
            assert "step 1 " in shown(app, WrappedLog)
            # What is written meanwhile does not move what was found out of sight.
            write_progress(project, job, 61, log + "the End\nand more\n")
            app.poller.kick()
            await until(pilot, lambda: "and more" in told_of_the_job(app))
            await settle(pilot)
            assert "step 1 " in shown(app, WrappedLog)
            await press(pilot, "f")
            assert "and more" in shown(app, WrappedLog)
            assert str(view.border_subtitle) == ""
            await pilot.press("slash", *"nowhere", "enter")
            await settle(pilot)
            assert str(view.border_subtitle) == '"nowhere" is not in the log'
            assert "comma" not in keys(app)
            await pilot.press("slash", "escape")
            await settle(pilot)
            assert "and more" in shown(app, WrappedLog)


async def test_all_of_a_long_log_is_searched(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    lines = [f"step {step}" for step in range(100_000)]
    lines[7] = lines[50_000] = "a Needle"
    write_progress(project, job, 60, "\n".join(lines))
    app = app_on(project.root)
    with running(project, job):
        async with app.run_test(size=(80, 36)) as pilot:
            await open_jobs(pilot)
            await until(pilot, lambda: "step 99999" in told_of_the_job(app))
            await settle(pilot)
            view = app.screen.query_one(WrappedLog)
            await pilot.press("slash", *"needle", "enter")
            await settle(pilot)
            assert str(view.border_subtitle) == '"needle": 2 of 2'
            near = ("step 49999 ", "a Needle ", "step 50001 ")
            assert all(line in shown(app, WrappedLog) for line in near)
            await press(pilot, "comma")
            assert str(view.border_subtitle) == '"needle": 1 of 2'
            near = ("step 6 ", "a Needle ", "step 8 ")
            assert all(line in shown(app, WrappedLog) for line in near)
            await press(pilot, "f")
            assert "step 99999 " in shown(app, WrappedLog)


def told_of_the_job(app: AltuiApp) -> tuple[str, ...]:
    detail = app.snapshot.detail if app.snapshot else None
    return detail.log if detail else ()


async def test_a_training_has_a_curve_and_says_what_memory_it_takes(project: Project) -> None:
    project.approve_all()
    project.import_from_oracle()
    job = start_job(project)
    for step in range(10, 101, 10):
        write_progress(project, job, step, "", loss=2 / step)
    app = app_on(project.root)
    with running(project, job):
        async with app.run_test(size=(120, 36)) as pilot:
            await open_jobs(pilot)
            await until(pilot, lambda: app.screen.query_one(LineChart).display)
            await settle(pilot)
            assert "loss .020" in shown(app, LineChart)
            assert "steps" in shown(app, LineChart)
            assert "memory 2.3 GB, GPU 12.3 GB of 80.0 GB" in text_of(app, "#progress Static")
