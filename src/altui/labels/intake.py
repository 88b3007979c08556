"""One mask on its way in: checked, asked for, new, stored, committed."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels import check
from altui.labels.accept import Encoded, encode, is_same, read_label, store_file
from altui.labels.kept import keep_original
from altui.labels.verdict import REPEAT, Refusal, Verdict, refused
from altui.rounds.claims import annotator_of, minutes_since_claim
from altui.rounds.propose import record
from altui.rounds.repeats import confusion, repeat_of
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.connection import read_only
from altui.store.history import History, Label, Repeat
from altui.text import plain
from altui.volumes.stack import Stack
from altui.workspace import Workspace


@dataclass(frozen=True)
class Options:
    """`unasked`: take slices that the round did not ask for; `trust`: take masks that only
    look doubtful; `annotator`: who drew them, empty for whoever imports them.
    """

    dry_run: bool = False
    unasked: bool = False
    trust: bool = False
    annotator: str = ""


@dataclass(frozen=True)
class Candidate:
    """A decoded mask; `source_sha256` is of `original`, the file as it came (None for what
    was no file of its own). `tool`: what wrote it, if it tells; `minutes`: of work, by its clock.
    """

    file: str
    slice: SliceId
    mask: npt.NDArray[np.integer]
    source_sha256: str
    original: Path | None = None
    tool: str = ""
    minutes: float | None = None
    bundle: str = ""  # the id of the one that the file lies in


class Intake:
    """Takes masks into one project; keeps the stacks that it compares them with open."""

    def __init__(self, workspace: Workspace, options: Options) -> None:
        """Raises AltuiError where nothing can be written and something is to be."""
        if not options.dry_run and not workspace.store.writable:
            raise read_only(workspace.state)
        self.workspace = workspace
        self.options = options
        self._images: dict[str, Stack] = {}
        self._originals: dict[str, str] = {}  # where they are kept, by SHA-256
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def check(self, candidate: Candidate) -> None:
        """Raises Refusal for a mask that does not fit its slice."""
        try:
            self.workspace.check_slice(candidate.slice)
        except AltuiError as error:
            raise Refusal("no-such-slice", error.message) from None
        header = self.workspace.headers[candidate.slice.sample]
        classes = self.workspace.config.classes
        check.check_shape(candidate.mask, header)
        check.check_values(candidate.mask, classes)
        if not self.options.trust:
            check.check_plausible(candidate.mask, self._image(candidate.slice), classes)

    def take(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Take in what came back for one slice: one mask, however often it was sent.

        Raises AltuiError where nothing more can be written.
        """
        first, *others = candidates
        if any(not np.array_equal(other.mask, first.mask) for other in others):
            return [_one_of_several(candidate, candidates) for candidate in candidates]
        try:
            taken = self._take_one(first)
        except Refusal as refusal:
            return [refused(candidate.file, refusal, first.slice) for candidate in candidates]
        message = f"the same mask as {plain(first.file)}"
        return [
            taken,
            *(Verdict(o.file, "unchanged", "unchanged", message, o.slice) for o in others),
        ]

    def _take_one(self, candidate: Candidate) -> Verdict:
        history = self.workspace.store.history()
        _check_asked(history, candidate.slice, self.options)
        encoded = encode(candidate.mask)
        repeat = self._repeat(history, candidate, encoded)
        if repeat is not None:
            return self._take_reading(repeat, candidate, encoded)
        current = history.current_labels.get(candidate.slice)
        if current is not None and is_same(self.workspace, current, candidate.mask, encoded):
            if not self.options.dry_run and current.sha256 == encoded.sha256:
                self._mend(current, candidate, encoded)
            return _unchanged(candidate)
        if self.options.dry_run:
            return Verdict(candidate.file, "accepted", "ok", "would be accepted", candidate.slice)
        store_file(self.workspace, encoded)
        return self._commit(candidate, encoded, self._keep_original(candidate))

    def _mend(self, current: Label, candidate: Candidate, encoded: Encoded) -> None:
        """Files of the current revision that were damaged since; whole ones stay."""
        store_file(self.workspace, encoded)
        if current.original and current.source_sha256 == candidate.source_sha256:
            self._keep_original(replace(candidate, file=current.original))

    def _keep_original(self, candidate: Candidate) -> str:
        """Where it is kept, relative to the project; empty where there is none."""
        if candidate.original is None:
            return ""
        digest = candidate.source_sha256
        if digest not in self._originals:  # one file may hold the masks of many slices
            self._originals[digest] = keep_original(
                self.workspace.root, candidate.original, digest, candidate.file
            )
        return self._originals[digest]

    def _commit(self, candidate: Candidate, encoded: Encoded, original: str) -> Verdict:
        """Append the revision, and approve its slice where that was still open."""
        slice_id = candidate.slice
        with self.workspace.store.write() as transaction:
            # Read again: another import may have come first.
            history = transaction.history()
            _check_asked(history, slice_id, self.options)
            current = history.current_labels.get(slice_id)
            if current is not None and current.sha256 == encoded.sha256:
                return _unchanged(candidate)
            number = current_round(history)
            annotator = self._annotator(history, candidate)
            minutes = candidate.minutes
            if minutes is None:
                minutes = minutes_since_claim(history, slice_id, annotator or transaction.who)
            by = "" if minutes is None else "claim" if candidate.minutes is None else "tool"
            event = transaction.event("import", number, note=candidate.file)
            decision = slate(history, number).get(slice_id)
            if decision is not None and decision.state == "proposed":
                record(transaction, replace(decision, event=event, state="approved"))
            revision = transaction.insert(
                "labels",
                event=event,
                sample=slice_id.sample,
                slice_index=slice_id.index,
                sha256=encoded.sha256,
                path=encoded.path,
                source=candidate.file,
                source_sha256=candidate.source_sha256,
                annotator=annotator,
                tool=candidate.tool,
                minutes=minutes,
                minutes_by=by,
                original=original,
            )
        message = f"revision {revision}; revision {current.id} is kept" if current else "new"
        return Verdict(candidate.file, "accepted", "ok", message, slice_id)

    def _annotator(self, history: History, candidate: Candidate) -> str:
        """Who drew it, as far as that is told; empty for whoever imports it."""
        said = plain(self.options.annotator.strip())
        return said or annotator_of(history, candidate.slice, candidate.bundle)

    def _repeat(self, history: History, candidate: Candidate, encoded: Encoded) -> Repeat | None:
        """The repeat that the mask answers; None for a label's mask."""
        annotator = self._annotator(history, candidate)
        repeat = repeat_of(history, candidate.slice, annotator, candidate.bundle)
        if repeat is None or candidate.bundle:
            return repeat
        # Nobody draws the same twice: it is the label's own mask, sent again.
        label = history.labels_by_id[repeat.label]
        return None if is_same(self.workspace, label, candidate.mask, encoded) else repeat

    def _take_reading(self, repeat: Repeat, candidate: Candidate, encoded: Encoded) -> Verdict:
        """Keep the mask of a repeat beside the label that it is compared with."""
        message = f"a repeat of revision {repeat.label}, which stays the label"
        verdict = Verdict(candidate.file, "accepted", REPEAT, message, candidate.slice)
        if self.options.dry_run:
            return verdict
        label = read_label(
            self.workspace, self.workspace.store.history().labels_by_id[repeat.label]
        )
        classes = len(self.workspace.config.classes.names)
        matrix = confusion(label, candidate.mask, classes)
        store_file(self.workspace, encoded)
        original = self._keep_original(candidate)
        with self.workspace.store.write() as transaction:
            history = transaction.history()
            before = [one for one in history.readings if one.repeat == repeat.id]
            if before and before[-1].sha256 == encoded.sha256:
                message = "the same mask as came before"
                return replace(verdict, outcome="unchanged", code="unchanged", message=message)
            event = transaction.event("reading", current_round(history), note=candidate.file)
            transaction.insert(
                "readings",
                event=event,
                repeat=repeat.id,
                sample=candidate.slice.sample,
                slice_index=candidate.slice.index,
                sha256=encoded.sha256,
                path=encoded.path,
                source=candidate.file,
                source_sha256=candidate.source_sha256,
                annotator=plain(self.options.annotator.strip())
                or repeat.annotator
                or transaction.who,
                tool=candidate.tool,
                minutes=candidate.minutes,
                original=original,
                matrix=json.dumps(matrix),
            )
        return verdict

    def _image(self, slice_id: SliceId) -> npt.NDArray[Any]:
        """Raises Refusal: without its image, a mask cannot be checked."""
        try:
            if slice_id.sample not in self._images:
                stack = self._open.enter_context(self.workspace.images(slice_id.sample))
                self._images[slice_id.sample] = stack
            return self._images[slice_id.sample].read(slice_id.index)
        except AltuiError as error:
            raise Refusal("image", f"the slice's own image is damaged: {error.message}") from None


def _check_asked(history: History, slice_id: SliceId, options: Options) -> None:
    """Raises Refusal for a slice that the current round does not want a mask of."""
    if options.unasked or slice_id in history.current_labels:
        return
    number = current_round(history)
    decision = slate(history, number).get(slice_id)
    if decision is not None and decision.state in ("proposed", "approved"):
        return
    how = "was rejected in" if decision else "is not asked for in"
    raise Refusal(
        "not-asked", f"{slice_id} {how} round {number}; take it all the same with --unasked accept"
    )


def _unchanged(candidate: Candidate) -> Verdict:
    return Verdict(
        candidate.file,
        "unchanged",
        "unchanged",
        "the same mask as the slice has",
        candidate.slice,
    )


def _one_of_several(candidate: Candidate, candidates: Sequence[Candidate]) -> Verdict:
    others = ", ".join(plain(other.file) for other in candidates if other is not candidate)
    message = f"{candidate.slice} is also labelled, otherwise, by {others}; send one"
    return refused(candidate.file, Refusal("duplicate", message), candidate.slice)
