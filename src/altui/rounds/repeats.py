"""Labelled slices that go out once more, blind, and what their masks say of the labels."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from altui.metrics import class_iou, mean_iou
from altui.rounds.gain import Interval, miou_interval
from altui.rounds.people import is_same
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.connection import Transaction
from altui.store.history import History, Label, Reading, Repeat, derived
from altui.workspace import Workspace

Ids = npt.NDArray[np.integer]
FEWEST = 5  # slices; of fewer, an interval is too wide to say anything


@dataclass(frozen=True)
class Agreement:
    """How far repeat readings agree with the labels; IoU 0..1, None without a common pixel.

    IoU of one confusion matrix over all readings, pixels that either side ignores left out.
    `interval`: of `miou`, 95 %, over slices like these; None for fewer than FEWEST `slices`.
    """

    readings: int
    slices: int  # that they are of
    miou: float | None
    interval: Interval | None
    class_iou: dict[str, float | None]

    def to_json(self) -> dict[str, Any]:
        return {
            "readings": self.readings,
            "slices": self.slices,
            "miou": self.miou,
            "interval": self.interval,
            "class_iou": self.class_iou,
        }


@dataclass(frozen=True)
class Agreements:
    """`within`: one person's masks of the same slice; `between`: two persons'. `out`: repeats
    whose masks are not back yet.
    """

    within: Agreement | None
    between: Agreement | None
    out: int

    def to_json(self) -> dict[str, Any]:
        """`agreement` of `altui status --json`."""
        return {
            "within": self.within.to_json() if self.within else None,
            "between": self.between.to_json() if self.between else None,
            "out": self.out,
        }


def agreements(history: History, names: Sequence[str]) -> Agreements:
    """Of all repeats, the latest reading of each; `names` are the classes'."""
    latest = {one.repeat: one for one in history.readings}
    out = len(waiting_repeats(history))
    within: list[Reading] = []
    between: list[Reading] = []
    for repeat in history.repeats:
        reading = latest.get(repeat.id)
        if reading is not None:
            own = is_same(reading.annotator, drawn_by(history, history.labels_by_id[repeat.label]))
            (within if own else between).append(reading)
    return Agreements(_agreement(within, names), _agreement(between, names), out)


def _agreement(readings: list[Reading], names: Sequence[str]) -> Agreement | None:
    if not readings:
        return None
    size = len(names)
    of_slices = {one.slice: np.zeros((size, size), np.int64) for one in readings}
    for one in readings:
        own = np.array(one.matrix, np.int64)[:size, :size]  # altui.toml may have changed since
        of_slices[one.slice][: len(own), : len(own)] += own
    matrix = sum(of_slices.values(), np.zeros((size, size), np.int64))
    iou = [None if np.isnan(value) else float(value) for value in class_iou(matrix)]
    # Whole slices are drawn: what is read twice on one is alike.
    drawn = tuple((str(one), tuple(map(tuple, own.tolist()))) for one, own in of_slices.items())
    return Agreement(
        len(readings),
        len(of_slices),
        mean_iou(matrix),
        miou_interval(drawn) if len(of_slices) >= FEWEST else None,
        dict(zip(names, iou, strict=True)),
    )


def confusion(label: Ids, reading: Ids, classes: int) -> tuple[tuple[int, ...], ...]:
    """(classes, classes) pixels, rows by `label`; those that either side ignores left out."""
    both = (label < classes) & (reading < classes)
    pairs = label[both].astype(np.int64) * classes + reading[both]
    counts = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return tuple(tuple(map(int, row)) for row in counts)


def drawn_by(history: History, label: Label) -> str:
    return label.annotator or history.event_of(label).who


@derived
def open_repeats(history: History) -> tuple[Repeat, ...]:
    """Those whose masks are readings: all that were not released since."""
    released = {row.slice: row.event for row in history.claims if not row.annotator}
    return tuple(
        one
        for one in history.repeats
        if released.get(history.labels_by_id[one.label].slice, 0) < one.event
    )


def waiting_repeats(history: History) -> tuple[Repeat, ...]:
    """Those whose masks are not back yet."""
    back = {one.repeat for one in history.readings}
    return tuple(one for one in open_repeats(history) if one.id not in back)


def repeat_of(history: History, slice_id: SliceId, annotator: str, bundle: str) -> Repeat | None:
    """The repeat that a mask answers: of the bundle that it lies in. Without a bundle, the
    slice's latest, unless it went to someone other than the annotator (empty: not known).
    """
    own = [
        one for one in open_repeats(history) if history.labels_by_id[one.label].slice == slice_id
    ]
    if bundle:
        own = [one for one in own if one.bundle == bundle]
    elif annotator:
        own = [one for one in own if not one.annotator or is_same(one.annotator, annotator)]
    return own[-1] if own else None


def choose_repeats(
    workspace: Workspace, history: History, slices: int, share: float
) -> tuple[SliceId, ...]:
    """Which labelled slices go out again beside `slices` others: `share` of those, rounded up;
    fewer where too few were labelled in earlier rounds.

    At random, those that were repeated least before the others, and none that is out still.
    """
    number = current_round(history)
    out = {history.labels_by_id[one.label].slice for one in waiting_repeats(history)}
    now = {decision.slice for decision in slate(history, number).decisions}
    candidates = [
        one
        for one in sorted(history.current_labels)
        if one not in now and one not in out and workspace.holds(one)
    ]
    times = Counter(history.labels_by_id[one.label].slice for one in history.repeats)
    seed = (workspace.config.query.seed, number, len(history.repeats))
    drawn = np.random.default_rng(seed).permutation(len(candidates))
    shuffled = sorted((candidates[i] for i in drawn), key=lambda one: times[one])
    return tuple(shuffled[: math.ceil(round(share * slices, 6))])


def record_repeats(
    transaction: Transaction,
    history: History,
    slices: Iterable[SliceId],
    annotator: str,
    bundle: str,
) -> None:
    event = transaction.event("repeat", current_round(history), note=bundle)
    for one in slices:
        transaction.insert(
            "repeats",
            event=event,
            label=history.current_labels[one].id,
            annotator=annotator,
            bundle=bundle,
        )
