"""What a network, or a committee of them, makes of some images.

A committee's members predict the same images, each in its own way: with other parts of the
decoder left out (Monte-Carlo dropout: Gal and Ghahramani, 2016, arXiv 1506.02142), of another
view of the slice (test-time augmentation: Wang et al., 2019, arXiv 1807.07356), or as networks
trained from other seeds (ensembles: Beluch et al., CVPR 2018).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from altui.config import Config
from altui.worker.compute import Compute
from altui.worker.network import Network
from altui.worker.uncertainty import entropy_of
from altui.worker.views import View, views_of


@dataclass(frozen=True)
class Assessment:
    """Of n images, float32 on the device.

    `probabilities`: (n, classes, h, w), the mean over the members. `disagreement`: (n, h, w)
    in 0..1, the mutual information of prediction and member over log classes (BALD: Houlsby et
    al., 2011, arXiv 1112.5745); None without a committee. `embedding`: (n, d), the encoder's
    deepest features, averaged over the slice.
    """

    probabilities: torch.Tensor
    disagreement: torch.Tensor | None
    embedding: torch.Tensor


Assess = Callable[[torch.Tensor], Assessment]  # of (n, c, h, w) images on the device
Opinion = tuple[torch.Tensor, torch.Tensor]  # one member's logits and embedding
Members = Callable[[torch.Tensor], Iterator[Opinion]]


def committee_of(config: Config, networks: Sequence[Network], compute: Compute) -> Assess:
    """How the config wants the pool assessed, for `Predictor`."""
    scoring, views, first = config.scoring, views_of(config.augmentation), networks[0]
    match scoring.committee:
        case "none":
            members = ensemble([first])
        case "dropout":
            members = dropout(first, scoring.members, config.training.seed)
        case "augmentation":
            return polled(augmentation(first, views), compute)
        case "ensemble":
            members = ensemble(networks)
    assess = polled(members, compute)
    return averaged(assess, views) if scoring.test_time_augmentation else assess


def measured_by(config: Config, networks: Sequence[Network], compute: Compute) -> Assess:
    """How the config wants the evaluation's slices predicted: by what is used in the end, all
    the networks there are; dropout and views, which only ask one of them again, are left out.
    """
    assess = polled(ensemble(networks), compute)
    if config.scoring.test_time_augmentation:
        return averaged(assess, views_of(config.augmentation))
    return assess


def passes(config: Config) -> int:
    """How many predictions the pool's slices get, to tell how long it takes."""
    scoring, views = config.scoring, len(config.augmentation.symmetries)
    members = {"none": 1, "augmentation": views}.get(scoring.committee, scoring.members)
    again = scoring.test_time_augmentation and scoring.committee != "augmentation"
    return members * views if again else members


def polled(members: Members, compute: Compute) -> Assess:
    """The members' mean and how far they disagree; no two of them are kept at a time."""

    @torch.inference_mode()
    def assess(images: torch.Tensor) -> Assessment:
        count = 0
        with compute.autocast():
            for logits, features in members(images):
                # Classes one behind the other: what follows goes class by class.
                probabilities = torch.softmax(logits.float().contiguous(), dim=1)
                count += 1
                if count == 1:
                    mean, embedding = probabilities, features.float()
                    continue
                if count == 2:
                    doubt = entropy_of(mean)
                doubt += entropy_of(probabilities)
                mean += probabilities
        if count == 1:
            return Assessment(mean, None, embedding)
        mean /= count
        # Rounding may bring it below zero.
        disagreement = (entropy_of(mean) - doubt / count).clamp_(0, 1)
        return Assessment(mean, disagreement, embedding)

    return assess


def averaged(assess: Assess, views: Sequence[View]) -> Assess:
    """The mean over the views of a slice: test-time augmentation."""

    def over_views(images: torch.Tensor) -> Assessment:
        found = [
            Assessment(
                view.back(one.probabilities),
                None if one.disagreement is None else view.back(one.disagreement),
                one.embedding,
            )
            for view in views
            for one in [assess(view.there(images))]
        ]
        return weighted(found, [1 / len(views)] * len(views))

    return over_views


def weighted(found: Sequence[Assessment], shares: Sequence[float]) -> Assessment:
    """The sum of assessments of the same images, each with its share."""
    pairs = list(zip(found, shares, strict=True))
    doubts = [one.disagreement * share for one, share in pairs if one.disagreement is not None]
    return Assessment(
        torch.stack([one.probabilities * share for one, share in pairs]).sum(0),
        torch.stack(doubts).sum(0) if doubts else None,
        torch.stack([one.embedding * share for one, share in pairs]).sum(0),
    )


def ensemble(networks: Sequence[Network]) -> Members:
    """Each network on its own; the first one's embedding counts."""

    def members(images: torch.Tensor) -> Iterator[Opinion]:
        for network in networks:
            encoded = network.encode(images)
            yield network.decode(encoded), pooled(encoded.features[-1])

    return members


def augmentation(network: Network, views: Sequence[View]) -> Members:
    """One network's predictions for each view, turned back."""

    def members(images: torch.Tensor) -> Iterator[Opinion]:
        for view in views:
            encoded = network.encode(view.there(images))
            yield view.back(network.decode(encoded)), pooled(encoded.features[-1])

    return members


def dropout(network: Network, count: int, seed: int) -> Members:
    """One network's encoder once, then its decoder with each member's channels left out.

    What the decoder does before the first dropout is done once too.
    """
    masks = Masks(network, seed)
    blocks = getattr(network.inner.decoder, "blocks", nn.ModuleList())
    before = Once(next(iter(blocks.children()), nn.Identity()))

    def members(images: torch.Tensor) -> Iterator[Opinion]:
        encoded = network.encode(images)
        embedding = pooled(encoded.features[-1])
        with before.shared():
            for member in range(count):
                with masks.of(member):
                    logits = network.decode(encoded)
                yield logits, embedding

    return members


def pooled(features: torch.Tensor) -> torch.Tensor:
    """(n, d, h, w) to (n, d)."""
    return features.mean((2, 3), dtype=torch.float32)


class Once:
    """A module's forward pass, which a thread can ask to be computed once only."""

    def __init__(self, module: nn.Module) -> None:
        self._forward = module.forward
        self._thread = threading.local()
        module.forward = self  # its hooks are still called

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Within, in this thread, the first call computes, and the others return the same."""
        self._thread.made = []
        try:
            yield
        finally:
            del self._thread.made

    def __call__(self, *given: Any, **named: Any) -> Any:
        made: list[Any] | None = getattr(self._thread, "made", None)
        if made is None:
            return self._forward(*given, **named)
        if not made:
            made.append(self._forward(*given, **named))
        return made[0]


class Masks:
    """Which channels each member of a dropout committee does without.

    Drawn from the seed, the member and the place in the decoder: a member is the same for
    every slice and tile, and in a job that goes on after a kill. Whole channels go, so that
    the masks suit slices of any size.
    """

    def __init__(self, network: Network, seed: int) -> None:
        decoder = network.inner.decoder
        assert isinstance(decoder, nn.Module)
        self.seed = seed
        self._modules = [
            module
            for module in (network.dropout, *decoder.modules())
            if isinstance(module, nn.Dropout | nn.Dropout2d) and module.p
        ]
        for module in self._modules:
            module.register_forward_hook(self._apply)
        self._drawn: dict[tuple[int, int], torch.Tensor] = {}
        self._thread = threading.local()  # whose member it asks, and how far in the decoder it is

    @contextmanager
    def of(self, member: int) -> Iterator[None]:
        """Within, in this thread, the network's decoder is that of a member."""
        self._thread.member, self._thread.place = member, 0
        try:
            yield
        finally:
            del self._thread.member

    def _apply(
        self, module: nn.Module, given: tuple[torch.Tensor], made: torch.Tensor
    ) -> torch.Tensor:
        member: int | None = getattr(self._thread, "member", None)
        if member is None:
            return made
        place: int = self._thread.place
        self._thread.place = place + 1
        mask = self._drawn.get((member, place))
        if mask is None:
            mask = self._draw(member, place, made.shape[1], float(str(module.p)))
            mask = self._drawn[member, place] = mask.to(made.device)
        return made * mask.to(made.dtype)

    def _draw(self, member: int, place: int, channels: int, share: float) -> torch.Tensor:
        """(1, channels, 1, 1), as torch's own dropout scales it."""
        generator = torch.Generator().manual_seed((self.seed << 20) + (member << 8) + place)
        kept = torch.rand(1, channels, 1, 1, generator=generator) >= share
        return kept / (1 - share)
