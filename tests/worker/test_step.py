"""Short memory: a batch in parts has the gradient of the whole."""

from pathlib import Path

import pytest
import torch
from torch import nn

from altui.config import Model, Training
from altui.errors import AltuiError
from altui.worker import compute as computing
from altui.worker.loss import segmentation_loss
from altui.worker.network import Network, build
from altui.worker.samples import IGNORED
from altui.worker.step import Stepper


class Small(nn.Module):
    """Runs out of memory with more than `most` images at a time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seen: list[int] = []
        self.encoder = nn.Conv2d(1, 8, 3, padding=1)
        self.decoder = nn.Sequential(nn.ReLU(), nn.Dropout2d(0.3), nn.Conv2d(8, 8, 3, padding=1))
        self.segmentation_head = nn.Conv2d(8, 3, 1)
        for module in (self.encoder, self.decoder):
            module.register_forward_pre_hook(self._check)

    def _check(self, _module: nn.Module, given: tuple[torch.Tensor]) -> None:
        images = given[0]
        if self.training:
            self.seen.append(len(images))
            if len(images) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.segmentation_head(self.decoder(self.encoder(images)))  # type: ignore[no-any-return]


def network(most: int) -> Network:
    torch.manual_seed(5)
    return Network(Small(most), 3).train()


def stepper(net: Network, batch: int, hard_pixels: float = 1.0) -> Stepper:
    def loss_of(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        return segmentation_loss(logits, masks, hard_pixels=hard_pixels)

    compute = computing.choose(Training(device="cpu", precision="float32"))
    return Stepper(net, compute, torch.optim.SGD(net.parameters(), 0.5), loss_of, batch)


def batch_of(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(size)
    images = torch.randn(size, 1, 32, 32, generator=generator)
    masks = torch.randint(0, 3, (size, 32, 32), generator=generator).to(torch.uint8)
    # Unlike parts: a mean over parts is not the mean over the whole.
    masks[: size // 2, 4:] = IGNORED
    masks[size // 2 :, :20] = 0
    return images, masks


@pytest.mark.parametrize("hard_pixels", [1.0, 0.3])
@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_parts_take_the_step_of_the_whole_batch(
    most: int, hard_pixels: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Dice and the hardest pixels, which are no sums over parts, but for dropout, whose
    random numbers depend on the parts."""
    images, masks = batch_of(6)
    whole, parts = network(99), network(most)
    for net in (whole, parts):
        net.drop(False)
    losses = [stepper(net, 6, hard_pixels)(images, masks) for net in (whole, parts)]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-5)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    said = capsys.readouterr().out
    assert f"{3 if most >= 3 else 1} crop" in said
    assert "memory is short" in said


def test_the_batch_stays_halved_and_dropout_drops_alike_twice() -> None:
    images, masks = batch_of(8)
    net = network(2)
    step = stepper(net, 8)
    step(images, masks)
    assert step.together == 2
    inner = net.inner
    assert isinstance(inner, Small)
    inner.seen.clear()
    masked: list[torch.Tensor] = []
    inner.decoder[1].register_forward_hook(lambda _m, _g, made: masked.append(made == 0))
    step(images, masks)
    assert set(inner.seen) == {2}
    without, with_gradient = masked[:4], masked[4:]
    for one, other in zip(without, with_gradient, strict=True):
        assert torch.equal(one, other)


def test_when_one_crop_does_not_fit_it_says_so() -> None:
    images, masks = batch_of(4)
    with pytest.raises(AltuiError, match=r"one crop of 32 × 32 pixels") as caught:
        stepper(network(0), 4)(images, masks)
    assert "training.crop" in caught.value.hint


def test_other_errors_are_not_taken_for_short_memory() -> None:
    images, masks = batch_of(2)
    with pytest.raises(RuntimeError, match="channels"):
        stepper(network(9), 2)(images.expand(-1, 2, -1, -1), masks)


def test_a_real_network_differs_by_its_batch_statistics_only() -> None:
    images, masks = batch_of(4)
    model = Model(encoder="resnet18", encoder_weights="none")
    found = []
    for together in (4, 2):
        torch.manual_seed(0)
        net = build(model, 3, Path())[0].train()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        step = stepper(net, together)
        step(images, masks)
        found.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    assert torch.allclose(found[0], found[1], atol=1e-4)
