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


def has_job(context: Context) -> bool:
    return context.job is not None


def is_searching(context: Context) -> bool:
    return context.is_searching


JOBS = (
    Action("cancel", "c", "cancel", "stop this job", HERE, changing(can_cancel), "cancel it"),
    Action(
        "retry", "t", "try again", "start this job again", HERE, changing(can_retry), "try again"
    ),
    Action("search_log", "slash", "search", "search the log", HERE, has_job),
    Action("found_before", "comma", "found", "the place before in the log", HERE, is_searching),
    Action("found_after", "full_stop", "", "the place after in the log", HERE, is_searching),
    Action("follow_log", "f", "follow", "to the log's end, and on with it", HERE, has_job),
)
