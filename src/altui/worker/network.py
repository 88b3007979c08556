"""A segmentation-models-pytorch network by name, for grey channels of any size.

Architectures: U-Net (Ronneberger et al., 2015, arXiv 1505.04597) and the others of
https://smp.readthedocs.io.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import segmentation_models_pytorch as smp  # type: ignore[import-untyped]
import timm
import torch
from torch import nn

from altui.config import Model
from altui.errors import AltuiError
from altui.text import did_you_mean, listing, plain
from altui.worker.weights import Adapted, adapt, load_tensors

SMP_VERSION = str(smp.__version__)
ALIGNMENT = 32  # what every smp encoder of depth 5 divides
SMALLEST_SIDES = (32, 64, 128, 256)  # tried in turn: PAN pools 8 × 8 at a sixteenth


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of (n, c, height, width) images, and what the decoder takes.

    `features`: from fine to coarse, each (n, channels, h / stride, w / stride) of the padded
    images. `decoded_from`: the decoder's arguments.
    """

    features: Sequence[torch.Tensor]
    decoded_from: tuple[Any, ...]
    height: int
    width: int


class Network(nn.Module):
    """Logits for images of any size; `inner` is an encoder, a decoder and a head.

    `alignment`: input sides are padded to multiples of this; `smallest`: and to this at
    least. The padding reflects the image, and its predictions are cut off again.

    `dropout`: the share of channels that are left out after each of the decoder's blocks
    (where it has `blocks`) and before the head. It adds no weights.
    """

    def __init__(
        self, inner: nn.Module, classes: int, channels: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.inner = inner
        self.classes = classes
        self.channels = channels
        stride = getattr(inner.encoder, "output_stride", None)
        self.alignment = math.lcm(ALIGNMENT, stride if isinstance(stride, int) else 1)
        self.smallest = _smallest_side(inner, self.alignment, channels)
        self.dropout = nn.Dropout2d(dropout)
        if dropout:
            self._drop_between_blocks()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) to logits (n, classes, h, w)."""
        return self.decode(self.encode(images))

    def encode(self, images: torch.Tensor) -> Encoded:
        """(n, c, h, w): the part of `forward` that dropout leaves alone."""
        padded = self.pad(images).contiguous(memory_format=torch.channels_last)
        found = cast(nn.Module, self.inner.encoder)(padded)
        # a plain vision transformer's encoder returns prefix tokens too, as a tuple
        arguments = found if isinstance(found, tuple) else (found,)
        return Encoded(arguments[0], arguments, *images.shape[-2:])

    def decode(self, encoded: Encoded) -> torch.Tensor:
        """Logits (n, classes, h, w) of the images' own size."""
        decoded = cast(nn.Module, self.inner.decoder)(*encoded.decoded_from)
        logits = cast(nn.Module, self.inner.segmentation_head)(decoded)
        return cast(torch.Tensor, logits)[..., : encoded.height, : encoded.width]

    def drop(self, active: bool) -> None:
        """Switch dropout alone on or off, for committees: all else stays as it is.

        Some decoders (FPN, PSPNet, Segformer) have dropout of their own, which counts too.
        """
        decoder = cast(nn.Module, self.inner.decoder)
        for module in (self.dropout, *decoder.modules()):
            if isinstance(module, nn.Dropout | nn.Dropout2d):
                module.train(active)

    def _drop_between_blocks(self) -> None:
        # By hooks: the modules, and so the names in a checkpoint, stay those of the library.
        blocks = getattr(self.inner.decoder, "blocks", nn.ModuleList())
        for block in list(blocks.children())[:-1]:
            block.register_forward_hook(lambda _module, _given, made: self.dropout(made))
        head = cast(nn.Module, self.inner.segmentation_head)
        head.register_forward_pre_hook(lambda _module, given: (self.dropout(given[0]),))

    def padded_side(self, length: int) -> int:
        """The side that an input of `length` pixels gets."""
        return max(-(-length // self.alignment) * self.alignment, self.smallest)

    def pad(self, images: torch.Tensor) -> torch.Tensor:
        """(…, h, w) reflected at the lower and right edge to sides that the network takes."""
        for axis in (-2, -1):
            length = images.shape[axis]
            more = self.padded_side(length) - length
            if more:
                # numpy reflects as often as it takes; torch's reflection stops at one length
                order = np.pad(np.arange(length), (0, more), mode="reflect")
                images = images.index_select(axis, torch.from_numpy(order).to(images.device))
        return images


def build(model: Model, classes: int, project: Path) -> tuple[Network, str]:
    """The network as configured, and what its first weights are, in words.

    Seed torch before. Raises AltuiError for unknown names and for weights that are not
    there or do not fit.
    """
    check_names(model)
    choice = model.encoder_weights
    if choice == "none" or choice in _known_weights(model.encoder):
        named = None if choice == "none" else choice
        return _network(model, _create(model, named, classes), classes), (
            "random weights" if named is None else f"weights {choice}"
        )
    path = project / choice
    if not path.is_file():
        raise AltuiError(
            f'model.encoder_weights = "{plain(choice)}": no such file, and {model.encoder} has no '
            "weights of that name",
            f"known names: {listing(['none', *sorted(_known_weights(model.encoder))])}",
        )
    inner = _create(model, None, classes)
    adapted = _load_encoder(inner, path)
    return _network(model, inner, classes), (
        f"encoder weights from {plain(path)} ({adapted.matched} of {adapted.wanted} tensors)"
    )


def channels_of(model: Model) -> int:
    """Slices that the network sees at once: a slice and its neighbours on each side."""
    return 1 + 2 * model.context_slices


def check_names(model: Model) -> None:
    """Raises AltuiError with the nearest known name."""
    architectures = [kind.__name__ for kind in smp.MODEL_ARCHITECTURES_MAPPING.values()]
    if model.architecture.lower() not in smp.MODEL_ARCHITECTURES_MAPPING:
        raise AltuiError(
            f'model.architecture = "{plain(model.architecture)}" is not known'
            f"{did_you_mean(model.architecture, architectures)}",
            f"one of {listing(architectures, shown=20)}",
        )
    known = smp.encoders.get_encoder_names()
    if model.encoder.startswith("tu-"):
        if timm.is_model(model.encoder.removeprefix("tu-")):
            return
        known = [f"tu-{name}" for name in timm.list_models()]
    if model.encoder not in known:
        raise AltuiError(
            f'model.encoder = "{plain(model.encoder)}" is not known'
            f"{did_you_mean(model.encoder, known)}",
            "any encoder of segmentation-models-pytorch, such as "
            f"{listing(known[:5])}, or any of timm's after tu-",
        )


def _network(model: Model, inner: nn.Module, classes: int) -> Network:
    return Network(inner, classes, channels_of(model), model.dropout)


def _known_weights(encoder: str) -> set[str]:
    if encoder.startswith("tu-"):
        return {"imagenet"}
    return {"imagenet", *smp.encoders.encoders[encoder]["pretrained_settings"]}


def _create(model: Model, weights: str | None, classes: int) -> nn.Module:
    # A plain vision transformer takes one input size only, unless told otherwise.
    options: Mapping[str, object] = (
        {"dynamic_img_size": True} if model.architecture.lower() == "dpt" else {}
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations of the libraries, for developers
            network = smp.create_model(
                model.architecture,
                encoder_name=model.encoder,
                encoder_weights=weights,
                in_channels=channels_of(model),
                classes=classes,
                **options,
            )
    except Exception as error:
        if weights is not None:
            raise AltuiError(
                f'the "{weights}" weights of {model.encoder} could not be loaded: {_short(error)}',
                "they are downloaded once from huggingface.co. Without a network, fetch the "
                "encoder's weight file elsewhere and set model.encoder_weights to its path, or "
                'to "none" to start from random weights',
            ) from error
        raise AltuiError(
            f"{model.architecture} cannot be built with encoder {model.encoder}: {_short(error)}",
            "choose another architecture or encoder in [model]",
        ) from error
    return cast(nn.Module, network)


def _load_encoder(inner: nn.Module, path: Path) -> Adapted:
    encoder = cast(nn.Module, inner.encoder)
    wanted = {
        name: tensor
        for name, tensor in encoder.state_dict().items()
        if not name.endswith("num_batches_tracked")  # a counter, not a weight
    }
    adapted = adapt(load_tensors(path), wanted, path)
    encoder.load_state_dict(adapted.tensors, strict=False)
    return adapted


@torch.no_grad()
def _smallest_side(inner: nn.Module, alignment: int, channels: int) -> int:
    """The smallest input side that the network takes, found by trying."""
    was_training = inner.training
    inner.eval()
    failure: Exception | None = None
    try:
        for side in SMALLEST_SIDES:
            aligned = -(-side // alignment) * alignment
            try:
                inner(torch.zeros(1, channels, aligned, aligned))
                return aligned
            except (RuntimeError, ValueError, AssertionError) as error:
                failure = error
    finally:
        inner.train(was_training)
    assert failure is not None
    raise AltuiError(
        f"this network takes no grey images: {_short(failure)}",
        "choose another architecture or encoder in [model]",
    ) from failure


def _short(error: Exception) -> str:
    text = plain(" ".join(str(error).split()))
    return text if len(text) <= 300 else f"{text[:300]}…"
