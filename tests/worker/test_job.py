"""A whole job as a real process: spec in; log, progress, result and artefacts out."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from altui.jobs.folder import CHECKPOINT, PREDICTIONS, SCORES, STAGES, JobFolder
from altui.metrics import mean_iou, total
from altui.query.components import Components

from .made import NAMES, log_of, make_job, make_project, start, two_labels

REGIONS = ("mean", "foreground", "top")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    root = tmp_path_factory.mktemp("project")
    folder = make_job(root, make_project(root), two_labels(root))
    process = start(folder)
    assert process.wait(120) == 0, log_of(folder)
    return folder


def test_the_result_says_finished_and_counts_every_labelled_pixel(job: JobFolder) -> None:
    result = job.result()
    assert result is not None
    assert (result.state, result.message) == ("finished", "")
    assert result.started_at < result.ended_at
    assert result.device.startswith(("cpu", "cuda"))
    assert result.train_loss is not None
    assert {s: list(found) for s, found in result.confusions.items()} == {
        "validation": ["v"],
        "test": ["t"],
    }
    for found in result.confusions.values():
        assert total(found).sum() == 6 * 72 * 88


def test_it_learns_an_easy_problem(job: JobFolder) -> None:
    result = job.result()
    assert result is not None
    # All background would give 0.2, and two classes of three at most 0.67.
    measured = mean_iou(total(result.confusions["test"]))
    assert measured is not None
    assert measured > 0.7
    losses = [line.loss for line in job.progress() if line.loss is not None]
    assert losses[-1] < losses[0]


def test_process_and_heartbeat_tell_who_ran_it(job: JobFolder) -> None:
    process = job.process()
    assert process is not None
    assert process.pid > 0
    assert (job.path / "heartbeat").exists()


def test_progress_rises_over_all_stages_to_one(job: JobFolder) -> None:
    lines = job.progress()
    assert [line.progress for line in lines] == sorted(line.progress for line in lines)
    assert lines[-1].progress == 1
    assert lines[-1].seconds_left == 0
    assert tuple(dict.fromkeys(line.stage for line in lines)) == STAGES
    for stage in STAGES:
        last = [line for line in lines if line.stage == stage][-1]
        assert last.step == last.steps


def test_components_of_every_training_slice(job: JobFolder) -> None:
    found = Components.load(job.path / SCORES)
    assert found.samples == ("a", "b")
    assert found.sample.tolist() == [0] * 6 + [1] * 6
    assert found.index.tolist() == [*range(6), *range(6)]
    names = [f"{m}_{r}" for m in ("entropy", "margin", "confidence") for r in REGIONS]
    assert set(found.columns) == {*names, "class_entropy", "class_fraction", "embedding"}
    for name in names:
        assert found.columns[name].shape == (12,)
    for name in (*names, "class_entropy"):
        assert ((found.columns[name] >= 0) & (found.columns[name] <= 1)).all()
    assert found.columns["embedding"].shape == (12, 512)
    assert found.columns["class_entropy"].shape == (12, 3)
    assert np.allclose(found.columns["class_fraction"].sum(1), 1)


def test_predictions_are_a_page_a_slice_and_agree_with_the_class_fractions(
    job: JobFolder,
) -> None:
    fractions = Components.load(job.path / SCORES).columns["class_fraction"]
    pages = []
    for name in ("a", "b"):
        with tifffile.TiffFile(job.path / PREDICTIONS / f"{name}.tif") as file:
            assert len(file.pages) == 6
            assert file.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
            pages += [page.asarray() for page in file.pages]
    assert {(page.dtype.name, page.shape) for page in pages} == {("uint8", (72, 88))}
    shares = [np.bincount(page.ravel(), minlength=3) / page.size for page in pages]
    assert np.allclose(shares, fractions, atol=1e-6)


def test_the_checkpoint_predicts_again_what_the_job_predicted(job: JobFolder) -> None:
    import torch

    from altui.worker import compute
    from altui.worker.checkpoint import load_network
    from altui.worker.normalise import Normaliser

    network, content = load_network(job.path / CHECKPOINT)
    assert content["classes"] == list(NAMES)
    window = content["normalisation"]["a"]
    project = Path(job.spec().project)
    image = tifffile.imread(project / "a.tif", key=4)
    normalised = Normaliser(window["low"], window["high"])(image)
    # in the job's precision, which is the machine's own
    with torch.inference_mode(), compute.choose(job.spec().config.training).autocast():
        prediction = network(torch.from_numpy(normalised)[None, None]).argmax(1)[0].numpy()
    written = tifffile.imread(job.path / PREDICTIONS / "a.tif", key=4)
    assert (prediction == written).mean() > 0.999


def test_the_log_tells_what_a_person_wants_to_know(job: JobFolder) -> None:
    log = log_of(job)
    for words in ("2 labelled slices of 2 samples", "implant: ", "test mIoU", "Unet", "score"):
        assert words in log
    assert "Warning" not in log
    assert "Traceback" not in log


def test_nothing_is_left_behind(job: JobFolder) -> None:
    names = {str(path.relative_to(job.path)) for path in job.path.rglob("*") if path.is_file()}
    assert names == {
        *("spec.json", "lock", "process.json", "heartbeat", "progress.jsonl", "log.txt"),
        *("result.json", "model.pt", "scores.npz", "predictions/a.tif", "predictions/b.tif"),
        *("uncertainty/a.tif", "uncertainty/b.tif"),
    }


def test_a_job_that_has_ended_is_not_run_again(job: JobFolder) -> None:
    before = (job.path / "result.json").read_bytes()
    assert start(job).wait(30) == 0
    assert (job.path / "result.json").read_bytes() == before
    assert "already ended" in log_of(job)
