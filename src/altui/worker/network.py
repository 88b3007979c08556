"""A segmentation-models-pytorch network by name, for one grey channel of any size.

Architectures: U-Net (Ronneberger et al., 2015, arXiv 1505.04597) and the others of
https://smp.readthedocs.io.
"""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import cast

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


class Network(nn.Module):
    """Logits for images of any size.

    `alignment`: input sides are padded to multiples of this; `smallest`: and to this at
    least. The padding reflects the image, and its predictions are cut off again.
    """

    def __init__(self, inner: nn.Module, classes: int) -> None:
        super().__init__()
        self.inner = inner
        self.classes = classes
        stride = getattr(getattr(inner, "encoder", None), "output_stride", None)
        self.alignment = math.lcm(ALIGNMENT, stride if isinstance(stride, int) else 1)
        self.smallest = _smallest_side(inner, self.alignment)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, h, w) or (n, 1, h, w) to logits (n, classes, h, w)."""
        if images.ndim == 3:
            images = images.unsqueeze(1)
        height, width = images.shape[-2:]
        padded = self.pad(images).contiguous(memory_format=torch.channels_last)
        logits = cast(torch.Tensor, self.inner(padded))
        return logits[..., :height, :width]

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
        return Network(_create(model, named, classes), classes), (
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
    return Network(inner, classes), (
        f"encoder weights from {plain(path)} ({adapted.matched} of {adapted.wanted} tensors)"
    )


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
                in_channels=1,
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
def _smallest_side(inner: nn.Module, alignment: int) -> int:
    """The smallest input side that the network takes, found by trying."""
    was_training = inner.training
    inner.eval()
    failure: Exception | None = None
    try:
        for side in SMALLEST_SIDES:
            aligned = -(-side // alignment) * alignment
            try:
                inner(torch.zeros(1, 1, aligned, aligned))
                return aligned
            except (RuntimeError, ValueError, AssertionError) as error:
                failure = error
    finally:
        inner.train(was_training)
    assert failure is not None
    raise AltuiError(
        f"this network takes no grey image: {_short(failure)}",
        "choose another architecture or encoder in [model]",
    ) from failure


def _short(error: Exception) -> str:
    text = plain(" ".join(str(error).split()))
    return text if len(text) <= 300 else f"{text[:300]}…"
