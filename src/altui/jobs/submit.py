"""A new job: its row in the store and its folder on disk, then its process."""

import shutil

from altui.errors import AltuiError
from altui.files import link_or_copy, make_folder, share, sync_folder
from altui.jobs import local
from altui.jobs.folder import (
    RESUMABLE,
    SPEC,
    JobFolder,
    JobResult,
    JobSpec,
    LabelSpec,
    SimulationSpec,
)
from altui.pretrained import check_weights
from altui.store.connection import Transaction
from altui.store.history import EndState, Label
from altui.text import plain
from altui.workspace import Workspace


def check_startable(workspace: Workspace) -> None:
    """Raises AltuiError where this altui cannot start the configured kind of job, or where it is
    plain that it would fail for want of its encoder's weights.
    """
    check_weights(workspace.config.model, workspace.root)
    if workspace.config.jobs.runner == "slurm":
        raise AltuiError(
            '[jobs] runner = "slurm": this version starts jobs on this machine only',
            'set runner = "local", or run altui inside an interactive Slurm allocation',
        )


def submit(
    workspace: Workspace,
    transaction: Transaction,
    round_number: int,
    labels: list[Label],
    previous: str | None,
) -> JobFolder:
    """Write a train job's row and folder within `transaction`; `local.launch` starts it.

    `previous`: the job with the last round's results. Where an attempt at the same training
    did not finish, the new job goes on from what that one left. Raises AltuiError.
    """
    spec = JobSpec(
        job=_next_id(transaction, "train"),
        kind="train",
        round=round_number,
        project=str(workspace.root),
        config=workspace.config,
        labels=tuple(
            LabelSpec(sample=one.sample, index=one.slice_index, path=one.path, revision=one.id)
            for one in labels
        ),
        previous=str((workspace.jobs / previous).relative_to(workspace.root)) if previous else None,
        signatures={one.name: workspace.signature(one) for one in workspace.config.samples},
    )
    folder = _begin(workspace, transaction, spec)
    for label in labels:
        transaction.insert("job_labels", job=spec.job, label=label.id)
    return folder


def submit_simulation(
    workspace: Workspace, transaction: Transaction, simulation: SimulationSpec
) -> JobFolder:
    """The same for a simulation, which belongs to no round: its number is 0."""
    spec = JobSpec(
        job=_next_id(transaction, "simulate"),
        kind="simulate",
        round=0,
        project=str(workspace.root),
        config=workspace.config,
        simulation=simulation,
    )
    return _begin(workspace, transaction, spec)


def _next_id(transaction: Transaction, kind: str) -> str:
    """Numbered over all kinds, so that a number alone names a job."""
    return f"{kind}-{len(transaction.history().jobs) + 1:03d}"


def _begin(workspace: Workspace, transaction: Transaction, spec: JobSpec) -> JobFolder:
    """The folder of a new job and its row. Raises AltuiError."""
    folder = JobFolder(workspace.jobs / spec.job)
    unfinished = _unfinished(workspace, transaction, spec)
    try:
        # Without a row the folder is what a killed altui left behind.
        shutil.rmtree(folder.path, ignore_errors=True)
        make_folder(workspace.jobs)
        folder.path.mkdir()
        share(folder.path)
        folder.write(SPEC, spec)
        if unfinished is not None:
            _link_resumable(unfinished, folder)
        sync_folder(workspace.jobs)
    except OSError as error:
        raise AltuiError(
            f"the job's folder {plain(folder.path)} could not be written: {error.strerror}",
            "free some space, or see who owns the folder",
        ) from None
    event = transaction.event("run", spec.round, note=spec.job)
    transaction.insert("jobs", id=spec.job, event=event, kind=spec.kind, round=spec.round)
    return folder


def _unfinished(workspace: Workspace, transaction: Transaction, spec: JobSpec) -> JobFolder | None:
    """The newest attempt at the same training; None where it finished: that one is repeated."""
    if spec.kind != "train":
        return None
    history, key = transaction.history(), spec.training_key()
    for row in reversed(history.jobs):
        folder = JobFolder(workspace.jobs / row.id)
        if (row.kind, row.round) != (spec.kind, spec.round):
            continue
        try:
            alike = folder.spec().training_key() == key
        except AltuiError:  # it never got one, or a later altui wrote it
            continue
        if alike:
            end = history.ends.get(row.id)
            return folder if end is None or end.state != "finished" else None
    return None


def _link_resumable(old: JobFolder, new: JobFolder) -> None:
    """What `old` had done, in `new` too. Each is written as a whole and renamed into place,
    so neither job changes the other's files. Raises OSError.
    """
    for name in RESUMABLE:
        path = old.path / name
        for file in (path, *path.rglob("*")):
            # What has a temporary name is half written.
            if file.is_file() and not file.name.startswith("."):
                target = new.path / file.relative_to(old.path)
                make_folder(target.parent)
                link_or_copy(file, target)


def launch(workspace: Workspace, folder: JobFolder) -> None:
    """Start a submitted job; a failure to start is recorded as its end. Raises AltuiError."""
    try:
        local.launch(folder)
    except AltuiError as error:
        with workspace.store.write() as transaction:
            end(transaction, folder.id, "failed", error.message, error.hint)
        raise


def end(
    transaction: Transaction,
    job: str,
    state: EndState,
    message: str = "",
    hint: str = "",
    result: JobResult | None = None,
) -> None:
    """Record how a job ended, with the times of its own clock where it left a result."""
    round_number = next(row.round for row in transaction.history().jobs if row.id == job)
    event = transaction.event(state, round_number, note=job)
    transaction.insert(
        "job_ends",
        job=job,
        event=event,
        state=state,
        started_at=result.started_at.isoformat(timespec="seconds") if result else None,
        ended_at=result.ended_at.isoformat(timespec="seconds") if result else None,
        message=message,
        hint=hint,
    )
