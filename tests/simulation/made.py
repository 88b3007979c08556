"""A simulation as its job would have left it, without trainings."""

from collections.abc import Mapping, Sequence

from altui.jobs.folder import SPEC, JobFolder, JobSpec, SimulationSpec
from altui.project import Project
from altui.simulation.records import Experiment, Full, Point, Rows


def add_simulation(
    project: Project,
    curves: Mapping[str, Sequence[float]],
    full: float | None = None,
    budget: int = 3,
) -> str:
    """Its id; `curves`: test mIoU by round of each strategy, one seed each."""
    with project.workspace.store.write() as transaction:
        job = f"simulate-{len(transaction.history().jobs) + 1:03d}"
        event = transaction.event("simulate", note=job)
        transaction.insert("jobs", id=job, event=event, kind="simulate", round=0)
        ended = transaction.event("finished", note=job)
        transaction.insert("job_ends", job=job, event=ended, state="finished")
    folder = JobFolder(project.workspace.jobs / job)
    folder.path.mkdir(parents=True)
    rounds = max(map(len, curves.values()), default=0)
    wish = SimulationSpec(rounds=rounds, strategies=tuple(curves), full=full is not None)
    folder.write(
        SPEC,
        JobSpec(
            job=job,
            kind="simulate",
            round=0,
            project=str(project.root),
            config=project.config,
            simulation=wish,
        ),
    )
    rows_of(curves, full, budget).save(folder.path)
    return job


def rows_of(curves: Mapping[str, Sequence[float]], full: float | None, budget: int) -> Rows:
    experiments = tuple(
        Experiment(
            strategy=name,
            seed=0,
            rounds=tuple(
                Point(
                    round=number,
                    labelled=budget * number,
                    miou={"test": miou},
                    class_iou={},
                    node=f"{name}-{number}",
                    slices=(),
                )
                for number, miou in enumerate(mious, start=1)
            ),
        )
        for name, mious in curves.items()
    )
    whole = (
        ()
        if full is None
        else (Full(seed=0, labelled=36, miou={"test": full}, class_iou={}, node="full"),)
    )
    return Rows(experiments=experiments, full=whole, test_uses=0)
