"""The moving average of weights."""

import torch
from torch import nn

from altui.worker.average import EVERY, Average


def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))


def test_it_is_the_exponential_average_of_what_was_there() -> None:
    live = module()
    average = Average(live, horizon=5 * EVERY)
    weight = live.get_parameter("0.weight")
    expected = torch.zeros_like(weight)
    for update in range(1, 31):
        with torch.no_grad():
            weight.fill_(float(update))
        share = max(1 / 5, 1 / update)
        expected = (1 - share) * expected + share * update
        average.update(update * EVERY - 1)  # in between: nothing
        average.update(update * EVERY)
    own = weight.clone()
    with average.shown():
        assert torch.allclose(weight, expected)
        assert not torch.allclose(weight, own)
    assert torch.equal(weight, own)


def test_the_batch_statistics_fit_the_averaged_weights() -> None:
    """Nearly those that the averaged network itself would gather."""
    torch.manual_seed(1)
    live = module()
    optimiser = torch.optim.SGD(live.parameters(), 0.05)
    average = Average(live, horizon=100)
    images = torch.randn(16, 1, 12, 12) * 2 + 1
    target = torch.randn(16, 2, 10, 10)
    for step in range(1, 401):
        loss = (live(images) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():  # weights that wander, as under a high learning rate
            live.get_parameter("0.weight").add_(0.05 * torch.randn(4, 1, 3, 3))
        average.update(step)
    norm = live.get_submodule("1")
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    last = norm.running_mean.clone()
    with average.shown():
        ours = norm.running_mean.clone()
        norm.momentum, norm.num_batches_tracked = None, torch.tensor(0)
        norm.reset_running_stats()
        live(images)
        right = norm.running_mean.clone()
    assert (ours - right).norm() < (last - right).norm() / 2


def test_without_a_horizon_the_weights_are_the_last_ones() -> None:
    live = module()
    average = Average(live, horizon=0)
    assert not average.active
    average.update(EVERY)
    own = live.get_parameter("0.weight").clone()
    with average.shown():
        assert torch.equal(live.get_parameter("0.weight"), own)


def test_it_goes_on_from_its_state() -> None:
    def run(live: nn.Module, average: Average, steps: range) -> None:
        for step in steps:
            with torch.no_grad():
                live.get_parameter("0.weight").fill_(float(step % 7))
            average.update(step)

    whole, first, second = module(), module(), module()
    unbroken = Average(whole, 20)
    run(whole, unbroken, range(1, 60))
    before = Average(first, 20)
    run(first, before, range(1, 30))
    after = Average(second, 20)
    after.restore(before.state())
    run(second, after, range(30, 60))
    with unbroken.shown(), after.shown():
        assert torch.equal(whole.get_parameter("0.weight"), second.get_parameter("0.weight"))
