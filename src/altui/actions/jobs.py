"""The actions of the Jobs screen."""

from altui.actions.action import Action, Context, changing

HERE = ("jobs",)


def can_cancel(context: Context) -> bool:
    return context.job is not None and (context.job.active or context.job.state == "lost")


def can_retry(context: Context) -> bool:
    status, job = context.snapshot.status, context.job
    if job is None or job.state not in ("failed", "lost", "cancelled"):
        return False
    if job.kind == "simulate":
        return not any(other.kind == "simulate" and other.active for other in status.jobs)
    return job.round == status.round and status.state in ("labelled", "failed")


JOBS = (
    Action("cancel", "c", "cancel", "stop this job", HERE, changing(can_cancel), "cancel it"),
    Action(
        "retry", "t", "try again", "start this job again", HERE, changing(can_retry), "try again"
    ),
)
