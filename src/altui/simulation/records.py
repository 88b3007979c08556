"""What a simulation found out, as its job leaves it in `experiments.json`."""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from altui import metrics
from altui.errors import AltuiError
from altui.files import write_bytes
from altui.jobs.folder import JobResult, Record
from altui.text import plain

EXPERIMENTS, PICTURE = "experiments.json", "simulation.png"


class Measured(Record):
    """What one training gave; mIoU by split and IoU by class of the watched split, 0..1.

    `node`: the training's folder; experiments that share it share its figures. `seconds`:
    how long it took on `device`.
    """

    labelled: int
    miou: dict[str, float | None]
    class_iou: dict[str, float | None]
    node: str
    device: str = ""
    seconds: float = 0.0


class Point(Measured):
    """One round of an experiment; `slices`: those that it added."""

    round: int
    slices: tuple[str, ...]


class Experiment(Record):
    """One strategy with one seed; `shortfall`: why a round has fewer slices than asked for, or
    why the strategy `failed`.
    """

    strategy: str
    seed: int
    rounds: tuple[Point, ...] = ()
    shortfall: str = ""
    failed: bool = False


class Full(Measured):
    """Full supervision: every training slice labelled."""

    seed: int


class Rows(Record):
    """All that is known so far; `test_uses`: how many trainings the test split has judged."""

    split: str = "test"  # the watched one, which tables and charts are about
    experiments: tuple[Experiment, ...] = ()
    full: tuple[Full, ...] = ()
    test_uses: int = 0

    def judged_by_test(self) -> frozenset[str]:
        """The nodes that have test figures."""
        points = (point for one in self.experiments for point in one.rounds)
        return frozenset(one.node for one in (*points, *self.full) if "test" in one.miou)

    def save(self, folder: Path) -> None:
        """Write the whole file, or leave the old one. Raises OSError."""
        write_bytes(folder / EXPERIMENTS, self.model_dump_json(indent=1).encode())

    @classmethod
    def load(cls, folder: Path) -> "Rows":
        """No rows where there is no file yet. Raises AltuiError for a damaged one."""
        path = folder / EXPERIMENTS
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise AltuiError(
                f"{plain(path)} cannot be read: {plain(str(error).splitlines()[0])}",
                "run the same altui simulate again: it keeps every finished training",
            ) from None


def figures(result: JobResult, names: tuple[str, ...], watched: str) -> dict[str, Any]:
    """`miou`, `class_iou`, `device` and `seconds` of a finished training."""
    totals = {split: metrics.total(found) for split, found in result.confusions.items() if found}
    ious = metrics.class_iou(totals[watched]) if watched in totals else [np.nan] * len(names)
    return {
        "miou": {split: metrics.mean_iou(matrix) for split, matrix in totals.items()},
        "class_iou": {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(names, ious, strict=True)
        },
        "device": result.device,
        "seconds": round((result.ended_at - result.started_at).total_seconds(), 1),
    }


def row_lines(rows: Rows) -> list[str]:
    """Each training in words, round by round."""
    lines: dict[str, tuple[int, int]] = {}
    for one in rows.experiments:
        for point in one.rounds:
            what = f"{one.strategy}, seed {one.seed}, round {point.round}"
            lines[f"{what}: {_words(point, rows.split)}"] = (one.seed, point.round)
    last = max((len(one.rounds) for one in rows.experiments), default=0) + 1
    for full in rows.full:
        line = f"full supervision, seed {full.seed}: {_words(full, rows.split)}"
        lines[line] = (full.seed, last)
    return sorted(lines, key=lambda line: lines[line])


def _words(one: Measured, split: str) -> str:
    value = one.miou.get(split)
    return (
        f"{one.labelled} labelled slices, {split} mIoU {'–' if value is None else f'{value:.4f}'}"
    )
