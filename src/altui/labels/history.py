"""The revisions of every label: who, when, from what, and which networks saw them."""

from dataclasses import dataclass
from typing import Any

from altui.errors import AltuiError
from altui.labels.kept import digest_of
from altui.slices import SliceId
from altui.store.history import Event, History, Label
from altui.text import count, plain
from altui.workspace import Workspace


@dataclass(frozen=True)
class Revision:
    """One accepted mask; `number` counts the slice's own from 1; `restores`: the number of the
    one whose mask this is again; `rounds`: those whose finished networks were trained with it.
    """

    label: Label
    number: int
    event: Event
    rounds: tuple[int, ...]
    current: bool
    restores: int | None = None

    @property
    def annotator(self) -> str:
        """Who drew it, as far as that is known: unless told, whoever imported it."""
        return self.label.annotator or self.event.who

    def to_json(self) -> dict[str, Any]:
        """One revision of `altui labels --json`."""
        label = self.label
        return {
            "slice": str(label.slice),
            "revision": self.number,
            "current": self.current,
            "annotator": self.annotator,
            "who": self.event.who,
            "at": self.event.at,
            "file": label.source,
            "file_sha256": label.source_sha256,
            "original": label.original or None,
            "tool": label.tool or None,
            "minutes": label.minutes,
            "minutes_by": label.minutes_by or None,
            "restores": self.restores,
            "path": label.path,
            "sha256": label.sha256,
            "rounds": list(self.rounds),
        }


def revisions(history: History) -> dict[SliceId, tuple[Revision, ...]]:
    """Of every labelled slice, oldest first."""
    seen = _rounds_by_label(history)
    found: dict[SliceId, list[Revision]] = {}
    for label in history.labels:
        current = history.current_labels[label.slice] is label
        rounds = tuple(sorted(seen.get(label.id, ())))
        number, restores = history.numbers[label.id], history.numbers.get(label.restores or 0)
        own = Revision(label, number, history.event_of(label), rounds, current, restores)
        found.setdefault(label.slice, []).append(own)
    return {slice_id: tuple(found[slice_id]) for slice_id in sorted(found)}


def revisions_of(workspace: Workspace, slice_id: SliceId) -> tuple[Revision, ...]:
    """Oldest first, the last one current. Raises AltuiError for a slice without a label."""
    found = revisions(workspace.store.history()).get(slice_id, ())
    if not found:
        workspace.check_slice(slice_id)
        raise AltuiError(f"{slice_id} has no label yet", "see which have: altui labels PROJECT")
    return found


def restore_revision(workspace: Workspace, slice_id: SliceId, number: int) -> Revision:
    """Make an earlier revision's mask the current one again, by a new revision of the same
    file; nothing is taken away. Returns the new one.

    Raises AltuiError for a revision that is not there, has the mask that is current already,
    or whose file is damaged.
    """
    revisions_of(workspace, slice_id)
    with workspace.store.write() as transaction:
        history = transaction.history()
        label = _earlier(history, slice_id, number)
        if digest_of(workspace.root / label.path) != label.sha256:
            raise AltuiError(
                f"the file of revision {number} of {slice_id} is gone or damaged",
                f"bring {plain(label.path)} back from a backup first",
            )
        event = transaction.event("restore", note=f"{slice_id} revision {number}")
        transaction.insert(
            "labels",
            event=event,
            sample=label.sample,
            slice_index=label.slice_index,
            sha256=label.sha256,
            path=label.path,
            source=label.source,
            source_sha256=label.source_sha256,
            # Whoever drew it is its annotator still, though someone else may restore it.
            annotator=label.annotator or history.event_of(label).who,
            tool=label.tool,
            original=label.original,
            restores=label.id,
        )
        return revisions(transaction.history())[slice_id][-1]


def _earlier(history: History, slice_id: SliceId, number: int) -> Label:
    """The revision to be restored. Raises AltuiError."""
    label, current = history.revision(slice_id, number), history.current_labels[slice_id]
    newest = history.numbers[current.id]
    hint = f"{slice_id} has {count(newest, 'revision')}"
    if label is None:
        raise AltuiError(f"there is no revision {number} of {slice_id}", hint)
    if label is current:
        raise AltuiError(f"revision {number} is current already", hint)
    if label.sha256 == current.sha256:
        raise AltuiError(
            f"revision {number} is the same mask as the current revision {newest}", hint
        )
    return label


def _rounds_by_label(history: History) -> dict[int, set[int]]:
    rounds = {
        job.id: job.round
        for job in history.jobs
        if job.id in history.ends and history.ends[job.id].state == "finished"
    }
    seen: dict[int, set[int]] = {}
    for job, number in rounds.items():
        for label in history.labels_of[job]:
            seen.setdefault(label, set()).add(number)
    return seen
