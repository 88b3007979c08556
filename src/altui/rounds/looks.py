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
from altui.jobs.folder import RESULT, JobFolder
from altui.simulation.nodes import folders
from altui.store.history import History
from altui.text import count

MANY = 5  # looks, from which on choices made by them begin to show


@dataclass(frozen=True)
class Looks:
    """`rounds`: by the project's own jobs; `simulations`: by trainings of simulations."""

    rounds: int
    simulations: int = 0

    @property
    def total(self) -> int:
        return self.rounds + self.simulations


def count_looks(history: History, project: Path) -> Looks:
    """Of the store's jobs, and of the simulations' trainings in the project's folder."""
    rounds = {row.job for row in history.confusions if row.split == "test"}
    simulated = sum(_has_looked(folder.path) for folder in folders(project))
    return Looks(len(rounds), simulated)


def _has_looked(node: Path) -> bool:
    try:
        return _judged(node, (node / RESULT).stat().st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=10_000)
def _judged(node: Path, written: int) -> bool:
    """Whether a training's result has test figures; read anew only when it was `written`
    anew, since a status is asked for every second.
    """
    try:
        result = JobFolder(node).result()
    except AltuiError:
        return False
    return result is not None and bool(result.confusions.get("test"))


def describe_looks(looks: Looks, watched: Split) -> tuple[str, ...]:
    """What to say of it; nothing before the first look."""
    if not looks.total:
        return ()
    said = f"the test split was looked at {count(looks.total, 'time')}"
    if looks.simulations:
        said += f", {looks.simulations} of them by simulations"
    if watched == "test" and looks.total >= MANY:
        said += (
            ": decisions taken by it make its mIoU optimistic; to keep it for the end, set "
            '[stopping] split = "validation"'
        )
    return (said,)
