"""Training: reproducible, restartable, with the weights that validation chose."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from altui.config import Config, Training
from altui.errors import AltuiError
from altui.jobs.folder import LabelSpec
from altui.worker import compute as computing
from altui.worker.loss import Loss
from altui.worker.network import Network, build
from altui.worker.progress import Tracker
from altui.worker.resume import SavedTraining
from altui.worker.samples import LabelledSlices, of_split, open_samples
from altui.worker.train import Trainer

from .made import make_job, make_project, two_labels


def trained(
    root: Path,
    config: Config,
    labels: list[LabelSpec],
    loss_of: Loss | None = None,
) -> tuple[Network, list[float], float]:
    """The network, the losses of progress.jsonl, and the final loss."""
    count = len(list((root / "jobs").glob("*"))) if (root / "jobs").exists() else 0
    folder = make_job(root, config, labels, f"j{count}")
    compute = computing.choose(config.training)
    tracker = Tracker(folder, {"train": 3.0, "evaluate": 1.0, "score": 1.0})
    with open_samples(root, config) as samples:
        slices = LabelledSlices(labels, samples, root, config.classes)
        torch.manual_seed(config.training.seed)
        network, _ = build(config.model, 3, root)
        validation = of_split(samples, "validation")
        trainer = Trainer(network, slices, validation, config, compute, loss_of)
        final = trainer.run(tracker, SavedTraining(folder.path, "", 60))
    return network, [x.loss for x in folder.progress() if x.loss is not None], final


def weights_hash(network: Network) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def test_the_same_seed_and_labels_give_the_same_weights_in_any_order(tmp_path: Path) -> None:
    short = {"device": "cpu", "steps": 6, "steps_per_slice": 1}
    config = make_project(tmp_path, {"training": short})
    labels = two_labels(tmp_path)
    first, _, loss = trained(tmp_path, config, labels)
    second, _, again = trained(tmp_path, config, labels[::-1])
    assert weights_hash(first) == weights_hash(second)
    assert loss == again
    other, _, _ = trained(
        tmp_path, make_project(tmp_path, {"training": {**short, "seed": 1}}), labels
    )
    assert weights_hash(other) != weights_hash(first)


def test_a_loss_that_is_not_a_number_is_told_with_a_remedy(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"device": "cpu", "steps": 2}})

    def broken(logits: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return logits.mean() * float("nan")

    with pytest.raises(AltuiError, match="not a number") as caught:
        trained(tmp_path, config, two_labels(tmp_path), broken)
    assert "lower training.learning_rate (now 0.003)" in caught.value.hint


def test_one_step_is_enough(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"device": "cpu", "steps": 1}})
    _, losses, final = trained(tmp_path, config, two_labels(tmp_path))
    assert losses == [final]
    assert np.isfinite(final)


def test_bfloat16_trains_on_the_cpu_too(tmp_path: Path) -> None:
    settings = {"device": "cpu", "steps": 2, "precision": "bfloat16", "batch": 2}
    config = make_project(tmp_path, {"training": settings})
    _, _, final = trained(tmp_path, config, two_labels(tmp_path))
    assert np.isfinite(final)


def test_one_crop_a_step_where_batch_normalisation_needs_two(tmp_path: Path) -> None:
    config = make_project(
        tmp_path,
        {
            "model": {"architecture": "DeepLabV3"},
            "training": {"device": "cpu", "steps": 2, "batch": 1},
        },
    )
    with pytest.raises(AltuiError, match="one crop at a time") as caught:
        trained(tmp_path, config, two_labels(tmp_path))
    assert "training.batch to 2" in caught.value.hint


def test_short_of_memory_the_training_goes_on_with_half_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A crop more than two at a time does not fit, in any step."""
    settings = {"device": "cpu", "steps": 3, "batch": 8, "crop": 32}
    config = make_project(tmp_path, {"training": settings})
    sizes: list[int] = []
    forward = Network.forward

    def short(self: Network, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            sizes.append(len(images))
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(self, images)

    monkeypatch.setattr(Network, "forward", short)
    _, _, final = trained(tmp_path, config, two_labels(tmp_path))
    assert np.isfinite(final)
    assert sizes == [8, 4] + 3 * 8 * [2]  # each part twice: without and with a gradient
    said = capsys.readouterr().out
    for words in ("4 crops at a time", "2 crops at a time"):
        assert said.count(f"memory is short: {words}, gradients added up") == 1


def test_steps_grow_with_the_labels() -> None:
    assert Training(steps=100, steps_per_slice=5).total_steps(8) == 140
    assert Training(steps=100, steps_per_slice=5, max_steps=120).total_steps(8) == 120


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(AltuiError, match=r"cuda:99.*torch finds"):
        computing.choose(Training(device="cuda:99"))
