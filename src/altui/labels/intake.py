"""One mask on its way in: checked, then taken in, held in quarantine or refused."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from altui.errors import AltuiError
from altui.labels.accept import is_same, store_file
from altui.labels.candidate import Candidate, Checked
from altui.labels.checks.examine import Examiner
from altui.labels.checks.record import disagreements
from altui.labels.checks.remark import Remark
from altui.labels.checks.rules import Rules
from altui.labels.commit import append_label, append_quarantined, columns_of, with_claim
from altui.labels.encoded import Encoded, encode
from altui.labels.kept import Shelf, Writing
from altui.labels.readings import answered, append_reading, compared, is_known
from altui.labels.verdict import REPEAT, Refusal, Verdict, refused
from altui.rounds.claims import annotator_of
from altui.rounds.classes import check_ids, keep_names
from altui.rounds.quarantine import refusal_of, waiting_masks
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.connection import Transaction, read_only
from altui.store.history import History, Label, Repeat
from altui.text import plain
from altui.workspace import Workspace

__all__ = ["Candidate", "Checked", "Intake", "Options"]

NAMED = 4  # files that label one slice otherwise
UNIFORM = ("binary", "empty", "one-class")  # such masks are alike by their nature


@dataclass(frozen=True)
class Options:
    """`unasked`: take slices that the round did not ask for; `trust`: take masks that only
    look doubtful; `annotator`: who drew them, empty for whoever imports them.
    """

    dry_run: bool = False
    unasked: bool = False
    trust: bool = False
    annotator: str = ""


class Later(NamedTuple):
    """What is left to do for a mask: its files are being written; its rows, in the transaction."""

    files: tuple[Writing | None, ...]
    append: Callable[[Transaction, History], Verdict]

    def wait(self) -> None:
        """Raises Refusal, AltuiError where a file could not be written."""
        for file in self.files:
            if file is not None:
                file.result()


class Plan(NamedTuple):
    """What is to become of a mask, all that was remarked of it, and whether that is news."""

    verdict: Verdict
    remarks: tuple[Remark, ...] = ()
    writes: bool = False


class Intake:
    """Takes masks into one project. They are compared with what it held when the intake was
    made, and with what that took since, so that a dry run and an import say the same.
    """

    def __init__(self, workspace: Workspace, options: Options) -> None:
        """Raises AltuiError where nothing can be written and something is to be, and where the
        classes have other ids than in the masks so far.
        """
        if not options.dry_run and not workspace.store.writable:
            raise read_only(workspace.state)
        self.workspace = workspace
        self.options = options
        self._rules = Rules(workspace.config.masks_in.checks, options.unasked, options.trust)
        with workspace.store.read() as db:
            others = disagreements(db)
        history = workspace.store.history()
        self._names = workspace.config.classes.names
        self._noted = False  # what the ids mean
        check_ids(history, self._names)
        self._examiner = Examiner(workspace, history, others)
        self._taken = {label.sha256: (label.slice, label.source) for label in history.labels}
        self._originals: dict[str, tuple[str, Writing | None]] = {}  # by SHA-256
        self._shelf = Shelf(workspace.root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._examiner.close()
        self._shelf.close()

    def check(self, candidate: Candidate, mask: npt.NDArray[np.integer]) -> Checked:
        """All that needs no other mask of the import; threads may check several at once.

        Raises Refusal for a mask that can be no label of its slice.
        """
        edges = not self.options.trust
        runs, examined = self._examiner.examine(candidate.slice, mask, edges=edges)
        return Checked(candidate, encode(runs), examined)

    def take(self, groups: Iterable[Sequence[Checked]]) -> list[Verdict]:
        """Take in what came back, in one transaction: for each slice one mask, however often it
        was sent. None is in before all of their files are safe on the disk.

        Raises AltuiError where nothing more can be written; what was written by then is in.
        """
        history = self.workspace.store.history()
        taken: list[tuple[Sequence[Checked], Verdict | Later]] = []
        verdicts: list[Verdict] = []
        try:
            for group in groups:
                candidates = [checked.candidate for checked in group]
                if len({checked.encoded.sha256 for checked in group}) > 1:
                    verdicts += [_one_of_several(one, candidates) for one in candidates]
                    continue
                try:
                    taken.append((group, self._take_one(history, group[0])))
                except Refusal as refusal:
                    verdicts += [refused(one.file, refusal, one.slice) for one in candidates]
        finally:
            fault = _wait(taken)
            self._shelf.settle()
            ends = self._commit([verdict for _, verdict in taken])
        if fault:
            raise fault
        for (group, _), verdict in zip(taken, ends, strict=True):
            verdicts += [verdict, *(_again(verdict, other.candidate.file) for other in group[1:])]
        return verdicts

    def _commit(self, taken: Sequence[Verdict | Later]) -> list[Verdict]:
        if all(isinstance(one, Verdict) for one in taken):
            return [one for one in taken if isinstance(one, Verdict)]
        with self.workspace.store.write() as transaction:
            # Another import, or a person, may have come first.
            history = transaction.history()
            return [
                one if isinstance(one, Verdict) else one.append(transaction, history)
                for one in taken
            ]

    def _take_one(self, history: History, checked: Checked) -> Verdict | Later:
        """The verdict, or, with the files on their way, what is left to do for it.

        Raises Refusal, AltuiError.
        """
        candidate, encoded = checked.candidate, checked.encoded
        repeat = answered(self.workspace, history, checked, self._annotator(history, candidate))
        if repeat is not None:
            return self._take_reading(history, repeat, checked)
        current = history.current_labels.get(candidate.slice)
        if current and is_same(self.workspace, current, encoded):
            if not self.options.dry_run and current.sha256 == encoded.sha256:
                self._mend(current, candidate, encoded)
            return _unchanged(candidate)
        plan = self._plan(history, checked)
        if plan.verdict.outcome == "accepted":
            self._taken.setdefault(encoded.sha256, (candidate.slice, candidate.file))
        if not plan.writes or self.options.dry_run:
            return plan.verdict
        original, writing = self._keep_original(candidate)
        files = (store_file(self._shelf, encoded), writing)
        return Later(files, partial(self._append, checked, original))

    def _plan(self, history: History, checked: Checked) -> Plan:
        candidate, sha256 = checked.candidate, checked.encoded.sha256
        current = history.current_labels.get(candidate.slice)
        if current is not None and current.sha256 == sha256:
            return Plan(_unchanged(candidate))
        remarks = self._rules.ranked(self._remarks(history, checked))
        first = remarks[0] if remarks else None
        if first is None or first.level == "note":
            message = (
                f"replaces revision {history.numbers[current.id]}, which is kept"
                if current
                else "new"
            )
            verdict = Verdict(candidate.file, "accepted", "ok", message, candidate.slice)
            return Plan(replace(verdict, notes=remarks), remarks, writes=True)
        verdict = Verdict(
            candidate.file,
            "refused" if first.level == "refuse" else "quarantined",
            first.code,
            first.message,
            candidate.slice,
            first.level,
            first.figures,
            remarks[1:],
        )
        if first.level == "refuse":
            return Plan(verdict, remarks)
        waiting = waiting_masks(history).get(candidate.slice)
        if waiting is None or waiting.sha256 != sha256:
            return Plan(verdict, remarks, writes=True)
        since = history.event_of(waiting)
        message = f"waits in quarantine already, since {since.who} sent it: {first.message}"
        return Plan(replace(verdict, message=message), remarks)

    def _remarks(self, history: History, checked: Checked) -> Iterator[Remark]:
        """What the mask gives away itself, and what others that came before it do."""
        candidate, sha256 = checked.candidate, checked.encoded.sha256
        asked = _check_asked(history, candidate.slice, self.options.unasked)
        if asked:
            yield asked
        before = refusal_of(history, candidate.slice, sha256)
        if before:
            who, why = history.event_of(before).who, f": {plain(before.reason)}"
            yield Remark(
                "refused-before",
                f"{who} has refused this very mask{why if before.reason else ''}; to take it all "
                "the same, import it with --trust",
            )
        yield from candidate.remarks
        other, file = self._taken.get(sha256, (candidate.slice, ""))
        uniform = any(remark.code in UNIFORM for remark in checked.examined.remarks)
        if other != candidate.slice and not uniform:
            yield Remark(
                "copied",
                f"is the very mask of {other} ({plain(file)})",
                {"slice": str(other), "pixels": checked.examined.pixels},
            )
        yield from checked.examined.remarks

    def _take_reading(self, history: History, repeat: Repeat, checked: Checked) -> Verdict | Later:
        """A reading is believed or refused: it waits for nobody, since it becomes no label."""
        candidate, encoded = checked.candidate, checked.encoded
        remarks = self._rules.ranked(self._remarks(history, checked))
        if remarks and remarks[0].level != "note":
            first = remarks[0]
            raise Refusal(first.code, first.message, figures=first.figures)
        message = f"a repeat of revision {history.numbers[repeat.label]}, which stays the label"
        verdict = Verdict(candidate.file, "accepted", REPEAT, message, candidate.slice)
        same = "the same mask as came before"
        known = replace(verdict, outcome="unchanged", code="unchanged", message=same)
        if is_known(history, repeat, encoded.sha256):
            return known
        verdict = replace(verdict, notes=remarks)
        if self.options.dry_run:
            return verdict
        matrix = compared(self.workspace, history, repeat, checked)
        original, writing = self._keep_original(candidate)
        files = (store_file(self._shelf, encoded), writing)
        columns = columns_of(checked, original, plain(self.options.annotator.strip()))

        def append(transaction: Transaction, history: History) -> Verdict:
            if is_known(history, repeat, encoded.sha256):
                return known
            append_reading(transaction, history, repeat, columns, matrix)
            return verdict

        return Later(files, append)

    def _annotator(self, history: History, candidate: Candidate) -> str:
        """Who drew it, as far as that is told; empty for whoever imports it."""
        said = plain(self.options.annotator.strip())
        return said or annotator_of(history, candidate.slice, candidate.bundle)

    def _append(
        self, checked: Checked, original: str, transaction: Transaction, history: History
    ) -> Verdict:
        plan = self._plan(history, checked)
        if not plan.writes:
            return plan.verdict
        accepted = plan.verdict.outcome == "accepted"
        what = "import" if accepted else "quarantine"
        event = transaction.event(what, current_round(history), note=checked.candidate.file)
        columns = columns_of(checked, original, self._annotator(history, checked.candidate))
        columns = with_claim(history, columns, transaction.who)
        remarks, figures = plan.remarks, checked.examined.figures
        if not self._noted:
            keep_names(transaction, history, event, self._names)
            self._noted = True
        if accepted:
            append_label(transaction, history, event, columns, remarks, figures)
        else:
            append_quarantined(transaction, event, columns, remarks, figures)
        return plan.verdict

    def _mend(self, current: Label, candidate: Candidate, encoded: Encoded) -> None:
        """Files of the current revision that were damaged since; whole ones stay.

        Raises Refusal, AltuiError.
        """
        files = [store_file(self._shelf, encoded)]
        if current.original and current.source_sha256 == candidate.source_sha256:
            files.append(self._keep_original(replace(candidate, file=current.original))[1])
        Later(tuple(files), lambda *_: _unchanged(candidate)).wait()

    def _keep_original(self, candidate: Candidate) -> tuple[str, Writing | None]:
        """Where it is kept, relative to the project, empty where there is none; and its file, if it
        is being written.
        """
        if candidate.original is None:
            return "", None
        digest = candidate.source_sha256
        if digest not in self._originals:  # one file may hold the masks of many slices
            self._originals[digest] = self._shelf.put_original(
                candidate.original, digest, candidate.file
            )
        return self._originals[digest]


def _wait(taken: list[tuple[Sequence[Checked], Verdict | Later]]) -> AltuiError | None:
    """Until all files are written. Files that were changed meanwhile are refused; masks whose files
    could not be written are struck out, and the first fault is returned.
    """
    fault = None
    kept: list[tuple[Sequence[Checked], Verdict | Later]] = []
    for group, one in taken:
        try:
            if isinstance(one, Later):
                one.wait()
            kept.append((group, one))
        except Refusal as refusal:
            candidate = group[0].candidate
            kept.append((group, refused(candidate.file, refusal, candidate.slice)))
        except AltuiError as error:
            fault = fault or error
    taken[:] = kept
    return fault


def _check_asked(history: History, slice_id: SliceId, unasked: bool) -> Remark | None:
    """Whether the current round wants a mask of the slice; labelled ones may be improved.
    `unasked`: others are wanted too.
    """
    if slice_id in history.current_labels:
        return None
    number = current_round(history)
    decision = slate(history, number).get(slice_id)
    if decision is not None and decision.state in ("proposed", "approved"):
        return None
    how = "was rejected in" if decision else "is not asked for in"
    before = SliceId(slice_id.sample, slice_id.index - 1)
    asked = slate(history, number).get(before)
    waited_for = asked is not None and asked.state == "approved"
    from_one = waited_for and before not in history.current_labels
    if unasked:
        return Remark("not-asked", f"{slice_id} {how} round {number}")
    return Remark(
        "not-asked",
        f"{slice_id} {how} round {number}; take it all the same with --unasked accept"
        + f"; or, if its name counts from 1, it is {before}, which is asked for: --slice {before}"
        * from_one,
    )


def _unchanged(candidate: Candidate) -> Verdict:
    return Verdict(
        candidate.file,
        "unchanged",
        "unchanged",
        "the same mask as the slice has",
        candidate.slice,
    )


def _again(taken: Verdict, file: str) -> Verdict:
    """The verdict on the same mask in another file: what could be taken in is in already."""
    message = f"the same mask as {plain(taken.file)}"
    if taken.outcome in ("accepted", "unchanged"):
        return Verdict(file, "unchanged", "unchanged", message, taken.slice)
    return replace(taken, file=file, message=message)


def _one_of_several(candidate: Candidate, candidates: Sequence[Candidate]) -> Verdict:
    # Some of them, for there may be thousands, and as many messages.
    some = [other.file for other in candidates[:NAMED] if other is not candidate]
    more = len(candidates) - 1 - len(some)
    others = ", ".join(map(plain, some)) + (f" and {more} more" if more else "")
    message = f"{candidate.slice} is also labelled, otherwise, by {others}; send one"
    return refused(candidate.file, Refusal("duplicate", message), candidate.slice)
