"""Validation picks the checkpoint, and only validation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from altui.config import Training
from altui.metrics import mean_iou
from altui.worker import compute as computing
from altui.worker.average import EVERY, Average
from altui.worker.network import Network
from altui.worker.samples import OpenSample, of_split, open_samples
from altui.worker.validate import MOST_SLICES, Checkpoints, spread

from .made import IGNORE, make_project


class Encoder(nn.Module):
    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images]


class Decoder(nn.Module):
    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return features[-1]


class Constant(nn.Module):
    """Predicts everywhere the class with the largest weight."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.segmentation_head = nn.Conv2d(1, 3, 1)
        nn.init.zeros_(self.segmentation_head.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.segmentation_head(images)  # type: ignore[no-any-return]

    def say(self, class_id: int, weight: float = 1.0) -> None:
        with torch.no_grad():
            assert self.segmentation_head.bias is not None
            self.segmentation_head.bias.copy_(weight * torch.eye(3)[class_id])


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[dict[str, OpenSample]]:
    config = make_project(tmp_path)
    with open_samples(tmp_path, config) as opened:
        yield opened


def checkpoints(
    samples: list[OpenSample], steps: int = 8, horizon: float = 0, **settings: Any
) -> tuple[Constant, Checkpoints]:
    inner = Constant()
    network = Network(inner, 3).train()
    training = Training(device="cpu", precision="float32", crop=64, **settings)
    average = Average(inner, horizon)
    compute = computing.choose(training)
    return inner, Checkpoints(network, average, compute, training, samples, steps)


def said_class(inner: Constant) -> int:
    return int(inner.get_parameter("segmentation_head.bias").argmax())


def test_the_best_look_is_taken_and_the_network_is_left_as_it_was(
    samples: dict[str, OpenSample], capsys: pytest.CaptureFixture[str]
) -> None:
    """Background is most of each slice, so saying it everywhere does best."""
    inner, kept = checkpoints(of_split(samples, "validation"), validations=3, steps=9)
    assert kept.at == {3, 6, 9}
    for step, class_id in enumerate([2, 2, 1, 0, 0, 0, 1, 1, 2], start=1):
        inner.say(class_id)
        kept.look(step)
        assert said_class(inner) == class_id
        assert kept.network.training
    kept.take()
    assert said_class(inner) == 0
    said = capsys.readouterr().out
    assert said.count(": mIoU ") == 3
    assert "taken: the weights of step 6 of 9" in said


def test_the_figure_is_the_mean_iou_of_those_slices(
    tmp_path: Path, samples: dict[str, OpenSample], capsys: pytest.CaptureFixture[str]
) -> None:
    inner, kept = checkpoints(of_split(samples, "validation"), validations=1, steps=4)
    assert all(sample.name == "v" for sample, _ in kept.slices)
    inner.say(1)
    kept.look(4)
    masks = tifffile.imread(tmp_path / "v-mask.tif")[[index for _, index in kept.slices]]
    matrix = np.zeros((3, 3), np.int64)
    matrix[:, 1] = np.bincount(masks.ravel(), minlength=3)
    expected = mean_iou(matrix)
    assert expected is not None
    assert f"mIoU {expected:.4f} on {len(kept.slices)} validation slices" in capsys.readouterr().out


def test_of_a_draw_the_longer_training_is_taken(samples: dict[str, OpenSample]) -> None:
    inner, kept = checkpoints(of_split(samples, "validation"), validations=4, steps=4)
    for step in range(1, 5):
        inner.say(0 if step < 4 else 1, weight=step)
        kept.look(step)
    kept.take()
    assert inner.get_parameter("segmentation_head.bias").tolist() == [3, 0, 0]


@pytest.mark.parametrize("validations", [0, 3])
def test_without_validation_the_last_weights_are_taken(
    samples: dict[str, OpenSample], validations: int, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if validations else of_split(samples, "validation")
    inner, kept = checkpoints(given, validations=validations)
    assert not kept.at
    for step in range(1, 9):
        inner.say(step % 3, weight=step)
        kept.look(step)
    kept.take()
    assert inner.get_parameter("segmentation_head.bias").tolist() == [0, 0, 8]
    assert "none was compared on validation slices" in capsys.readouterr().out


def test_slices_without_a_labelled_pixel_choose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_project(tmp_path)
    masks = np.full((6, 72, 88), IGNORE, np.uint8)
    tifffile.imwrite(tmp_path / "v-mask.tif", masks, photometric="minisblack")
    with open_samples(tmp_path, config) as samples:
        inner, kept = checkpoints(of_split(samples, "validation"), validations=2)
        for step in range(1, 9):
            inner.say(step % 3)
            kept.look(step)
        assert kept.network.training
        kept.take()
    assert said_class(inner) == 8 % 3
    assert "none was compared on validation slices" in capsys.readouterr().out


def test_what_is_measured_and_taken_are_the_averaged_weights(
    samples: dict[str, OpenSample],
) -> None:
    steps = 4 * EVERY
    inner, kept = checkpoints(
        of_split(samples, "validation"), validations=1, steps=steps, horizon=100 * EVERY
    )
    for step in range(1, steps + 1):
        inner.say(0 if step < steps else 2)  # the last weights alone would say 2 everywhere
        kept.average.update(step)
        kept.look(step)
    assert said_class(inner) == 2
    kept.take()
    assert said_class(inner) == 0
    assert inner.get_parameter("segmentation_head.bias").tolist() == [0.75, 0, 0.25]


def test_the_best_so_far_survives_in_its_state(samples: dict[str, OpenSample]) -> None:
    validation = of_split(samples, "validation")
    inner, kept = checkpoints(validation, validations=2)
    inner.say(0)
    kept.look(4)
    other, again = checkpoints(validation, validations=2)
    again.restore(kept.state())
    other.say(1)
    again.look(8)
    again.take()
    assert said_class(other) == 0


@given(st.integers(1, 40), st.integers(1, 60))
def test_looks_are_spread_over_the_training_and_end_with_it(validations: int, steps: int) -> None:
    sample = _Stack("v", 3)
    _, kept = checkpoints([sample], steps=steps, validations=validations)  # type: ignore[list-item]
    assert max(kept.at) == steps
    assert len(kept.at) == min(validations, steps)
    assert 1 <= len(kept.slices) <= min(MOST_SLICES, 3)
    gaps = np.diff([0, *sorted(kept.at)])
    assert gaps.max() - gaps.min() <= 1


class _Stack:
    """As much of a sample as choosing its slices asks for."""

    def __init__(self, name: str, slices: int) -> None:
        self.name = name
        self.images = self
        self.slices = slices
        self.pixels = slices * 64


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 200))
def test_slices_are_different_and_evenly_spread(lengths: list[int], wanted: int) -> None:
    stacks = [_Stack(str(number), length) for number, length in enumerate(lengths)]
    chosen = spread(stacks, wanted)  # type: ignore[arg-type]
    every = [(sample, index) for sample in stacks for index in range(sample.slices)]
    places = [every.index(one) for one in chosen]  # type: ignore[arg-type]
    assert len(places) == min(wanted, len(every))
    gaps = np.diff(places)
    assert (gaps > 0).all()
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
