"""Commands that start jobs and look after them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altui.cli.base import (
    Deed,
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    show,
)
from altui.errors import AltuiError
from altui.text import plain

if TYPE_CHECKING:
    from altui.project import Project


@click.command()
@project_argument
@click.option("--wait", is_flag=True, help="Follow the job with a progress bar until it ends.")
def run(project: Path, wait: bool) -> None:
    """Start the round's job: train, evaluate, score."""
    from altui.follow import follow
    from altui.pretrained import to_be_fetched

    opened = open_project(project)
    running = [job for job in opened.status().jobs if job.active and job.kind == "train"]
    if wait and running:
        job = running[-1].id
        say(f"{job} is running already; following it")
    else:
        job = opened.run()
        say(f"started {job}")
        say_strays(opened)
        say_classes(opened)
        if fetched := to_be_fetched(opened.config.model, opened.root):
            say(fetched)
    if not wait:
        say(f"follow it with: altui run {plain(project)} --wait")
        return
    ended = follow(opened, job)
    if ended.state != "finished":
        raise AltuiError(f"{ended.id} {ended.state}: {ended.message}", ended.hint)
    from altui.report.status import status_text

    show(status_text(opened.status()))


@click.command()
@project_argument
@click.argument("action", type=Deed(["list", "show", "log", "cancel", "retry"]), default="list")
@click.argument("job", required=False)
@json_option
def jobs(project: Path, action: str, job: str | None, as_json: bool) -> None:
    """Background jobs: list, show, log, cancel, retry."""
    from altui.report.jobs import job_text, jobs_text
    from altui.rounds.status import job_json

    opened = open_project(project)
    match action:
        case "list":
            every = opened.status().jobs
            if as_json:
                print_json([job_json(one) for one in every])
            else:
                show(jobs_text(every))
        case "show":
            one = opened.job(job)
            if as_json:
                print_json(job_json(one))
            else:
                show(job_text(one, opened.job_log(one.id)))
        case "log":
            lines = opened.job_log(opened.job(job).id, lines=10_000)
            if as_json:
                print_json(list(lines))
            else:
                show("\n".join(lines))
        case "cancel" | "retry":
            ended = opened.cancel(job) if action == "cancel" else opened.retry(job)
            if as_json:
                print_json(job_json(opened.job(ended)))
            say(f"{'cancelled' if action == 'cancel' else 'started'} {ended}")


def say_classes(project: "Project") -> None:
    """What the network is about to learn from. The job runs, so a fault here is only told."""
    from altui.report.status import class_lines

    try:
        for line in class_lines(project.labelled_pixels()):
            say(line)
    except AltuiError as error:
        say(f"but {error.message}")


def say_strays(project: "Project") -> None:
    from altui.report.status import stray_text

    strays = project.status().strays
    if strays:
        say(stray_text(strays))
