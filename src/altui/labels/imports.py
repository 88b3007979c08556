"""Returned masks: each is checked and taken in, or refused, on its own."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from altui.codes import level_of
from altui.errors import AltuiError
from altui.labels.checks.remark import Remark
from altui.labels.find import Finding, Found
from altui.labels.formats.base import Masks
from altui.labels.intake import Candidate, Checked, Intake, Options
from altui.labels.pipeline import batches, in_order
from altui.labels.read import Reader
from altui.labels.returned import Returned
from altui.labels.scratch import Scratch
from altui.labels.verdict import ImportReport, Refusal, Verdict, refused
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.text import count, plain
from altui.volumes.stack import Stack
from altui.workspace import Workspace

__all__ = ["ImportReport", "import_from_oracle", "import_paths"]

Mask = npt.NDArray[np.integer]
# Of a bundle that was made for one, where the file does not say it itself.
TOOLS = {"napari": "napari", "itk-snap": "ITK-SNAP", "cvat": "CVAT", "label-studio": "Label Studio"}
UNTOLD = ("", "tifffile.py")  # a library that many tools save with
DIGITS = re.compile(r"[0-9]+")
STRAY = "altui.toml has no such training slice any more: mend it, or reject the slice"
ROOM = 1 << 30  # bytes to unpack archives to, beyond what the project's own masks take


def import_paths(
    workspace: Workspace,
    paths: Iterable[Path],
    *,
    dry_run: bool = False,
    unasked: bool = False,
    trust: bool = False,
    slice_id: SliceId | None = None,
    annotator: str = "",
) -> ImportReport:
    """Check every mask under `paths` and take in the good ones; `slice_id` says which slice
    the only mask there labels.

    Masks are taken in some at a time: a kill in the middle loses none of those before, and no
    mask is said to be accepted that is not committed. Raises AltuiError for a path that is not
    there or holds no mask, where nothing can be written, and for several masks with one
    `slice_id`.
    """
    room = ROOM + 8 * sum(one.slices * one.height * one.width for one in workspace.train)
    options = Options(dry_run, unasked, trust, annotator)
    with Intake(workspace, options) as intake, Scratch(room) as scratch:
        reader = Reader(workspace.config)
        wanted = unasked or level_of("not-asked", workspace.config.masks_in.checks) == "note"
        finding = Finding(workspace, reader, unasked=wanted)
        finding.find(paths, scratch, slice_id)
        _pass_over_own(finding)
        verdicts = finding.verdicts
        check = partial(_checked, intake, reader, finding)
        for batch in batches(in_order(check, finding.groups.values())):
            verdicts += [verdict for _, refusals in batch for verdict in refusals]
            verdicts += intake.take(checked for checked, _ in batch if checked)
    return ImportReport(
        tuple(sorted(verdicts, key=_place)), dry_run, tuple(finding.notes), finding.passed_over
    )


def _place(verdict: Verdict) -> tuple[str, str]:
    """Sorts slice 2 of a stack before slice 10; numbers may be of any length."""
    numbers = (match.lstrip("0") for match in DIGITS.findall(verdict.file))
    padded = (f"{len(number):05d}{number}" for number in numbers)
    return DIGITS.sub(lambda _: next(padded), verdict.file), verdict.file


def _pass_over_own(finding: Finding) -> None:
    """The bundle's own masks, of slices that others are of too: those are the work."""
    passed = 0
    for slice_id, group in finding.groups.items():
        edited = [found for found in group if found.file.role != "premask"]
        if edited:
            passed += len(group) - len(edited)
            finding.groups[slice_id] = edited
    if passed:
        finding.notes.append(
            f"{count(passed, 'mask')} of the bundle passed over: others of the slices lie beside"
        )


def _checked(
    intake: Intake, reader: Reader, finding: Finding, group: Sequence[Found]
) -> tuple[list[Checked], list[Verdict]]:
    """What came back for one slice, decoded and checked; and verdicts on what goes no further."""
    checked: list[Checked] = []
    verdicts: list[Verdict] = []
    for found in group:
        try:
            candidate, mask = _candidate(intake, reader, found)
            if not found.whole or finding.is_asked(found.slice) or mask.any():
                checked.append(intake.check(candidate, mask))
        except Refusal as refusal:
            verdicts.append(refused(found.name, refusal, found.slice))
    return checked, verdicts


def _candidate(intake: Intake, reader: Reader, found: Found) -> tuple[Candidate, Mask]:
    """A decoded mask, where it comes from and what its file gives away. Raises Refusal."""
    file = found.file
    header = intake.workspace.headers.get(found.slice.sample)
    if header is None:
        raise Refusal("no-such-slice", f'there is no sample "{plain(found.slice.sample)}"')
    masks = reader.open(file.source)
    mask = reader.mask(file, masks, found.index, header)
    remarks = []
    if file.role == "premask":
        remarks.append(
            Remark("unedited", "is the network's own prediction, as the bundle brought it")
        )
    if found.whole and not mask.any():
        remarks.append(Remark("unlabelled", "is empty: nobody seems to have labelled it yet"))
    candidate = Candidate(
        found.name,
        found.slice,
        file.sha256,
        file.packed or file.source.path,
        tool=tool_of(file, masks),
        minutes=masks.minutes_of(found.index),
        bundle=file.manifest.bundle if file.manifest else "",
        remarks=tuple(remarks),
    )
    return candidate, mask


def tool_of(file: Returned, masks: Masks) -> str:
    """What wrote a file: by what lies beside it, by itself, or by what its bundle was for."""
    if file.cvat:
        return "CVAT"
    made_for = TOOLS.get(file.manifest.tool) if file.manifest else None
    return made_for if made_for and masks.tool in UNTOLD else plain(masks.tool)


def import_from_oracle(workspace: Workspace, *, dry_run: bool = False) -> ImportReport:
    """Take the missing masks of the round from the training samples' own masks.

    Raises AltuiError where a sample has none, or nothing is approved.
    """
    history = workspace.store.history()
    approved = slate(history, current_round(history)).approved
    if not approved:
        raise AltuiError("no slice is approved yet", "approve first: altui approve PROJECT --all")
    masks_of = {sample.name: sample.masks for sample in workspace.config.samples}
    verdicts: list[Verdict] = []
    with Intake(workspace, Options(dry_run, trust=True)) as intake, ExitStack() as opened:
        stacks: dict[str, Stack] = {}
        checked: list[list[Checked]] = []
        for slice_id in approved:
            masks = masks_of.get(slice_id.sample)
            source = f"{masks}#{slice_id.index}" if masks else str(slice_id)
            label = history.current_labels.get(slice_id)
            if label is not None:
                message = f"has a label already: revision {history.numbers[label.id]}"
                verdicts.append(Verdict(source, "unchanged", "labelled", message, slice_id))
                continue
            if not workspace.holds(slice_id):
                verdicts.append(refused(source, Refusal("no-such-slice", STRAY), slice_id))
                continue
            if slice_id.sample not in stacks:
                stacks[slice_id.sample] = opened.enter_context(workspace.masks(slice_id.sample))
            mask = stacks[slice_id.sample].read(slice_id.index)
            digest = hashlib.sha256(np.ascontiguousarray(mask).tobytes()).hexdigest()
            try:
                checked.append([intake.check(Candidate(source, slice_id, digest), mask)])
            except Refusal as refusal:
                verdicts.append(refused(source, refusal, slice_id))
        verdicts += intake.take(checked)
    return ImportReport(tuple(verdicts), dry_run)
