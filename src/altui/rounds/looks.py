"""How often the test split was looked at: each look makes its figures a little less honest.

A split that decisions were taken by is no test of their outcome any more (Dwork et al., The
reusable holdout, Science 349, 2015). So each use is counted: every finished job with test
figures, also those of a round that was run again, and every training of a simulation.
"""

from dataclasses import dataclass
from pathlib import Path

from altui.config import Split
from altui.simulation.nodes import uses_of_test
from altui.store.history import History
from altui.text import count

MANY = 5  # looks, from which on choices made by them begin to show


@dataclass(frozen=True)
class Looks:
    """`rounds`: by the project's own jobs; `simulations`: by trainings of simulations."""

    rounds: int
    simulations: int = 0


def count_looks(history: History, project: Path) -> Looks:
    """Of the store's jobs, and of the simulations' trainings in the project's folder."""
    rounds = {row.job for row in history.confusions if row.split == "test"}
    return Looks(len(rounds), uses_of_test(project))


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
