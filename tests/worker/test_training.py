"""Crops, loss and training."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from altui.config import Config, Training
from altui.errors import AltuiError
from altui.jobs.folder import LabelSpec
from altui.worker import compute as computing
from altui.worker.crops import Batch, augment, draw
from altui.worker.loss import segmentation_loss
from altui.worker.network import Network, build
from altui.worker.progress import Tracker
from altui.worker.samples import IGNORED, LabelledSlices, open_samples
from altui.worker.train import Loss, total_steps, train

from .made import IGNORE, label, make_job, make_project, two_labels


def trained(
    root: Path,
    config: Config,
    labels: list[LabelSpec],
    loss_of: Loss = segmentation_loss,
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
        final = train(network, slices, config.training, compute, tracker, loss_of)
    return network, [x.loss for x in folder.progress() if x.loss is not None], final


def weights_hash(network: Network) -> str:
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def drawn(root: Path, config: Config, labels: list[LabelSpec], step: int = 0) -> Batch:
    with open_samples(root, config) as samples:
        return draw(LabelledSlices(labels, samples, root, config.classes), config.training, step)


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


def test_ignored_pixels_do_not_change_what_is_learnt(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"device": "cpu", "steps": 3}})
    mask = np.zeros((72, 88), np.uint8)
    mask[:, 40:] = 1
    mask[:, 60:] = IGNORE
    losses = []
    for hidden in (False, True):
        given = label(tmp_path, "a", 0, mask)
        batch = drawn(tmp_path, config, [given])
        if hidden:
            assert (batch.masks == IGNORED).any()
        logits = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        if hidden:
            logits = torch.where(torch.from_numpy(batch.masks)[:, None] == IGNORED, 9.0, logits)
        losses.append(segmentation_loss(logits, torch.from_numpy(batch.masks)).item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_a_batch_without_a_labelled_pixel_teaches_nothing_and_breaks_nothing() -> None:
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((2, 8, 8), IGNORED, dtype=torch.uint8))
    assert loss.item() == 0
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_the_loss_of_right_and_wrong_answers() -> None:
    masks = torch.tensor([[[0, 1], [2, IGNORED]]], dtype=torch.uint8)
    right = torch.nn.functional.one_hot(masks.long().clamp(max=2), 3).movedim(-1, 1) * 50.0
    assert segmentation_loss(right, masks).item() == pytest.approx(0, abs=1e-4)
    assert segmentation_loss(-right, masks).item() > 2


def test_the_loss_against_its_definition() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    masks = torch.randint(0, 2, (2, 4, 5), generator=generator).to(torch.uint8)
    masks[0, :2] = IGNORED
    p = torch.softmax(logits, 1).movedim(1, -1)[masks != IGNORED].double()
    truth = masks[masks != IGNORED].long()
    entropy = -p[range(len(truth)), truth].log().mean()
    one_hot = torch.nn.functional.one_hot(truth, 3)
    dice = 1 - 2 * (p * one_hot).sum(0) / (p.sum(0) + one_hot.sum(0))
    expected = entropy + dice[:2].mean()  # class 2 does not occur
    assert segmentation_loss(logits, masks).item() == pytest.approx(expected.item(), abs=1e-5)


def test_a_loss_that_is_not_a_number_is_told_with_a_remedy(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"device": "cpu", "steps": 2}})

    def broken(logits: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return logits.mean() * float("nan")

    with pytest.raises(AltuiError, match="not a number") as caught:
        trained(tmp_path, config, two_labels(tmp_path), broken)
    assert "lower training.learning_rate (now 0.001)" in caught.value.hint


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
    with pytest.raises(AltuiError, match="one crop a step") as caught:
        trained(tmp_path, config, two_labels(tmp_path))
    assert "training.batch to 2" in caught.value.hint


def test_steps_grow_with_the_labels() -> None:
    assert total_steps(Training(steps=100, steps_per_slice=5), 8) == 140
    assert total_steps(Training(steps=100, steps_per_slice=5, max_steps=120), 8) == 120


@pytest.mark.parametrize("crop", [64, 100])
def test_crops_are_reproducible_and_their_masks_fit(tmp_path: Path, crop: int) -> None:
    """Also for slices (72 × 88) smaller than the crop."""
    config = make_project(tmp_path, {"training": {"crop": crop, "brightness": 0.0}})
    labels = two_labels(tmp_path)
    batch = drawn(tmp_path, config, labels, 5)
    again = drawn(tmp_path, config, labels, 5)
    other = drawn(tmp_path, config, labels, 6)
    assert (batch.images == again.images).all()
    assert (batch.masks == again.masks).all()
    assert (batch.images != other.images).any()
    assert batch.images.shape == (4, 1, crop, crop)
    assert batch.images.dtype == np.float32
    # What is added around a small slice is ignored, and only that.
    assert (batch.masks == IGNORED).sum() == 4 * (crop**2 - min(crop, 72) * min(crop, 88))
    # The implant is brighter than the background wherever the crop was turned to.
    means = [batch.images[:, 0][batch.masks == number].mean() for number in range(3)]
    assert means[0] < means[1] < means[2]


def test_a_batch_takes_every_slice_before_one_comes_twice(tmp_path: Path) -> None:
    config = make_project(tmp_path, {"training": {"crop": 72, "batch": 3}})
    masks = [np.full((72, 88), number, np.uint8) for number in range(3)]
    labels = [label(tmp_path, "a", number, masks[number]) for number in range(3)]
    for step in range(5):
        batch = drawn(tmp_path, config, labels, step)
        assert sorted(batch.masks[:, 36, 36].tolist()) == [0, 1, 2]


def test_augmentation_moves_image_and_mask_alike_and_can_be_switched_off() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    mask = np.arange(16, dtype=np.uint8).reshape(4, 4)
    still = Training(flips=False, rotations=False, brightness=0.0)
    seen = set()
    for seed in range(60):
        random = np.random.default_rng(seed)
        moved, moved_mask = augment(image, mask, Training(brightness=0.0), random)
        assert (moved == moved_mask).all()
        seen.add(tuple(moved_mask.ravel().tolist()))
        assert augment(image, mask, still, random)[0] is image
    assert len(seen) == 8  # the symmetries of the square
    lit, _ = augment(image, mask, Training(brightness=0.5), np.random.default_rng(0))
    assert not np.isin(lit, image).all()


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(AltuiError, match=r"cuda:99.*torch finds"):
        computing.choose(Training(device="cuda:99"))
