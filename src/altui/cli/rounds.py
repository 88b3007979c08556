"""Commands of the round: where it stands, its proposals, and what is decided on them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altui.cli.base import (
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    say_next,
    show,
)
from altui.text import listing, with_project

if TYPE_CHECKING:
    from altui.rounds.decide import Decided


@click.command()
@project_argument
@json_option
def status(project: Path, as_json: bool) -> None:
    """Rounds, mIoU, stopping verdict, jobs, and what to do next."""
    from altui.report.status import status_text

    found = open_project(project).status()
    if as_json:
        print_json(found.to_json())
    else:
        show(status_text(found))


@click.command()
@project_argument
@click.option("--strategy", help="A query strategy; see: altui strategies.")
@click.option("--round", "number", type=int, metavar="N", help="Only show it, for round N.")
@json_option
def propose(project: Path, strategy: str | None, number: int | None, as_json: bool) -> None:
    """Propose slices for this round, or the next one."""
    from altui.report.proposals import proposals_text, shown_text

    opened = open_project(project)
    if number is not None:
        shown = opened.show_round(number, strategy)
        if as_json:
            print_json(shown.to_json())
        else:
            show(shown_text(shown))
        for line in filter(None, (shown.batch.shortfall, shown.note)):
            say(with_project(line, project))
        return
    proposals = opened.propose(strategy)
    if as_json:
        print_json(proposals.to_json())
    else:
        show(proposals_text(proposals))
    if proposals.shortfall:
        say(proposals.shortfall)


@click.command()
@project_argument
@click.argument("slices", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every undecided proposal.")
def approve(project: Path, slices: tuple[str, ...], everything: bool) -> None:
    """Approve proposals: SLICE… or --all."""
    if bool(slices) == everything:
        raise click.UsageError("give slices such as screw03:412, or --all")
    opened = open_project(project)
    decided = opened.approve_all() if everything else opened.approve(*slices)
    tell(decided, "approved")
    say_next(opened)


@click.command()
@project_argument
@click.argument("slices", nargs=-1, required=True)
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--no-replacement", is_flag=True, help="Put no other slice in its place.")
def reject(project: Path, slices: tuple[str, ...], reason: str, no_replacement: bool) -> None:
    """Reject proposals; the next best take their places."""
    opened = open_project(project)
    decided = opened.reject(*slices, reason=reason, replacement=not no_replacement)
    tell(decided, "rejected")
    if decided.replacements:
        say(f"proposed instead: {listing(decided.replacements)}")
    if decided.shortfall:
        say(decided.shortfall)


@click.command()
@project_argument
@click.argument("slice_name", metavar="SLICE")
@click.option("--instead-of", metavar="SLICE", help="The proposal whose place it takes.")
def pick(project: Path, slice_name: str, instead_of: str | None) -> None:
    """Take a slice into the round by hand, approved."""
    opened = open_project(project)
    decided = opened.pick(slice_name, instead_of)
    tell(decided, "picked" if decided.what == "pick" else "approved")
    for note in decided.notes:
        say(f"{slice_name} {note}")
    say_next(opened)


@click.command()
@project_argument
def undo(project: Path) -> None:
    """Take back your latest decision in this round."""
    decided = open_project(project).undo()
    say(f"undone: {decided.said}")


def tell(decided: "Decided", verb: str) -> None:
    if decided.changed:
        say(f"{verb} {listing(decided.changed, shown=12)}")
    if decided.already:
        say(f"{verb} already: {listing(decided.already, shown=12)}")
    if not decided.changed and not decided.already:
        say("nothing was left to decide")
