"""The loss curve, read on as a job writes it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.jobs.folder import PROGRESS, JobFolder, Progress
from altui.jobs.losses import MOST, Losses, averaged
from altui.jobs.state import JobView
from altui.report.jobs import memory_text
from altui.worker.use import gpu_memory, memory


def write(folder: JobFolder, step: int, loss: float | None, stage: str = "train") -> None:
    line = {"stage": stage, "step": step, "steps": 400, "progress": 0.1, "loss": loss}
    folder.append_progress(Progress.model_validate({"at": datetime.now(UTC), **line}))


def test_only_what_is_new_is_read_and_half_a_line_waits(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    losses = Losses(folder)
    assert losses.points() == ()
    write(folder, 1, 2.0)
    assert losses.points() == ((1.0, 2.0),)
    with (tmp_path / PROGRESS).open("a") as file:
        file.write('{"at": "2026-03-02T09:00:00Z", "stage": "train", "step": 2, "steps": 400,')
    assert losses.points() == ((1.0, 2.0),)
    with (tmp_path / PROGRESS).open("a") as file:
        file.write(' "progress": 0.1, "loss": 1.5}\n')
    assert losses.points() == ((1.0, 2.0), (2.0, 1.5))
    assert Losses(folder).points() == losses.points()


def test_other_stages_and_steps_without_a_loss_are_left_out(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    write(folder, 1, 2.0)
    write(folder, 2, None)
    write(folder, 3, 9.0, stage="score")
    assert Losses(folder).points() == ((1.0, 2.0),)


def test_a_training_that_goes_on_takes_the_place_of_what_was_lost(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    for step in (1, 2, 3, 2, 3, 4):
        write(folder, step, float(step))
    assert [step for step, _ in Losses(folder).points()] == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 10)), unique_by=lambda pair: pair[0]))
def test_the_curve_has_few_points_within_what_was_found(found: list[tuple[int, float]]) -> None:
    found.sort()
    points = averaged(found)
    assert bool(points) == bool(found)
    assert len(points) <= MOST + 1
    assert [step for step, _ in points] == sorted({step for step, _ in points})
    if found:
        assert points[-1][0] == found[-1][0]
        losses = [loss for _, loss in found]
        for _, loss in points:
            assert min(losses) - 1e-9 <= loss <= max(losses) + 1e-9


def test_a_process_knows_its_memory() -> None:
    used = memory()
    assert used is not None
    assert used > 10_000_000
    gpu = gpu_memory()
    assert gpu is None or 0 < gpu[0] <= gpu[1]


def test_memory_in_words() -> None:
    job = JobView("train-001", "train", 1, "running", "anna", "2026-03-02T09:00:00+00:00")
    assert memory_text(job) == ""
    known = replace(job, memory=950_000_000, gpu_memory=12_340_000_000, gpu_total=80 * 10**9)
    assert memory_text(known) == "memory 950 MB, GPU 12.3 GB of 80.0 GB"


@pytest.mark.parametrize("step", [0, -5])
def test_steps_that_cannot_be_are_no_fault(step: int) -> None:
    assert averaged([(step, 1.0)])


WELL = {"at": "2026-03-02T09:00:00Z", "stage": "train", "step": 3, "steps": 4, "progress": 0.5}


@pytest.mark.parametrize(
    ("spoilt", "left"),
    [
        ('"seconds_left": NaN', {"seconds_left": None}),
        ('"seconds_left": Infinity', {"seconds_left": None}),
        ('"seconds_left": 1e300', {"seconds_left": None}),
        ('"seconds_left": 1' + "0" * 400, {"seconds_left": None}),
        ('"loss": -Infinity', {"loss": None}),
        ('"loss": NaN', {"loss": None}),
        ('"progress": NaN', {"progress": 0.0}),
        ('"progress": 7', {"progress": 1.0}),
        ('"progress": -Infinity', {"progress": 0.0}),
    ],
)
def test_figures_that_are_none_are_left_out(
    tmp_path: Path, spoilt: str, left: dict[str, float | None]
) -> None:
    (tmp_path / PROGRESS).write_text(f"{json.dumps(WELL)[:-1]}, {spoilt}}}\n")
    line = JobFolder(tmp_path).last_progress()
    assert line is not None
    assert {name: getattr(line, name) for name in left} == left


@pytest.mark.parametrize(
    "spoilt",
    ['"step": -1', '"steps": 1' + "0" * 400, '"memory": 1' + "0" * 400, '"at": "2026-03-02T09:00"'],
)
def test_lines_that_no_job_writes_are_passed_over(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / PROGRESS).write_text(f"{json.dumps(WELL)}\n{json.dumps(WELL)[:-1]}, {spoilt}}}\n")
    assert [line.step for line in JobFolder(tmp_path).progress()] == [3]
