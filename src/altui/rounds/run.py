"""Start a round's job, stop it, start it again."""

from collections.abc import Sequence

from altui.choose import check_committee
from altui.errors import AltuiError
from altui.jobs import local
from altui.jobs.folder import JobFolder
from altui.jobs.state import JobView, views
from altui.jobs.submit import check_startable, end, launch, submit
from altui.query.strategies import strategy_named
from altui.rounds.classes import check_ids
from altui.rounds.quarantine import waiting_masks
from altui.rounds.simulate import stop_trainings, try_again
from altui.rounds.state import current_round, latest_job, missing_masks, results_job, slate
from altui.slices import SliceId
from altui.store.history import History, Label
from altui.text import count, listing, plain
from altui.workspace import Workspace


def run_round(workspace: Workspace, again: bool = False) -> str:
    """Start the current round's job in the background and return its id; `again`: even
    where the round has its results, which the new job's will replace. Raises AltuiError.
    """
    check_startable(workspace)
    workspace.check_present()
    # Its scores are for the next proposals, and a training too late to find that they lack some.
    check_committee(workspace.config, strategy_named(workspace.config.query.strategy))
    with workspace.store.write() as transaction:
        history = transaction.history()
        number = current_round(history)
        check_ready(workspace, history, number, again)
        check_ids(history, workspace.config.classes.names)
        labels = training_labels(workspace, history)
        folder = submit(workspace, transaction, number, labels, results_job(history, number - 1))
    launch(workspace, folder)
    return folder.id


def check_ready(workspace: Workspace, history: History, number: int, again: bool) -> None:
    """Raises AltuiError, saying what is still to do, unless the round can be trained."""
    if number == 0:
        raise AltuiError("nothing is proposed yet", "make proposals: altui propose PROJECT")
    if results_job(history, number) is not None and not again:
        raise AltuiError(
            f"round {number} has its results already",
            "propose the next: altui propose PROJECT; to train it once more: "
            "altui jobs PROJECT retry",
        )
    job = latest_job(views(workspace.jobs, history), number)
    if job is not None and job.active:
        raise AltuiError(
            f"round {number} is running already ({job.id})", "follow it: altui run PROJECT --wait"
        )
    own = slate(history, number)
    undecided = own.in_state("proposed")
    if undecided:
        raise AltuiError(
            f"{count(len(undecided), 'proposal')} of round {number} are undecided: "
            f"{listing(d.slice for d in undecided)}",
            "approve or reject them first: altui approve PROJECT --all",
        )
    missing = missing_masks(history, own)
    doubted = waiting_masks(history)
    if missing and all(one in doubted for one in missing):
        raise AltuiError(
            f"{_masks(missing)} in quarantine for round {number}: {listing(missing)}",
            "look and decide: altui quarantine PROJECT accept, or refuse; to train without a "
            "slice: altui reject PROJECT SLICE --no-replacement",
        )
    if missing:
        raise AltuiError(
            f"{_masks(missing)} not in yet for round {number}: {listing(missing)}",
            "import them: altui import-labels PROJECT PATH; to train without a slice: "
            "altui reject PROJECT SLICE --no-replacement",
        )
    if not history.current_labels:
        raise AltuiError("no slice is labelled yet", "import masks first")


def _masks(missing: Sequence[SliceId]) -> str:
    return f"{count(len(missing), 'mask')} {'is' if len(missing) == 1 else 'are'}"


def training_labels(workspace: Workspace, history: History) -> list[Label]:
    """The latest revision of every labelled training slice, in the samples' order.

    Raises AltuiError where a label's file is gone.
    """
    order = {header.name: place for place, header in enumerate(workspace.train)}
    labels = [one for one in history.current_labels.values() if workspace.holds(one.slice)]
    gone = [label for label in labels if not (workspace.root / label.path).is_file()]
    if gone:
        raise AltuiError(
            f"the label of {listing(label.slice for label in gone)} is gone: "
            f"{plain(gone[0].path)} is not there",
            "bring .altui/labels back from a backup, or import the masks again",
        )
    return sorted(labels, key=lambda label: (order[label.sample], label.slice_index))


def find_job(workspace: Workspace, history: History, name: str | None) -> JobView:
    """A job by its id, or by its number alone; the latest without a name. Raises AltuiError."""
    jobs = views(workspace.jobs, history)
    if not jobs:
        raise AltuiError("there are no jobs yet", "start the round's job: altui run PROJECT")
    if name is None:
        return jobs[-1]
    for job in jobs:
        number = job.id.rpartition("-")[2]
        if name == job.id or name.isdigit() and name.lstrip("0") == number.lstrip("0"):
            return job
    raise AltuiError(
        f'no job is named "{plain(name)}"', f"the jobs are {listing(job.id for job in jobs)}"
    )


def cancel(workspace: Workspace, name: str | None = None) -> str:
    """Stop a job and record who did; returns its id. Raises AltuiError."""
    with workspace.store.write() as transaction:
        job = find_job(workspace, transaction.history(), name)
        if not job.active and job.state != "lost":
            raise AltuiError(f"{job.id} is {job.state}: there is nothing to cancel")
        folder = JobFolder(workspace.jobs / job.id)
        if folder.result() is not None:
            raise AltuiError(f"{job.id} has just ended: its results are in")
        local.check_stoppable(folder)
        end(transaction, job.id, "cancelled", f"cancelled by {transaction.who}")
    local.stop(folder)
    if job.kind == "simulate":
        stop_trainings(workspace)  # those that a killed one has left behind too
    return job.id


def retry(workspace: Workspace, name: str | None = None) -> str:
    """Start the current round's job, or a simulation, again, as a new job; returns its id.

    Raises AltuiError.
    """
    history = workspace.store.history()
    job = find_job(workspace, history, name)
    if job.active:
        raise AltuiError(f"{job.id} is {job.state}: there is nothing to try again")
    if job.kind == "simulate":
        return try_again(workspace, job.id)
    if job.round != current_round(history):
        raise AltuiError(
            f"{job.id} was for round {job.round}, which is over",
            f"round {current_round(history)} is trained by: altui run PROJECT",
        )
    return run_round(workspace, again=True)
