"""One training of a simulation: a train job's folder, named by what decides its result.

The folders lie in `.altui/simulation/`, outside any one simulation, so that experiments,
seeds and later simulations share the trainings that are the same. Nothing in a name is an
absolute path: a finished node goes on counting in a copy of the project elsewhere, and its
`result.json` and `scores.npz` are enough for that.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from altui.config import Config
from altui.errors import AltuiError
from altui.files import make_folder
from altui.jobs import local
from altui.jobs.folder import (
    ANYWHERE,
    CHECKPOINT,
    LOG,
    MEMBERS,
    RESULT,
    SCORES,
    SPEC,
    JobFolder,
    JobResult,
    JobSpec,
    LabelSpec,
)
from altui.jobs.identity import is_alive, lock_held
from altui.slices import SliceId
from altui.volumes.stack import open_stack

NODES = Path(".altui/simulation")  # within the project
SLIM = frozenset({SPEC, RESULT, SCORES, LOG})  # what stays of a node that nobody builds on
SEEDS = 1 << 32
BLOCKS, BLOCK = 16, 4096  # bytes


@dataclass(frozen=True)
class Node:
    """A training to be: `slices` labelled, in order; `previous`: the node of the round before.

    `recipe` is `recipe_of` the project. `score`: whether a strategy will ask for scores; it
    is no part of the name, since it changes no figure. `steps`: the training's length, where
    it is not the settings'.
    """

    recipe: str
    seed: int
    round: int
    slices: tuple[SliceId, ...]
    previous: str | None = None
    score: bool = True
    steps: int | None = None

    @cached_property
    def key(self) -> str:
        named: list[object] = [self.recipe, self.seed, list(map(str, self.slices)), self.previous]
        if self.steps is not None:
            named.append(self.steps)
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:20]

    def folder(self, project: Path) -> JobFolder:
        return JobFolder(project / NODES / self.key)

    def result(self, project: Path) -> JobResult | None:
        """Of a finished training with all that was asked of it; None until then."""
        folder = self.folder(project)
        found = ended(folder)
        if found is None or found.state != "finished":
            return None
        return found if not self.score or (folder.path / SCORES).exists() else None

    def prepare(self, project: Path, config: Config, device: str) -> JobFolder:
        """Write the folder for a start, or for another one: checkpoints in it stay.

        Raises AltuiError for a warm start without the network that it starts from, OSError.
        """
        folder = self.folder(project)
        make_folder(folder.path)
        (folder.path / RESULT).unlink(missing_ok=True)
        masks = {sample.name: sample.masks for sample in config.samples}
        changes: dict[str, object] = {
            "device": device,
            "seed": (config.training.seed + self.seed) % SEEDS,
        }
        if self.steps is not None:
            changes |= {"steps": self.steps, "steps_per_slice": 0, "max_steps": self.steps}
        training = config.training.model_copy(update=changes)
        gone = self._gone(project, config)
        if gone and training.start == "warm":
            # Begun from anything else, it would be another training under this one's name.
            raise AltuiError(
                f"the network of the round before is gone: {gone}",
                f"copy it there from where it was trained, or remove {NODES / str(self.previous)}, "
                "so that it is trained again",
            )
        folder.write(
            SPEC,
            JobSpec(
                job=self.key,
                kind="train",
                round=self.round,
                project=str(project),
                config=config.model_copy(update={"training": training}),
                labels=tuple(
                    LabelSpec(
                        sample=one.sample,
                        index=one.index,
                        path=masks[one.sample] or "",
                        page=one.index,
                        revision=0,
                    )
                    for one in self.slices
                ),
                previous=str(NODES / self.previous) if self.previous and not gone else None,
                score=self.score,
            ),
        )
        return folder

    def _gone(self, project: Path, config: Config) -> Path | None:
        """A network of the round before that is not there, an ensemble's others included."""
        if self.previous is None:
            return None
        before = NODES / self.previous
        members = (before / MEMBERS / str(number) for number in range(2, config.networks + 1))
        networks = (folder / CHECKPOINT for folder in (before, *members))
        return next((path for path in networks if not (project / path).exists()), None)


def recipe_of(project: Path, config: Config) -> str:
    """A digest of all that the trainings share: data, classes, network and training.

    Of the data: paths as altui.toml has them, sizes, and a look into each file. Not the
    device, nor anything about queries and stopping. Raises AltuiError, OSError.
    """
    data: list[Any] = []
    for sample in config.samples:
        for pattern in (sample.images, sample.masks or ""):
            if pattern:
                with open_stack(project, pattern) as stack:
                    shape = (stack.slices, stack.height, stack.width)
                    looks = [_look_into(file) for file in stack.files]
                data.append([sample.name, sample.split, pattern, *shape, looks])
    # All tables but these: one that altui learns later may well change what is trained.
    named = config.model_dump(
        mode="json",
        exclude={
            **dict.fromkeys(("project", "samples", "query", "stopping", "jobs", "masks_in"), True),
            "training": set(ANYWHERE),
        },
    )
    text = json.dumps([named, data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _look_into(path: Path) -> str:
    """A digest of a file's size and of a few blocks of it: all of it may be many gigabytes."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        digest = hashlib.sha256(str(size).encode())
        for place in range(BLOCKS):
            file.seek(max(size - BLOCK, 0) * place // (BLOCKS - 1))
            digest.update(file.read(BLOCK))
    return digest.hexdigest()


def ended(folder: JobFolder) -> JobResult | None:
    """How a node ended; a damaged result counts as none."""
    try:
        return folder.result()
    except AltuiError:
        return None


def is_training(folder: JobFolder) -> bool:
    """Whether some process, this simulation's or a killed one's, is training the node."""
    with contextlib.suppress(AltuiError):
        process = folder.process()
        return process is not None and ended(folder) is None and is_alive(folder, process)
    return lock_held(folder)


def slim(folder: JobFolder, start: str) -> None:
    """Remove checkpoints, predictions and networks; figures, scores and the log stay, and the
    networks where trainings `start` warm: a strategy that is added later begins from them.
    """
    kept = SLIM | {CHECKPOINT, MEMBERS} if start == "warm" else SLIM
    for path in folder.path.iterdir() if folder.path.is_dir() else ():
        if path.name in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


def folders(project: Path) -> list[JobFolder]:
    """Every node's folder, of all simulations."""
    nodes = project / NODES
    try:
        with os.scandir(nodes) as found:
            names = sorted(entry.name for entry in found if entry.is_dir())
    except FileNotFoundError:
        return []
    return [JobFolder(nodes / name) for name in names]


def stop_all(nodes: Iterable[JobFolder]) -> None:
    """End the processes of these nodes, all at once. Raises AltuiError."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(local.stop, nodes))


def judged_by_test(project: Path) -> set[str]:
    """The names of the trainings whose folders are there that the test split has judged."""
    return {folder.id for folder in folders(project) if _judged_by_test(folder)}


def _judged_by_test(folder: JobFolder) -> bool:
    try:
        written = os.stat(os.path.join(folder.path, RESULT)).st_mtime_ns  # hundreds, each second
        return _has_test_figures(folder, written)
    except OSError:
        return False


@lru_cache(maxsize=10_000)
def _has_test_figures(folder: JobFolder, written: int) -> bool:
    """Read anew only when it was `written` anew: a status is asked for every second."""
    result = ended(folder)
    return result is not None and bool(result.confusions.get("test"))
