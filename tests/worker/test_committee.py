"""Committees: their members, what they disagree on, and what the config asks for."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from altui.config import Augmentation, Config, Model, Training
from altui.worker import compute as computing
from altui.worker.committee import (
    Masks,
    augmentation,
    averaged,
    committee_of,
    dropout,
    ensemble,
    measured_by,
    polled,
)
from altui.worker.network import Network, build
from altui.worker.uncertainty import entropy_of
from altui.worker.views import views_of

CPU = computing.choose(Training(device="cpu", precision="float32"))
SYMMETRIC = Augmentation()


def made(seed: int, share: float = 0.3, architecture: str = "Unet") -> Network:
    torch.manual_seed(seed)
    model = Model(
        architecture=architecture, encoder="resnet18", encoder_weights="none", dropout=share
    )
    return build(model, 3, Path())[0].eval()


@pytest.fixture(scope="module")
def network() -> Network:
    return made(1)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(2, 1, 64, 96, generator=torch.Generator().manual_seed(0))


def config(**tables: object) -> Config:
    return Config.model_validate(
        {
            "project": {"name": "x"},
            "classes": {"names": ["a", "b", "c"]},
            "samples": [
                {"name": "a", "split": "train", "images": "a.tif"},
                {"name": "t", "split": "test", "images": "t.tif", "masks": "m.tif"},
            ],
            **tables,
        }
    )


@given(st.booleans(), st.sampled_from(["any", "quarter", "none"]))
def test_views_are_distinct_symmetries_and_lead_back(flips: bool, rotations: str) -> None:
    settings = Augmentation.model_validate({"flips": flips, "rotations": rotations})
    views = views_of(settings)
    assert len(views) == (4 if flips else 1) if rotations == "none" else (8 if flips else 4)
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert (views[0].there(image) == image).all()
    seen = {tuple(view.there(image).flatten().tolist()) for view in views}
    assert len(seen) == len(views)
    for view in views:
        assert (view.back(view.there(image)) == image).all()
        assert flips or not view.mirrored
    if rotations == "none":
        assert all(view.there(image).shape == image.shape for view in views)


def test_a_committee_s_disagreement_is_the_mutual_information(
    network: Network, images: torch.Tensor
) -> None:
    members = [made(seed) for seed in (2, 3, 4)]
    found = polled(ensemble(members), CPU)(images)
    with torch.inference_mode():
        each = torch.stack([member(images).softmax(1) for member in members]).double()
    mean = each.mean(0)
    assert torch.allclose(found.probabilities.double(), mean, atol=1e-5)
    wanted = entropy_of(mean) - torch.stack([entropy_of(one) for one in each]).mean(0)
    assert found.disagreement is not None
    assert wanted.max() > 0.05
    assert torch.allclose(found.disagreement.double(), wanted, atol=1e-5)
    assert found.embedding.shape == (2, 512)


def test_one_network_alone_disagrees_with_nobody(network: Network, images: torch.Tensor) -> None:
    found = polled(ensemble([network]), CPU)(images)
    assert found.disagreement is None
    with torch.inference_mode():
        assert torch.allclose(found.probabilities, network(images).softmax(1), atol=1e-6)


def test_members_by_dropout_differ_and_stay_the_same(
    network: Network, images: torch.Tensor
) -> None:
    with torch.inference_mode():
        first = [logits for logits, _ in dropout(network, 3, seed=5)(images)]
        # Another object, another slice first: as in a job that goes on after a kill.
        again = dropout(network, 3, seed=5)
        _ = list(again(images[:, :, :32]))
        second = [logits for logits, _ in again(images)]
        other = [logits for logits, _ in dropout(network, 3, seed=6)(images)]
        plain = network(images)
    for one, two, three in zip(first, second, other, strict=True):
        assert torch.equal(one, two)
        assert not torch.allclose(one, three, atol=1e-3)
        assert not torch.allclose(one, plain, atol=1e-3)
    assert not torch.allclose(first[0], first[1], atol=1e-3)
    with torch.inference_mode():
        assert torch.equal(network(images), plain)  # no trace of the masks is left


def test_the_encoder_runs_once_for_all_members_by_dropout(
    network: Network, images: torch.Tensor
) -> None:
    runs: list[int] = []
    encoder = network.inner.encoder
    assert isinstance(encoder, torch.nn.Module)
    hook = encoder.register_forward_hook(lambda *_: runs.append(1))
    polled(dropout(network, 4, seed=0), CPU)(images)
    hook.remove()
    assert len(runs) == 1


@pytest.mark.parametrize("architecture", ["Unet", "UnetPlusPlus", "Linknet", "FPN", "Segformer"])
def test_what_members_share_is_the_same_for_each(architecture: str, images: torch.Tensor) -> None:
    network = made(1, architecture=architecture)
    masks = Masks(network, 7)
    with torch.inference_mode():
        shared = [logits for logits, _ in dropout(network, 2, 7)(images)]
        for member, logits in enumerate(shared):
            with masks.of(member):
                assert torch.equal(logits, network(images))
    assert not torch.allclose(shared[0], shared[1], atol=1e-3)


def test_the_mean_over_views_turns_with_the_slice(network: Network, images: torch.Tensor) -> None:
    views = views_of(SYMMETRIC)
    committee = polled(augmentation(network, views), CPU)
    for assess in (committee, averaged(polled(ensemble([network]), CPU), views)):
        upright, turned = assess(images), assess(views[3].there(images))
        back = views[3].back(turned.probabilities)
        assert torch.allclose(upright.probabilities, back, atol=1e-4)
        assert upright.probabilities.sum(1).mean().item() == pytest.approx(1, abs=1e-5)
        if assess is committee:
            assert upright.disagreement is not None
            assert upright.disagreement.mean() > 1e-4
        else:
            assert upright.disagreement is None


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("committee", ["none", "dropout", "augmentation", "ensemble"])
def test_the_config_chooses_the_committee(
    committee: str, again: bool, network: Network, images: torch.Tensor
) -> None:
    wish = config(
        model={"dropout": 0.3},
        scoring={"committee": committee, "members": 2, "test_time_augmentation": again},
    )
    found = committee_of(wish, [network, made(2)], CPU)(images)
    assert (found.disagreement is None) == (committee == "none")
    evaluated = measured_by(wish, [network], CPU)(images)
    assert evaluated.disagreement is None
    if committee == "ensemble":  # what is used in the end is what is measured
        both = measured_by(wish, [network, made(2)], CPU)(images)
        assert torch.allclose(both.probabilities, found.probabilities, atol=1e-6)
    with torch.inference_mode():
        alone = network(images).softmax(1)
    assert torch.allclose(evaluated.probabilities, alone, atol=1e-6) != again


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"scoring": {"committee": "dropout"}}, r"set \[model\] dropout"),
        (
            {
                "scoring": {"committee": "augmentation"},
                "augmentation": {"flips": False, "rotations": "none"},
            },
            "allows only one",
        ),
        (
            {
                "scoring": {"test_time_augmentation": True},
                "augmentation": {"flips": False, "rotations": "none"},
            },
            "allows only one",
        ),
    ],
)
def test_a_committee_that_could_not_disagree_is_refused(
    tables: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        config(**tables)
