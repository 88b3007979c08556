"""Returned masks: each is checked and taken in, or refused, on its own."""

import hashlib
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from altui.errors import AltuiError
from altui.labels.intake import Candidate, Intake, Options
from altui.labels.names import find_slice
from altui.labels.read import read_mask
from altui.labels.returned import Returned, returned_files
from altui.labels.verdict import ImportReport, Refusal, Verdict, refused
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.volumes.stack import Stack
from altui.workspace import Workspace

__all__ = ["ImportReport", "import_from_oracle", "import_paths"]


def import_paths(
    workspace: Workspace,
    paths: Iterable[Path],
    *,
    dry_run: bool = False,
    unasked: bool = False,
    trust: bool = False,
) -> ImportReport:
    """Check every mask file under `paths` and take in the good ones.

    Each accepted mask is committed at once, so a kill in the middle loses none of those
    before it. Raises AltuiError for a path that is not there or holds no mask, and where
    nothing can be written.
    """
    with Intake(workspace, Options(dry_run, unasked, trust)) as intake:
        files, verdicts = returned_files(paths)
        for slice_id, group in _by_slice(workspace, files, verdicts).items():
            candidates = []
            for file in group:
                try:
                    candidates.append(_candidate(intake, file, slice_id))
                except Refusal as refusal:
                    verdicts.append(refused(file.name, refusal, slice_id))
            if candidates:
                verdicts += intake.take(candidates)
    return ImportReport(tuple(sorted(verdicts, key=lambda v: v.file)), dry_run)


def _by_slice(
    workspace: Workspace, files: list[Returned], verdicts: list[Verdict]
) -> dict[SliceId, list[Returned]]:
    """The files of each slice; those that name none are refused."""
    headers = workspace.headers.values()
    train = {header.name: header.slices for header in workspace.train}
    held_out = {header.name: header.split for header in headers if header.split != "train"}
    groups: dict[SliceId, list[Returned]] = {}
    for file in files:
        try:
            slice_id = find_slice(file.path, train, held_out)
        except Refusal as refusal:
            verdicts.append(refused(file.name, refusal))
        else:
            groups.setdefault(slice_id, []).append(file)
    return groups


def _candidate(intake: Intake, file: Returned, slice_id: SliceId) -> Candidate:
    """A file that can become the slice's label. Raises Refusal."""
    if file.role == "premask" and not intake.options.trust:
        raise Refusal(
            "unedited",
            "is the network's own prediction, as the bundle brought it; "
            "if it is right as it is, import it with --trust",
        )
    candidate = Candidate(file.name, slice_id, read_mask(file.path), file.sha256)
    intake.check(candidate)
    return candidate


def import_from_oracle(workspace: Workspace, *, dry_run: bool = False) -> ImportReport:
    """Take the missing masks of the round from the training samples' own masks.

    Raises AltuiError where a sample has none, or nothing is approved.
    """
    history = workspace.store.history()
    approved = slate(history, current_round(history)).approved
    if not approved:
        raise AltuiError("no slice is approved yet", "approve first: altui approve PROJECT --all")
    verdicts: list[Verdict] = []
    with Intake(workspace, Options(dry_run, trust=True)) as intake, ExitStack() as opened:
        stacks: dict[str, Stack] = {}
        for slice_id in approved:
            masks = workspace.sample(slice_id.sample).masks
            source = f"{masks}#{slice_id.index}" if masks else str(slice_id)
            label = history.current_labels.get(slice_id)
            if label is not None:
                message = f"has a label already: revision {label.id}"
                verdicts.append(Verdict(source, "unchanged", "labelled", message, slice_id))
                continue
            if slice_id.sample not in stacks:
                stacks[slice_id.sample] = opened.enter_context(workspace.masks(slice_id.sample))
            mask = stacks[slice_id.sample].read(slice_id.index)
            digest = hashlib.sha256(np.ascontiguousarray(mask).tobytes()).hexdigest()
            candidate = Candidate(source, slice_id, mask, digest)
            try:
                intake.check(candidate)
                verdicts += intake.take([candidate])
            except Refusal as refusal:
                verdicts.append(refused(source, refusal, slice_id))
    return ImportReport(tuple(verdicts), dry_run)
