"""`altui run --wait`, `altui simulate --wait`: watch a job until it ends."""

import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from altui.jobs.state import JobView
from altui.project import Project
from altui.text import duration

POLL_SECONDS = 0.5
STAGE_SECONDS = 30.0  # where there is no terminal: a line so often


Lines = Callable[[], Sequence[str]]


def follow(project: Project, job: str, lines: Lines = tuple) -> JobView:
    """Show a job's progress on stderr until it has ended and is collected.

    `lines`: what the job has to tell so far; new ones are shown as they come. An interrupt
    stops the watching, never the job.
    """
    console = Console(stderr=True, highlight=False)
    show = _bar if console.is_terminal else _lines
    try:
        return show(project, job, console, lines)
    except KeyboardInterrupt:
        console.print(f"{job} goes on in the background", markup=False)
        raise


def _watch(project: Project, job: str, console: Console, lines: Lines) -> Iterator[JobView]:
    told: set[str] = set()
    while True:
        project.refresh()
        view = project.job(job)
        for line in lines():
            if line not in told:
                console.print(line, markup=False, soft_wrap=True)
                told.add(line)
        yield view
        ended = not view.collected and not project.workspace.store.writable
        if ended or not view.active:
            return
        time.sleep(POLL_SECONDS)


def _bar(project: Project, job: str, console: Console, lines: Lines) -> JobView:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rest]}", markup=False),
    )
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        task = progress.add_task(job, total=1.0, rest="starting")
        for view in _watch(project, job, console, lines):
            progress.update(task, completed=view.progress, rest=_rest(view))
        return view


def _lines(project: Project, job: str, console: Console, lines: Lines) -> JobView:
    """For logs and pipes: a line at each new stage, and every half minute."""
    said, stage = 0.0, ("", "")
    for view in _watch(project, job, console, lines):
        here = (view.state, view.stage or "")
        if here != stage or time.monotonic() - said > STAGE_SECONDS:
            said, stage = time.monotonic(), here
            console.print(_line(view), markup=False, soft_wrap=True)
    return view


def _line(view: JobView) -> str:
    if not (view.active and view.stage):
        return f"{view.id} {'starting' if view.state == 'running' else view.state}"
    return f"{view.id} {100 * view.progress:.0f} %, {_rest(view)}"


def _rest(view: JobView) -> str:
    if not view.stage:
        return view.state
    parts = [f"{view.stage} {view.step}/{view.steps}"]
    if view.loss is not None:
        parts.append(f"loss {view.loss:.3f}")
    if view.seconds_left is not None:
        parts.append(f"{duration(view.seconds_left)} left")
    return ", ".join(parts)
