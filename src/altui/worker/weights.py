"""Encoder weights from a file, fitted to grey channels."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from altui.errors import AltuiError
from altui.text import plain

# Under which key training scripts keep the weights beside other things.
NESTED = ("state_dict", "model_state_dict", "model", "encoder")


@dataclass(frozen=True)
class Adapted:
    """Tensors that fit an encoder; `matched` of `wanted` were found."""

    tensors: Mapping[str, torch.Tensor]
    matched: int
    wanted: int


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The named tensors of a torch or safetensors file. Runs no code from it.

    Raises AltuiError.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise AltuiError(
            f"the weights in {plain(path)} cannot be read: {plain(reason)}",
            "it should be a state dict saved by torch.save, or a .safetensors file",
        ) from None
    except Exception as error:  # safetensors has an exception of its own
        raise AltuiError(
            f"the weights in {plain(path)} cannot be read: {plain(error)}",
            "it should be a state dict saved by torch.save, or a .safetensors file",
        ) from None
    tensors = _find_tensors(content)
    if not tensors:
        raise AltuiError(
            f"{plain(path)} holds no named tensors",
            "it should be a state dict saved by torch.save, or a .safetensors file",
        )
    return tensors


def adapt(
    tensors: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], path: Path
) -> Adapted:
    """Of `tensors` those that an encoder wants, whatever prefix they have in the file.

    The encoder may be stored alone, within a network ("encoder."), or wrapped ("module.").
    A first convolution over three channels is summed and shared out over the slices, which
    gives a grey image, or equal neighbours, the response that it had as red, green and blue.
    Raises AltuiError when fewer than half of the wanted tensors are there, or when one has
    another shape.
    """
    # smp keeps timm's own encoders one level down
    plainly = {name: name.removeprefix("model.") for name in wanted}
    prefixes = {
        key.removesuffix(name)
        for key in tensors
        for name in (*wanted, *plainly.values())
        if key == name or key.endswith(f".{name}")
    }

    def found(prefix: str, names: Mapping[str, str]) -> dict[str, torch.Tensor]:
        keys = {name: f"{prefix}{stored}" for name, stored in names.items()}
        return {name: tensors[key] for name, key in keys.items() if key in tensors}

    candidates = [
        found(prefix, names)
        for prefix in sorted(prefixes)
        for names in ({name: name for name in wanted}, plainly)
    ]
    best = max(candidates, key=len, default={})
    if 2 * len(best) < len(wanted):
        raise AltuiError(
            f"{plain(path)}: {len(best)} of the encoder's {len(wanted)} tensors are in it",
            "the weights are of another encoder: set model.encoder to theirs",
        )
    return Adapted(
        {name: _fit(name, value, wanted[name], path) for name, value in best.items()},
        len(best),
        len(wanted),
    )


def _fit(name: str, value: torch.Tensor, target: torch.Tensor, path: Path) -> torch.Tensor:
    if value.ndim == 4 == target.ndim and value.shape[1] == 3:  # the first convolution
        channels = target.shape[1]
        value = (value.sum(dim=1, keepdim=True) / channels).expand(-1, channels, -1, -1)
    if value.shape != target.shape:
        raise AltuiError(
            f"{plain(path)}: {plain(name)} has shape {tuple(value.shape)}, the encoder's has "
            f"{tuple(target.shape)}",
            "the weights are of another encoder: set model.encoder to theirs",
        )
    return value.to(target.dtype)


def _find_tensors(content: Any) -> dict[str, torch.Tensor]:
    if not isinstance(content, Mapping):
        return {}
    tensors = {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if tensors:
        return tensors
    for key in NESTED:
        if key in content:
            return _find_tensors(content[key])
    return {}
