"""A finished job as a worker would have left it, without training."""

import json

import numpy as np

from altui import Project
from altui.jobs.folder import SCORES, JobFolder, JobResult, now
from altui.query.components import Components


def finish_round(
    project: Project, test_hits: int = 60, seed: int = 0, alike: int | None = None
) -> str:
    """Approve and label the round, and put a job with a result in place; not collected yet.

    `alike`: pixels of 100 of each class that are predicted as in the round before; None
    where nothing was compared.
    """
    project.approve_all()
    project.import_from_oracle()
    workspace = project.workspace
    number = project.status().round
    with workspace.store.write() as transaction:
        job = f"train-{len(transaction.history().jobs) + 1:03d}"
        event = transaction.event("run", number, note=job)
        transaction.insert("jobs", id=job, event=event, kind="train", round=number)
        for label in transaction.history().current_labels.values():
            transaction.insert("job_labels", job=job, label=label.id)
    write_result(project, job, test_hits, seed, alike)
    return job


def write_result(
    project: Project, job: str, test_hits: int, seed: int = 0, alike: int | None = None
) -> None:
    folder = JobFolder(project.workspace.jobs / job)
    folder.path.mkdir(parents=True, exist_ok=True)
    headers = project.workspace.train
    sample = np.repeat(np.arange(len(headers)), [h.slices for h in headers]).astype(np.int32)
    index = np.concatenate([np.arange(h.slices) for h in headers]).astype(np.int32)
    scores = np.random.default_rng(seed).random(len(index)).astype(np.float32)
    Components(
        tuple(header.name for header in headers), sample, index, {"entropy_mean": scores}
    ).save(folder.path / SCORES)
    matrix = two_confused(test_hits)
    folder.write(
        "result.json",
        JobResult.model_validate_json(
            json.dumps(
                {
                    "state": "finished",
                    "started_at": now().isoformat(),
                    "ended_at": now().isoformat(),
                    "confusions": {
                        "validation": {"v1": matrix},
                        "test": dict.fromkeys(("t1", "t2", "t3"), matrix),
                    },
                    "stability": None if alike is None else two_confused(alike),
                }
            )
        ),
    )


def two_confused(hits: int) -> list[list[int]]:
    """Pixels of three classes, of which two are taken for each other."""
    return [[hits, 100 - hits, 0], [100 - hits, hits, 0], [0, 0, 100]]
