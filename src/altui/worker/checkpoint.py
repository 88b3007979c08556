"""`model.pt`: a trained network and what is needed to use it again."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from altui.config import Model
from altui.errors import AltuiError
from altui.files import write_bytes
from altui.text import plain
from altui.worker.network import Network, build

FORMAT = 1


def save_network(
    path: Path,
    network: Network,
    model: Model,
    classes: Sequence[str],
    normalisation: Mapping[str, Mapping[str, float]],
    key: str = "",
    loss: float = 0.0,
) -> None:
    """Write a checkpoint whole or not at all; `normalisation` by sample name. Raises OSError.

    `key`: of the training that made it, which ended with `loss`.
    """
    content = {
        "format": FORMAT,
        "architecture": model.architecture,
        "encoder": model.encoder,
        "context_slices": model.context_slices,
        "dropout": model.dropout,
        "classes": list(classes),
        "normalisation": {name: dict(values) for name, values in normalisation.items()},
        "key": key,
        "loss": loss,
        "state_dict": {
            name: tensor.detach().cpu() for name, tensor in network.inner.state_dict().items()
        },
    }
    # By way of memory: writing straight to a full disk, torch dies in words of its own.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """The network on the CPU in evaluation mode, and the rest of the checkpoint.

    Runs no code from the file. Raises AltuiError.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        state = content.pop("state_dict")
        model = Model(
            architecture=content["architecture"],
            encoder=content["encoder"],
            encoder_weights="none",
            context_slices=content.get("context_slices", 0),
            dropout=content.get("dropout", 0.0),
        )
        network, _ = build(model, len(content["classes"]), path.parent)
        network.inner.load_state_dict(state)
    except AltuiError:
        raise
    except Exception as error:
        raise AltuiError(
            f"the network in {plain(path)} cannot be loaded: "
            f"{plain((str(error).splitlines() or [''])[0])}",
            "run the round's job again to train it anew",
        ) from error
    return network.eval(), content
