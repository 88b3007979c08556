"""`python -m altui.worker.machine MODEL_JSON FOLDER`: what `altui check` asks of a machine.

Prints one JSON document, so that torch stays out of the process that asks.
"""

import json
import sys
from pathlib import Path
from typing import Any

from altui.config import Model
from altui.errors import AltuiError
from altui.pretrained import check_weights
from altui.text import plain


def report(model: dict[str, Any], project: Path) -> dict[str, Any]:
    """Torch's version, the device that training would use, faults in the model's names, and
    whether its weights are here.
    """
    import torch

    from altui.worker.network import check_names

    found: dict[str, Any] = {"torch": torch.__version__, "device": device()}
    try:
        if model:
            settings = Model.model_validate(model)
            check_names(settings)
            check_weights(settings, project)
            found |= weights(settings, project)
    except AltuiError as error:
        found |= {"error": error.message, "hint": error.hint}
    return found


def weights(model: Model, project: Path) -> dict[str, str]:
    """What stands between the first run and the encoder's weights."""
    import segmentation_models_pytorch as smp  # type: ignore[import-untyped]
    from huggingface_hub import try_to_load_from_cache

    name = model.encoder_weights
    if name == "none" or model.encoder.startswith("tu-"):
        return {}
    source = smp.encoders.encoders[model.encoder]["pretrained_settings"].get(name)
    if source is None:
        if (project / name).is_file():
            return {}
        return {
            "error": f'model.encoder_weights = "{plain(name)}" is no file of the project and no '
            f"set of weights for {model.encoder}",
            "hint": 'give a file, "imagenet" or "none"',
        }
    kept = try_to_load_from_cache(
        source["repo_id"], "model.safetensors", revision=source["revision"]
    )
    if isinstance(kept, str):
        return {}
    return {
        "warning": f'the "{name}" weights of {model.encoder} are not on this machine yet: the '
        "first run fetches them from huggingface.co",
        "hint": "where there is no network, set model.encoder_weights to a weight file fetched "
        'elsewhere, or to "none" to start from random weights',
    }


def device() -> str:
    """The GPU by name and memory, or the number of CPU cores."""
    import torch

    from altui.worker.slots import available_cores

    if not torch.cuda.is_available():
        return f"no GPU: training on {available_cores()} CPU cores"
    card = torch.cuda.get_device_properties(0)
    return f"{torch.cuda.device_count()} GPU, {card.name}, {card.total_memory / (1 << 30):.0f} GB"


if __name__ == "__main__":
    print(json.dumps(report(json.loads(sys.argv[1]), Path(sys.argv[2]))))
