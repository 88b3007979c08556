"""The loss against its definition, and each of its options."""

import numpy as np
import pytest
import torch

from altui.config import Training
from altui.worker.loss import balanced, loss_for, segmentation_loss
from altui.worker.samples import IGNORED


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


def some(seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 6, 5, generator=generator)
    masks = torch.randint(0, 3, (2, 6, 5), generator=generator).to(torch.uint8)
    masks[0, :2] = IGNORED
    return logits, masks


def entropies_of(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Of each labelled pixel."""
    p = torch.softmax(logits, 1).movedim(1, -1)[masks != IGNORED]
    truth = masks[masks != IGNORED].long()
    return -p[range(len(truth)), truth].log()


def test_only_the_hardest_pixels_count() -> None:
    logits, masks = some()
    hardest = entropies_of(logits, masks).sort(descending=True).values[:15]  # of 60 pixels
    found = segmentation_loss(logits, masks, dice=0, hard_pixels=0.25)
    assert found.item() == pytest.approx(hardest.mean().item(), abs=1e-6)


def test_the_hardest_pixels_are_labelled_ones_only() -> None:
    logits, masks = some()
    masks[1] = IGNORED
    masks[0, 2:] = IGNORED
    masks[1, 0, :2] = 1
    found = segmentation_loss(logits, masks, dice=0, hard_pixels=0.9)
    expected = entropies_of(logits, masks).mean()
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_dice_is_weighed_and_can_be_left_out() -> None:
    logits, masks = some()
    alone = segmentation_loss(logits, masks, dice=0).item()
    assert alone == pytest.approx(entropies_of(logits, masks).mean().item(), abs=1e-6)
    once, twice = (segmentation_loss(logits, masks, dice=d).item() for d in (1, 2))
    assert twice - once == pytest.approx(once - alone, abs=1e-6)
    assert once > alone


def test_balanced_weights_rise_with_rarity_and_are_one_in_the_mean() -> None:
    pixels = np.array([900, 100, 0])
    weights = balanced(pixels)
    assert weights[1] == pytest.approx(3 * weights[0])
    assert weights[2] == 0
    assert (pixels * weights).sum() / pixels.sum() == pytest.approx(1)
    assert np.isfinite(balanced(np.zeros(3, np.int64))).all()


def test_the_config_chooses_the_loss() -> None:
    logits, masks = some()
    pixels = np.array([900, 90, 10])
    settings = Training(class_weights="balanced", dice=0.0)
    weights = torch.from_numpy(balanced(pixels))[masks[masks != IGNORED].long()]
    expected = (entropies_of(logits, masks) * weights).mean()
    found = loss_for(settings, pixels)(logits, masks)
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)
    plain = loss_for(Training(dice=1.0, hard_pixels=1.0, class_weights="none"), pixels)
    assert plain(logits, masks).item() == segmentation_loss(logits, masks).item()


def test_what_the_network_says_of_ignored_pixels_does_not_matter() -> None:
    logits, masks = some()
    other = torch.where(masks[:, None] == IGNORED, 9.0, logits)
    for hard_pixels in (1.0, 0.2):
        found = [
            segmentation_loss(x, masks, hard_pixels=hard_pixels).item() for x in (logits, other)
        ]
        assert found[0] == pytest.approx(found[1], abs=1e-6)
