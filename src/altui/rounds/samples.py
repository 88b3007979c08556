"""Every sample: what there is of it, what of it is labelled, and how well it is predicted."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from altui import metrics
from altui.config import Split
from altui.rounds.gain import Rows
from altui.rounds.results import confusions_of
from altui.rounds.state import current_round, results_job
from altui.store.history import History, settled
from altui.workspace import Workspace


@dataclass(frozen=True)
class SampleRound:
    """How a round's network does on one sample; IoU 0..1 by class, None for one that is neither
    there nor predicted.
    """

    round: int
    miou: float | None
    class_iou: tuple[float | None, ...]


@dataclass(frozen=True)
class SampleFigures:
    """One sample of altui.toml; lengths in pixels.

    `labelled`: slices with an accepted label; `label_ids`: their current revisions; `rounds`:
    those that measured it, oldest first; `pixels`: of its masks by class, as the newest of
    those rounds counted them, None where none did.
    """

    name: str
    split: Split
    slices: int
    height: int
    width: int
    dtype: str
    labelled: int
    label_ids: tuple[int, ...] = ()
    rounds: tuple[SampleRound, ...] = ()
    pixels: tuple[int, ...] | None = None

    @property
    def newest(self) -> SampleRound | None:
        return self.rounds[-1] if self.rounds else None


@lru_cache(maxsize=2)  # as long as nothing is written, the history is the same object
def sample_figures(history: History, workspace: Workspace) -> tuple[SampleFigures, ...]:
    """In the order of altui.toml."""
    labels = [one for one in history.current_labels.values() if workspace.holds(one.slice)]
    labelled = Counter(label.sample for label in labels)
    measured: dict[str, list[SampleRound]] = {}
    pixels: dict[str, tuple[int, ...]] = {}
    for number in range(1, current_round(history) + 1):
        job = results_job(history, number)
        for name, figures, counted in _measured(history, number, job) if job else ():
            measured.setdefault(name, []).append(figures)
            pixels[name] = counted
    return tuple(
        SampleFigures(
            header.name,
            header.split,
            header.slices,
            header.height,
            header.width,
            header.dtype,
            labelled[header.name],
            tuple(label.id for label in labels if label.sample == header.name),
            tuple(measured.get(header.name, ())),
            pixels.get(header.name),
        )
        for header in workspace.headers.values()
    )


@settled
def _measured(
    history: History, number: int, job: str
) -> tuple[tuple[str, SampleRound, tuple[int, ...]], ...]:
    """A round's figures of each sample, and the labelled pixels of each class."""
    return tuple(
        (name, _figures(number, matrix), tuple(map(sum, matrix)))
        for found in confusions_of(history, job).values()
        for name, matrix in found
    )


def _figures(number: int, matrix: Rows) -> SampleRound:
    iou = metrics.class_iou(matrix)
    return SampleRound(
        number,
        metrics.mean_iou(matrix),
        tuple(None if value != value else float(value) for value in iou),
    )
