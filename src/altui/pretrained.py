"""What can be said of an encoder's first weights without the libraries that load them."""

import os
from pathlib import Path

from altui.config import Model
from altui.errors import AltuiError
from altui.text import plain

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".tar")
HINT = (
    'give the path of a weight file, or set encoder_weights = "none" to start from random weights'
)


def is_file_name(weights: str) -> bool:
    """Whether it can only be meant for a file, not for one of the encoder's sets of weights."""
    return "/" in weights or os.sep in weights or weights.lower().endswith(SUFFIXES)


def check_weights(model: Model, project: Path) -> None:
    """Raises AltuiError where it is plain by now that a job would not get its encoder's weights:
    a file that is not there, or a download on a machine that is told to be offline.
    """
    weights = model.encoder_weights
    if weights == "none" or (project / weights).is_file():
        return
    if is_file_name(weights):
        raise AltuiError(
            f'[model] encoder_weights = "{plain(weights)}": there is no such file', HINT
        )
    if is_offline() and not is_kept(model):
        raise AltuiError(
            f'the "{plain(weights)}" weights of {plain(model.encoder)} are not on this machine, '
            "and HF_HUB_OFFLINE forbids to fetch them",
            HINT,
        )


def to_be_fetched(model: Model, project: Path) -> str:
    """What to say where a job has to download its encoder's weights first; else empty."""
    weights = model.encoder_weights
    if weights == "none" or (project / weights).is_file() or is_kept(model):
        return ""
    return (
        f'it first fetches the "{plain(weights)}" weights of {plain(model.encoder)} from '
        f"huggingface.co; where there is no network, {HINT}"
    )


def is_offline() -> bool:
    """As huggingface_hub reads it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def is_kept(model: Model) -> bool:
    """Whether weights of the encoder have been downloaded, by the names of the cache's folders:
    `models--smp-hub--resnet34.imagenet`, `models--timm--resnet34.a1_in1k`.
    """
    home = os.environ.get("HF_HOME") or Path(
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"
    )
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()
    encoder = model.encoder.removeprefix("tu-")
    try:
        return any(cache.glob(f"models--*--{encoder}.*/snapshots/*/*"))
    except (OSError, ValueError):
        return False
