"""Stages within this process: large slices in tiles, broken evaluation masks, progress."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from altui.errors import AltuiError
from altui.jobs.folder import STAGES, Stage
from altui.query.components import Components
from altui.worker.pipeline import Behind, ahead
from altui.worker.progress import Tracker
from altui.worker.stages import run

from .made import IGNORE, label, make_job, make_project, two_labels

QUICK = {"device": "cpu", "steps": 1, "crop": 32, "batch": 2}


def test_slices_larger_than_a_tile_go_through_in_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from altui.worker.network import Encoded, Network

    sides: set[int] = set()
    encode = Network.encode

    def watched(self: Network, images: torch.Tensor) -> Encoded:
        sides.update(images.shape[-2:])
        return encode(self, images)

    monkeypatch.setattr(Network, "encode", watched)
    config = make_project(
        tmp_path, {"training": {**QUICK, "tile": 64}}, slices=2, height=150, width=170
    )
    folder = make_job(tmp_path, config, two_labels(tmp_path, 0, 1))
    outcome = run(folder, folder.spec())
    assert sides == {32, 64}
    assert np.sum(outcome.confusions["test"]["t"]) == 2 * 150 * 170
    found = Components.load(folder.path / "scores.npz")
    assert found.columns["entropy_mean"].shape == (4,)
    assert tifffile.imread(folder.path / "predictions" / "a.tif").shape == (2, 150, 170)


def test_a_mask_value_that_is_no_class_names_sample_slice_and_value(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": QUICK})
    masks = tifffile.imread(tmp_path / "t-mask.tif")
    masks[3, 5, 5], masks[4, 5, 5] = 77, IGNORE
    tifffile.imwrite(tmp_path / "t-mask.tif", masks, photometric="minisblack")
    folder = make_job(tmp_path, config, two_labels(tmp_path))
    with pytest.raises(AltuiError, match="t:3 has the value 77"):
        run(folder, folder.spec())
    assert not (folder.path / "model.pt").exists()  # said before the training
    assert not (folder.path / "scores.npz").exists()


def test_ignored_pixels_are_left_out_of_the_matrices(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": QUICK}, slices=2)
    masks = tifffile.imread(tmp_path / "t-mask.tif")
    masks[:, :30] = IGNORE
    tifffile.imwrite(tmp_path / "t-mask.tif", masks, photometric="minisblack")
    folder = make_job(tmp_path, config, two_labels(tmp_path, 0, 1))
    outcome = run(folder, folder.spec())
    assert np.sum(outcome.confusions["test"]["t"]) == 2 * 42 * 88
    assert np.sum(outcome.confusions["validation"]["v"]) == 2 * 72 * 88


def classes_told(said: str) -> str:
    """What the log says before training; raises where it says it later or not at all."""
    before, trains, _ = said.partition("train: done in")
    assert trains
    return before


def test_classes_are_told_before_training_also_those_without_a_labelled_pixel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_project(tmp_path, {"training": QUICK}, slices=2)
    mask = np.zeros((72, 88), np.uint8)
    mask[:18] = 1
    mask[54:] = IGNORE
    folder = make_job(tmp_path, config, [label(tmp_path, "a", 0, mask)])
    run(folder, folder.spec().model_copy(update={"score": False}))
    said = classes_told(capsys.readouterr().out)
    assert "1 labelled slice of 1 sample\n" in said
    assert f"background: {36 * 88:,} pixels (66.67 %)" in said
    assert f"tissue: {18 * 88:,} pixels (33.33 %)" in said
    assert "implant: no labelled pixel yet, so the network cannot learn it" in said
    assert f"ignored: {18 * 88:,} pixels" in said


@pytest.mark.parametrize("recipe", [{}, {"class_weights": "balanced", "hard_pixels": 0.5}])
def test_labels_that_are_ignored_all_over_break_nothing(
    tmp_path: Path, recipe: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_project(tmp_path, {"training": {**QUICK, **recipe}}, slices=2)
    nothing = np.full((72, 88), IGNORE, np.uint8)
    folder = make_job(tmp_path, config, [label(tmp_path, "b", 1, nothing)])
    outcome = run(folder, folder.spec().model_copy(update={"score": False}))
    assert outcome.train_loss == 0
    said = classes_told(capsys.readouterr().out)
    assert said.count("no labelled pixel yet") == 3
    assert "%" not in said


def test_progress_is_weighted_by_work(tmp_path: Path) -> None:
    config = make_project(tmp_path)
    folder = make_job(tmp_path, config, two_labels(tmp_path))
    work: dict[Stage, float] = {"train": 60, "evaluate": 10, "score": 30}
    tracker = Tracker(folder, work)
    for stage in STAGES:
        tracker.begin(stage, 4)
        for _ in range(4):
            tracker.advance()
        tracker.end()
    ends = [line for line in folder.progress() if line.step == line.steps]
    assert [round(line.progress, 9) for line in ends] == [0.6, 0.7, 1.0]
    assert ends[0].seconds_left is not None
    assert ends[-1].seconds_left == 0


def test_reading_ahead_keeps_order_and_tells_errors_in_their_turn() -> None:
    assert list(ahead(lambda x: x * x, range(10))) == [x * x for x in range(10)]

    def fails_at_three(x: int) -> int:
        if x == 3:
            raise ValueError("three")
        return x

    values = ahead(fails_at_three, range(10))
    assert [next(values) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(values)


def test_a_writer_that_fails_is_not_passed_over() -> None:
    def fails() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"), Behind() as behind:
        behind.call(fails)
