"""Bring ended jobs' results into the store and make the next proposals."""

import json
from contextlib import suppress

from altui.errors import AltuiError
from altui.jobs.folder import JobFolder, JobResult
from altui.jobs.submit import end
from altui.rounds.changes import settings_of
from altui.rounds.propose import fill_round
from altui.rounds.results import round_results
from altui.rounds.state import current_round
from altui.rounds.status import stopping_verdict
from altui.store.connection import Transaction
from altui.store.history import History, JobRow
from altui.workspace import Workspace


def collect(workspace: Workspace) -> tuple[str, ...]:
    """Collect every job that has ended since; returns their ids.

    Whoever runs altui next does it. A job is collected once, in one transaction with the
    next round's proposals, so a kill at any moment leaves either nothing or all of it.
    Raises AltuiError.
    """
    if not workspace.store.writable or not _ended(workspace, workspace.store.history()):
        return ()
    collected = []
    with workspace.write() as transaction:
        # Looked up again under the lock: another altui may have been faster.
        for row, result in _ended(workspace, transaction.history()):
            _take_in(workspace, transaction, row, result)
            collected.append(row.id)
    return tuple(collected)


def _ended(workspace: Workspace, history: History) -> list[tuple[JobRow, JobResult]]:
    """Jobs with a result and no recorded end."""
    found = []
    for row in history.open_jobs:
        folder = JobFolder(workspace.jobs / row.id)
        try:
            result = folder.result()
        except AltuiError:
            continue  # shown as failed, but not for good: the file may be mended
        if result is not None:
            found.append((row, result))
    return found


def _take_in(
    workspace: Workspace, transaction: Transaction, row: JobRow, result: JobResult
) -> None:
    end(transaction, row.id, result.state, result.message, result.hint, result)
    if result.state != "finished" or row.kind != "train":
        return
    for split, samples in result.confusions.items():
        for sample, matrix in samples.items():
            transaction.insert(
                "confusions", job=row.id, split=split, sample=sample, matrix=json.dumps(matrix)
            )
    if result.stability is not None:
        transaction.insert("stability", job=row.id, matrix=json.dumps(result.stability))
    with suppress(AltuiError):  # a spec that is gone; its settings stay unknown
        settings = settings_of(JobFolder(workspace.jobs / row.id).spec())
        transaction.insert("job_settings", job=row.id, settings=json.dumps(settings))
    history = transaction.history()
    if row.round != current_round(history):
        return
    results = round_results(history, workspace)
    if stopping_verdict(history, workspace, results).verdict != "stop":
        propose_next(workspace, transaction, row.round + 1)


def propose_next(workspace: Workspace, transaction: Transaction, number: int) -> None:
    """The next round's proposals; where the strategy finds none the round stays evaluated,
    and `altui propose` says why.
    """
    transaction.db.execute("SAVEPOINT proposals")
    try:
        fill_round(workspace, transaction, number, None)
    except AltuiError as error:
        transaction.db.execute("ROLLBACK TO proposals")
        transaction.event("no proposals", number - 1, note=error.message)
    transaction.db.execute("RELEASE proposals")
