"""The command for masks in doubt."""

from pathlib import Path

import click

from altui.cli.base import (
    Deed,
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    say_next,
    show,
)
from altui.errors import AltuiError
from altui.text import listing


@click.command()
@project_argument
@click.argument("action", type=Deed(["list", "accept", "refuse"]), default="list")
@click.argument("slices", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every mask that waits.")
@click.option("--reason", default="", help="Why it is refused, for the record.")
@click.option("--decided", is_flag=True, help="Also list those that no longer wait.")
@json_option
def quarantine(
    project: Path,
    action: str,
    slices: tuple[str, ...],
    everything: bool,
    reason: str,
    decided: bool,
    as_json: bool,
) -> None:
    """Masks in doubt: list; accept or refuse SLICE… or --all."""
    from altui.report.labels import quarantine_text

    opened = open_project(project)
    if action == "list":
        if slices or everything:
            raise click.UsageError("list takes no slices; did you mean accept or refuse?")
        masks = opened.quarantined(every=decided)
        if as_json:
            print_json([one.to_json() for one in masks])
        else:
            show(quarantine_text(masks))
        return
    if bool(slices) == everything:
        raise click.UsageError("give slices such as screw03:412, or --all")
    which = slices or opened.quarantined()
    if not which:
        raise AltuiError("no mask is in quarantine")
    if action == "accept":
        if reason:
            raise click.UsageError("--reason is for refuse")
        done = opened.accept_quarantined(*which)
    else:
        done = opened.refuse_quarantined(*which, reason=reason)
    if as_json:
        print_json([one.to_json() for one in done])
    say(f"{done[0].state} {listing(one.slice for one in done)}")
    say_next(opened)
