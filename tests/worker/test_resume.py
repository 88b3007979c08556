"""A training that was killed goes on, and ends as if nothing had happened."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import CHECKPOINT, TRAINING, JobFolder, LabelSpec
from altui.worker import compute as computing
from altui.worker.fit import fit
from altui.worker.network import build
from altui.worker.progress import Tracker
from altui.worker.samples import LabelledSlices, open_samples
from altui.worker.stages import run

from .made import log_of, make_job, make_project, start, two_labels

# Small enough to be saved at each step; with all that has a state: dropout, average, looks.
TINY = {"architecture": "Linknet", "encoder": "tu-mobilenetv3_small_050", "dropout": 0.2}
STEPS = 24
TRAINING_KEYS = {"device": "cpu", "steps": STEPS, "average": 0.5, "validations": 3}


def tiny_project(root: Path, slices: int = 4, **training: Any) -> Config:
    tables = {"model": TINY, "training": {**TRAINING_KEYS, **training}}
    return make_project(root, tables, slices=slices)


def with_training(config: Config, **training: Any) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=training)})


def trained(folder: JobFolder) -> tuple[float, dict[str, torch.Tensor]]:
    content = torch.load(folder.path / CHECKPOINT, weights_only=True)
    return content["loss"], content["state_dict"]


def assert_alike(one: JobFolder, other: JobFolder) -> None:
    """The same loss and weights, bit for bit."""
    (loss, weights), (other_loss, other_weights) = trained(one), trained(other)
    assert loss == other_loss
    assert list(weights) == list(other_weights)
    for name, tensor in weights.items():
        assert torch.equal(tensor, other_weights[name]), name


def kill_when(folder: JobFolder, condition: Callable[[], bool]) -> None:
    """Start the job; SIGKILL as soon as `condition` holds."""
    process = start(folder)
    deadline = time.monotonic() + 240
    while not condition():
        assert process.poll() is None, log_of(folder)
        assert time.monotonic() < deadline, log_of(folder)
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL


def test_a_job_killed_again_and_again_ends_with_the_weights_of_an_unkilled_one(
    tmp_path: Path,
) -> None:
    """Killed at its first checkpoint, after a look at validation, and after the training."""
    config = tiny_project(tmp_path, slices=12)
    labels = two_labels(tmp_path)
    often = with_training(config, save_seconds=0.0)
    killed = make_job(tmp_path, often, labels, "killed")
    kill_when(killed, (killed.path / TRAINING).exists)
    kill_when(killed, lambda: f"step 8 of {STEPS}: mIoU" in log_of(killed))
    kill_when(killed, (killed.path / CHECKPOINT).exists)
    written, lines = (killed.path / CHECKPOINT).stat().st_mtime_ns, len(killed.progress())
    assert start(killed).wait(240) == 0, log_of(killed)

    log = log_of(killed)
    assert log.count("training goes on from step ") == 2
    assert "training goes on from step 0 " not in log
    assert log.count("the training is not repeated") == 1
    again = [line.step for line in killed.progress()[lines:] if line.stage == "train"]
    assert set(again) == {0, STEPS}  # at once
    assert (killed.path / CHECKPOINT).stat().st_mtime_ns == written
    assert not (killed.path / TRAINING).exists()

    unkilled = make_job(tmp_path, config, labels, "unkilled")
    outcome = run(unkilled, unkilled.spec())
    assert_alike(killed, unkilled)
    result = killed.result()
    assert result is not None
    assert result.confusions == outcome.confusions


class Killed(Exception):
    pass


class Killer(Tracker):
    """Ends the training in mid-step `at`, after the state of that step was saved."""

    at = 0

    def advance(self, steps: int = 1, loss: Callable[[], float] | None = None) -> None:
        super().advance(steps, loss)
        if loss is not None and self._step == self.at:
            raise Killed


def fitted(root: Path, folder: JobFolder, kill_at: int = 0) -> float:
    """The train stage of a job, within this process; raises Killed after step `kill_at`."""
    spec = folder.spec()
    compute = computing.choose(spec.config.training)
    tracker = Killer(folder, {"train": 1.0, "evaluate": 1.0, "score": 1.0})
    tracker.at = kill_at
    with open_samples(root, spec.config) as samples:
        slices = LabelledSlices(spec.labels, samples, root, spec.config.classes)
        torch.manual_seed(spec.config.training.seed)
        network, _ = build(spec.config.model, len(spec.config.classes.names), root)
        return fit(folder, spec, network, slices, samples, compute, tracker)


def job_after(
    root: Path, config: Config, labels: list[LabelSpec], previous: JobFolder | None, name: str
) -> JobFolder:
    """A job whose last round's network is that of `previous`."""
    folder = make_job(root, config, labels, name)
    if previous is not None:
        path = str(previous.path.relative_to(root))
        folder.write("spec.json", folder.spec().model_copy(update={"previous": path}))
    return folder


@pytest.fixture
def first(tmp_path: Path) -> tuple[Config, list[LabelSpec], JobFolder]:
    """A project and its first round's network."""
    config = tiny_project(tmp_path, steps=6, save_seconds=0)
    labels = two_labels(tmp_path)
    folder = make_job(tmp_path, config, labels, "first")
    fitted(tmp_path, folder)
    return config, labels, folder


First = tuple[Config, list[LabelSpec], JobFolder]


def test_a_warm_start_begins_from_the_last_rounds_network(
    tmp_path: Path, first: First, capsys: pytest.CaptureFixture[str]
) -> None:
    config, labels, previous = first
    # A rate at which one step moves next to nothing.
    still = with_training(config, start="warm", steps=1, learning_rate=1e-9, average=0.0)
    warm = job_after(tmp_path, still, labels, previous, "warm")
    fitted(tmp_path, warm)
    assert "training starts from " in capsys.readouterr().out
    fresh = job_after(tmp_path, with_training(still, start="fresh"), labels, previous, "fresh")
    fitted(tmp_path, fresh)
    assert "training starts from " not in capsys.readouterr().out
    (_, began), (_, ended), (_, other) = map(trained, (previous, warm, fresh))
    name = next(name for name in began if name.endswith("weight") and began[name].ndim == 4)
    assert torch.allclose(began[name], ended[name], atol=1e-6)
    assert not torch.allclose(began[name], other[name], atol=1e-3)


def test_without_an_earlier_network_that_fits_it_starts_fresh_and_says_so(
    tmp_path: Path, first: First, capsys: pytest.CaptureFixture[str]
) -> None:
    config, labels, previous = first
    config = with_training(config, steps=2)
    fresh = job_after(tmp_path, config, labels, None, "fresh")
    fitted(tmp_path, fresh)
    warm = with_training(config, start="warm")
    cases = {
        "no earlier round: training starts fresh": (warm, None),
        "training starts fresh: the network in": (warm, JobFolder(tmp_path / "jobs" / "gone")),
        "another shape or other classes": (
            warm.model_copy(update={"model": warm.model.model_copy(update={"context_slices": 1})}),
            previous,
        ),
    }
    for number, (said, (asked, before)) in enumerate(cases.items()):
        folder = job_after(tmp_path, asked, labels, before, f"case{number}")
        fitted(tmp_path, folder)
        assert said in capsys.readouterr().out
        if asked.model == config.model:
            assert_alike(folder, fresh)


@pytest.mark.parametrize("renamed", [False, True])
def test_a_network_is_never_measured_on_what_an_earlier_one_learnt_from(
    tmp_path: Path, first: First, renamed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    config, labels, previous = first
    moved = {"split": "test"} | ({"name": "c", "images": "./b.tif"} if renamed else {})
    samples = tuple(
        one.model_copy(update=moved if one.name == "b" else {}) for one in config.samples
    )
    warm = with_training(config, start="warm", steps=1).model_copy(update={"samples": samples})
    kept = [label for label in labels if label.sample != "b"]
    fitted(tmp_path, job_after(tmp_path, warm, kept, previous, "moved"))
    name = "c" if renamed else "b"
    said = capsys.readouterr().out
    assert f"training starts fresh: the last round's network learnt from {name}" in said


@pytest.mark.parametrize("kill_at", [1, 4, 6])
def test_a_killed_warm_start_needs_the_earlier_network_no_more(
    tmp_path: Path, first: First, kill_at: int, capsys: pytest.CaptureFixture[str]
) -> None:
    config, labels, previous = first
    # One look, at the end, so that it is the average of the last steps that is taken.
    warm = with_training(config, start="warm", validations=1, average=1.0)
    unkilled = job_after(tmp_path, warm, labels, previous, "unkilled")
    loss = fitted(tmp_path, unkilled)
    killed = job_after(tmp_path, warm, labels, previous, "killed")
    with pytest.raises(Killed):
        fitted(tmp_path, killed, kill_at)
    (previous.path / CHECKPOINT).unlink()
    capsys.readouterr()
    assert fitted(tmp_path, killed) == loss
    said = capsys.readouterr().out
    assert f"training goes on from step {kill_at} of 6" in said
    assert "starts" not in said
    assert_alike(killed, unkilled)


def test_what_cannot_be_gone_on_with_is_told_and_begun_anew(
    tmp_path: Path, first: First, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state of other labels, and a damaged one."""
    config, labels, done = first
    folder = make_job(tmp_path, config, labels, "killed")
    with pytest.raises(Killed):
        fitted(tmp_path, folder, 3)
    other = make_job(tmp_path, config, labels[:1], "other")
    for name, spoil in ((TRAINING, False), (TRAINING, True), (CHECKPOINT, False)):
        source = folder if name == TRAINING else done
        data = (source.path / name).read_bytes()
        (other.path / name).write_bytes(data[: len(data) // 2] if spoil else data)
        capsys.readouterr()
        fitted(tmp_path, other)
        said = capsys.readouterr().out
        assert f"{name} cannot be used, so training starts anew: " in said
        assert ("another training" in said) is not spoil
        assert "goes on" not in said
        (other.path / CHECKPOINT).unlink()


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(
    tmp_path: Path,
    first: First,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, labels, done = first
    folder = make_job(tmp_path, config, labels, "full")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("altui.worker.resume.write_bytes", full)
    fitted(tmp_path, folder)
    assert "training.pt cannot be written" in capsys.readouterr().out
    assert_alike(folder, done)


def test_a_training_that_went_wrong_is_not_saved(tmp_path: Path) -> None:
    config = tiny_project(tmp_path, steps=3, save_seconds=0, learning_rate=1.0)
    folder = make_job(tmp_path, config, two_labels(tmp_path), "wrong")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "altui.worker.train.loss_for",
            lambda *_: lambda logits, _masks: logits.mean() * float("nan"),
        )
        with pytest.raises(AltuiError, match="not a number"):
            fitted(tmp_path, folder)
    assert not (folder.path / TRAINING).exists()
