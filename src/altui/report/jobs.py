"""Background jobs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from altui.report.tables import moment, printed
from altui.text import duration, plain, size

if TYPE_CHECKING:
    from altui.jobs.state import JobView


def jobs_text(jobs: Sequence["JobView"]) -> str:
    if not jobs:
        return "no jobs yet"
    rows = [
        (
            job.id,
            f"round {job.round}" if job.round else "–",
            job.state,
            job.stage or ("getting ready" if job.state == "running" else "–"),
            f"{100 * job.progress:.0f} %",
            duration(job.seconds_left) + " left" if job.seconds_left is not None else "",
            job.who,
            plain(job.message),
        )
        for job in jobs
    ]
    return printed(("job", "", "state", "stage", "done", "", "by", ""), rows, "    r")


def memory_text(job: "JobView") -> str:
    """'memory 2.3 GB, GPU 12.3 GB of 80.0 GB'; empty where nothing is known."""
    told = [f"memory {size(job.memory)}"] if job.memory else []
    if job.gpu_memory and job.gpu_total:
        told.append(f"GPU {size(job.gpu_memory)} of {size(job.gpu_total)}")
    return ", ".join(told)


def job_text(job: "JobView", log: Sequence[str]) -> str:
    lines = [
        f"{job.id}: {f'round {job.round}, ' if job.round else ''}{job.state}, "
        f"started {moment(job.created_at)} (UTC) by {plain(job.who)}"
    ]
    if job.stage:
        loss = f", loss {job.loss:.4f}" if job.loss is not None else ""
        memory = f", {memory_text(job)}" if memory_text(job) else ""
        lines.append(f"{job.stage}, step {job.step} of {job.steps}{loss}{memory}")
    if job.message:
        lines.append(plain(job.message))
    if job.hint:
        lines.append(f"  → {plain(job.hint)}")
    told = ["log:", *(f"  {line}" for line in log)] if log else ["nothing in the log yet"]
    return "\n".join([*lines, "", *told])
