"""Whole slices and tiles."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Model, Training
from altui.errors import AltuiError
from altui.worker import compute as computing
from altui.worker.committee import Assess, Assessment, dropout, polled
from altui.worker.infer import Predictor, tile_axis
from altui.worker.network import Network, build


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(1)
    return build(Model(encoder="resnet18", encoder_weights="none"), 3, Path())[0]


class Alone(torch.nn.Module):
    """Looks at each pixel alone."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Listed(), Last()
        self.segmentation_head = torch.nn.Conv2d(1, 3, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.segmentation_head(images)
        return made


class Listed(torch.nn.Module):
    """An encoder whose only feature is the image."""

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images]


class Last(torch.nn.Module):
    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return features[-1]


def predictor(network: Network, tile: int, assess: Assess | None = None) -> Predictor:
    return Predictor(
        network, computing.choose(Training(device="cpu", precision="float32")), tile, assess
    )


@given(
    length=st.integers(1, 40),
    tile=st.integers(1, 12),
    alignment=st.sampled_from([1, 8, 32]),
)
def test_tiles_cover_every_pixel_with_shares_that_sum_to_one(
    length: int, tile: int, alignment: int
) -> None:
    length, tile = length * alignment, tile * alignment
    total = torch.zeros(length)
    for start, share in tile_axis(length, tile, alignment):
        assert start % alignment == 0
        assert len(share) == min(tile, length)
        assert (share > 0).all()
        total[start : start + len(share)] += share
    assert torch.allclose(total, torch.ones(length), atol=1e-5)


def test_tiles_blend_without_a_trace() -> None:
    """A network that looks at each pixel alone sees no edges: only the blending is left."""
    torch.manual_seed(2)
    alone = Network(Alone(), 3)
    image = torch.randn(1, 1, 370, 480)
    members = dropout(Network(Alone(), 3, dropout=0.5).eval(), 3, seed=0)
    for assess in (
        None,
        polled(members, computing.choose(Training(device="cpu", precision="float32"))),
    ):
        whole = predictor(alone, 512, assess).assess(image)
        tiled = predictor(alone, 128, assess).assess(image)
        assert whole.probabilities.shape == tiled.probabilities.shape == (1, 3, 370, 480)
        assert torch.allclose(whole.probabilities, tiled.probabilities, atol=1e-5)
        assert torch.allclose(whole.embedding, tiled.embedding, atol=1e-2)
        if assess is not None:
            assert whole.disagreement is not None
            assert tiled.disagreement is not None
            assert whole.disagreement.max() > 0.01
            assert torch.allclose(whole.disagreement, tiled.disagreement, atol=1e-5)


def test_tiles_of_a_real_network_are_near_the_whole_slice(network: Network) -> None:
    random = np.random.default_rng(0)
    coarse = random.normal(size=(1, 24, 30)).astype(np.float32)
    image = torch.from_numpy(np.kron(coarse, np.ones((16, 16), np.float32)))[:, None, :370]
    whole = predictor(network, 512).probabilities(image)
    tiled = predictor(network, 256).probabilities(image)
    assert torch.allclose(tiled.sum(1), torch.ones(1, 370, 480), atol=1e-4)
    # Untrained, a U-Net spreads all it sees, and at a tile's edges it sees less.
    difference = (whole - tiled).abs().mean()
    unrelated = (whole - tiled.roll(100, -1)).abs().mean()
    assert difference < unrelated / 3


def test_one_slice_has_the_same_prediction_alone_and_among_others(network: Network) -> None:
    images = torch.randn(5, 1, 50, 60)
    ours = predictor(network, 512)
    together = ours.probabilities(images)
    assert torch.allclose(together[3], ours.probabilities(images[3:4])[0], atol=1e-5)


def test_small_slices_share_a_pass_and_large_ones_do_not(network: Network) -> None:
    ours = predictor(network, 512)
    assert ours.batch_size(128, 128) == 8
    assert ours.batch_size(5000, 5000) == 1


def test_short_memory_leads_to_single_slices_then_to_tiles(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = predictor(network, 512)
    assess = ours._assess

    def short(images: torch.Tensor) -> Assessment:
        if images.shape[0] * images.shape[-1] * images.shape[-2] > 128 * 128:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return assess(images)

    monkeypatch.setattr(ours, "_assess", short)
    images = torch.randn(2, 1, 160, 200)
    assert ours.probabilities(images).shape == (2, 3, 160, 200)
    assert ours.tile <= 128


def test_when_not_even_a_tile_fits_it_says_so(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = predictor(network, 64)

    def never(_: torch.Tensor) -> Assessment:
        raise MemoryError

    monkeypatch.setattr(ours, "_assess", never)
    with pytest.raises(AltuiError, match="memory does not suffice for a tile"):
        ours.probabilities(torch.randn(1, 1, 100, 100))


def test_lanes_keep_the_order_and_give_the_cores_back() -> None:
    compute = computing.choose(Training(device="cpu"))
    cores = torch.get_num_threads()
    shares = set()

    def late_at_first(number: int) -> int:
        shares.add(torch.get_num_threads())
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(compute.side_by_side(late_at_first, range(20))) == list(range(20))
    assert shares == {cores // min(cores, computing.MOST_LANES)}
    assert torch.get_num_threads() == cores
    with pytest.raises(ZeroDivisionError):
        list(compute.side_by_side(lambda number: 1 // number, [1, 0, 1]))
    assert torch.get_num_threads() == cores
