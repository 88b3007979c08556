"""The other networks of an ensemble: trained like the first one, from other seeds."""

import hashlib
import json
from collections.abc import Sequence

from altui.files import sha256_of
from altui.jobs.folder import CHECKPOINT, MEMBERS, JobFolder, JobSpec

SEEDS = 1 << 32
STEP = 1_000_003  # between members' seeds: far from those of other rounds and simulations


def member_jobs(folder: JobFolder, spec: JobSpec) -> list[tuple[JobFolder, JobSpec]]:
    """Where and how each of them is trained, within the job; none without an ensemble.

    Each has a folder of its own, so that its training is resumed like any other.
    """
    return [_member(folder, spec, number) for number in range(2, spec.config.networks + 1)]


def scoring_key(spec: JobSpec, folders: Sequence[JobFolder]) -> str:
    """Alike for scorings of the same slices by the same networks in the same way."""
    config = spec.config
    about = {
        "networks": [sha256_of(folder.path / CHECKPOINT) for folder in folders],
        "scoring": config.scoring.model_dump(),
        "augmentation": config.augmentation.symmetries,
        "samples": [sample.model_dump() for sample in config.split("train")],
        "seed": config.training.seed,
        "previous": spec.previous,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _member(folder: JobFolder, spec: JobSpec, number: int) -> tuple[JobFolder, JobSpec]:
    path = folder.path / MEMBERS / str(number)
    path.mkdir(parents=True, exist_ok=True)
    training = spec.config.training
    seed = (training.seed + STEP * (number - 1)) % SEEDS
    config = spec.config.model_copy(update={"training": training.model_copy(update={"seed": seed})})
    previous = f"{spec.previous}/{MEMBERS}/{number}" if spec.previous else None
    return JobFolder(path), spec.model_copy(update={"config": config, "previous": previous})
