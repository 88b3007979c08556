"""What the project's own simulations found out, for its rounds to be seen beside."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import JobFolder
from altui.jobs.state import JobView
from altui.simulation.records import EXPERIMENTS, Rows
from altui.simulation.summary import Summary, summarise
from altui.workspace import Workspace

RANDOM = "random"


@dataclass(frozen=True)
class References:
    """mIoU 0..1 of the watched split, means over the simulated seeds.

    `full`: with every training slice labelled; `random`: (labelled slices, mIoU) by round of
    slices drawn at random. None and empty where no simulation tells.
    """

    full: float | None = None
    random: tuple[tuple[float, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"full_supervision": self.full, "random": [list(point) for point in self.random]}


def references(workspace: Workspace, jobs: tuple[JobView, ...]) -> References:
    """Each from the newest simulation that has it, of those on the same samples and classes."""
    full, random = None, tuple[tuple[float, float], ...]()
    for job in reversed(jobs):
        if job.kind != "simulate" or (full is not None and random):
            continue
        found = _summary(workspace, workspace.jobs / job.id)
        if found is None:
            continue
        if full is None and found.full is not None:
            full = found.full.mean
        if not random:
            random = tuple(
                (point.labelled, point.miou.mean)
                for one in found.strategies
                if one.strategy == RANDOM
                for point in one.rounds
            )
    return References(full, random)


def _summary(workspace: Workspace, folder: Path) -> Summary | None:
    """None where it has no rows, or none that compare with this project's rounds."""
    try:
        file = (folder / EXPERIMENTS).stat()
        config, found = _read(folder, file.st_mtime_ns, file.st_size)
    except (AltuiError, OSError):
        return None
    mine = workspace.config
    same = (config.classes, config.samples) == (mine.classes, mine.samples)
    return found if same and found.split == mine.stopping.split else None


@lru_cache(maxsize=32)
def _read(folder: Path, changed: int, size: int) -> tuple[Config, Summary]:
    """`changed` and `size` of the file: read again only where it is another."""
    return JobFolder(folder).spec().config, summarise(Rows.load(folder))
