"""How often the test split was looked at: each look makes its figures a little less honest.

A split that decisions were taken by is no test of their outcome any more (Dwork et al., The
reusable holdout, Science 349, 2015). So each use is counted: every finished job with test
figures, also those of a round that was run again, and every training of a simulation.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from altui.config import Split
from altui.errors import AltuiError
from altui.simulation.nodes import judged_by_test
from altui.simulation.records import EXPERIMENTS, Rows
from altui.store.history import History
from altui.text import count
from altui.workspace import Workspace

MANY = 5  # looks, from which on choices made by them begin to show


@dataclass(frozen=True)
class Looks:
    """`rounds`: by the project's own jobs; `simulations`: by trainings of simulations."""

    rounds: int
    simulations: int = 0


def count_looks(history: History, workspace: Workspace) -> Looks:
    """Of the store's jobs and of the simulations' trainings, also those whose folders were
    removed since: the simulations' rows still name them.
    """
    rounds = {row.job for row in history.confusions if row.split == "test"}
    simulated = judged_by_test(workspace.root)
    for job in history.jobs:
        if job.kind == "simulate":
            simulated |= _told_by(workspace.jobs / job.id)
    return Looks(len(rounds), len(simulated))


def _told_by(simulation: Path) -> frozenset[str]:
    """The trainings with test figures that a simulation's rows name; none without rows."""
    try:
        file = (simulation / EXPERIMENTS).stat()
        return _read(simulation, file.st_mtime_ns, file.st_size)
    except (AltuiError, OSError):
        return frozenset()


@lru_cache(maxsize=64)
def _read(simulation: Path, changed: int, size: int) -> frozenset[str]:
    """`changed` and `size` of the file: read again only where it is another."""
    return Rows.load(simulation).judged_by_test()


def describe_looks(looks: Looks, watched: Split) -> tuple[str, ...]:
    """What to say of it; nothing before the first look."""
    parts = []
    if looks.rounds:
        parts.append(f"{count(looks.rounds, 'time')} by rounds")
    if looks.simulations:
        parts.append(f"{count(looks.simulations, 'time')} by simulations")
    if not parts:
        return ()
    said = f"the test split was used {' and '.join(parts)}"
    if watched == "test" and looks.rounds + looks.simulations >= MANY:
        said += (
            ": decisions taken by it make its mIoU optimistic; to keep it for the end, set "
            '[stopping] split = "validation"'
        )
    return (said,)
