"""Commands for masks: bundles out, labels in, and their history."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altui.cli.base import (
    PLACE,
    Number,
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    say_next,
    show,
)
from altui.text import count, listing, plain, with_project

if TYPE_CHECKING:
    from altui.labels.bundle import ToolName


@click.command()
@project_argument
@click.argument("slices", nargs=-1)
@click.option("--to", required=True, type=PLACE, help="A new folder.")
@click.option(
    "--for",
    "tool",
    type=click.Choice(["tiff", "napari", "cvat", "label-studio", "itk-snap"]),
    default="tiff",
    show_default=True,
    help="What is to open it.",
)
@click.option("--annotator", metavar="NAME", default="", help="Only their share, now theirs.")
@click.option("--most", type=click.IntRange(1), metavar="N", help="That many slices at most.")
@click.option(
    "--repeat",
    type=Number(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Labelled slices to go out again, unmarked, as a share of the others, such as 0.05.",
)
@click.option(
    "--context",
    type=click.IntRange(0, 50),
    default=2,
    show_default=True,
    help="Neighbours along z on each side.",
)
@json_option
def export(
    project: Path,
    slices: tuple[str, ...],
    to: Path,
    tool: "ToolName",
    annotator: str,
    most: int | None,
    repeat: float,
    context: int,
    as_json: bool,
) -> None:
    """Write the round's bundle for annotators, or of some SLICES."""
    bundle = open_project(project).export(
        to,
        *slices,
        tool=tool,
        annotator=annotator,
        most=most,
        repeat=repeat,
        context=context,
    )
    if as_json:
        print_json(bundle.to_json())
    else:
        click.echo(plain(bundle.folder))
    say(
        f"round {bundle.round}: {count(len(bundle.slices), 'slice')}, "
        f"{count(bundle.premasks, 'mask')} to start from"
        + f", claimed by {bundle.annotator}"
        * bool(bundle.annotator)
    )
    if repeat:
        out = f"{count(bundle.repeats, 'slice')} of them labelled already, as only you are told"
        say(out if bundle.repeats else "no slice of an earlier round is labelled yet to repeat")


@click.command()
@project_argument
@click.argument("annotator", metavar="NAME")
@click.argument("slices", nargs=-1, required=True)
def assign(project: Path, annotator: str, slices: tuple[str, ...]) -> None:
    """Have NAME label approved slices."""
    opened = open_project(project)
    before = {one.slice: one for one in opened.claims()}
    claims = opened.assign_all(slices, annotator)
    say(f"claimed by {claims[0].annotator}: {listing(one.slice for one in claims)}")
    for claim in claims:
        lost = before.get(claim.slice)
        if lost is not None and lost.annotator != claim.annotator:
            has = ", and is in a bundle of theirs: tell them" if lost.bundle else ""
            say(f"{claim.slice} was {lost.annotator}'s{has}")


@click.command()
@project_argument
@click.argument("slices", nargs=-1, required=True)
def release(project: Path, slices: tuple[str, ...]) -> None:
    """Let go of claims: anyone may label the slices."""
    say(f"released: {listing(open_project(project).release(*slices))}")


@click.command("import-labels")
@project_argument
@click.argument("paths", nargs=-1, type=PLACE)
@click.option("--from-oracle", is_flag=True, help="Take the training samples' own masks.")
@click.option("--dry-run", is_flag=True, help="Print the verdicts and change nothing.")
@click.option("--trust", is_flag=True, help="Take masks that would be quarantined.")
@click.option(
    "--unasked",
    type=click.Choice(["accept", "refuse"]),
    default="refuse",
    show_default=True,
    help="Masks of slices that the round did not ask for.",
)
@click.option("--annotator", metavar="NAME", default="", help="Who drew them, if not you.")
@click.option("--slice", "slice_name", metavar="SAMPLE:INDEX", help="What the one mask labels.")
@json_option
def import_labels(
    project: Path,
    paths: tuple[Path, ...],
    from_oracle: bool,
    dry_run: bool,
    trust: bool,
    unasked: str,
    annotator: str,
    slice_name: str | None,
    as_json: bool,
) -> None:
    """Check returned masks; take in the good ones."""
    from altui.report.imports import import_text
    from altui.report.tables import columns
    from altui.slices import SliceId

    if bool(paths) == from_oracle:
        raise click.UsageError("give files or folders with masks, or --from-oracle")
    if slice_name and from_oracle:
        raise click.UsageError("--slice is for a mask in a file, not for --from-oracle")
    if annotator and from_oracle:
        raise click.UsageError("--annotator is who drew a file's mask, not the oracle's")
    slice_id = SliceId.parse(slice_name) if slice_name else None
    opened = open_project(project)
    if from_oracle:
        report = opened.import_from_oracle(dry_run=dry_run)
    else:
        report = opened.import_labels(
            *paths,
            dry_run=dry_run,
            unasked=unasked == "accept",
            trust=trust,
            slice_id=slice_id,
            annotator=annotator,
        )
    if as_json:
        print_json(report.to_json())
    else:
        show(import_text(report, columns()))
    if not dry_run:
        if report.of("quarantined"):
            say(with_project("look at what is in quarantine: altui quarantine PROJECT", project))
        say_next(opened)
    raise SystemExit(report.exit_status)


@click.command()
@project_argument
@click.argument("slice_name", metavar="[SLICE]", required=False)
@click.option("--restore", "revision", type=int, metavar="REV", help="Make it current again.")
@click.option("--agreement", is_flag=True, help="How far annotators agree, by repeated slices.")
@json_option
def labels(
    project: Path, slice_name: str | None, revision: int | None, agreement: bool, as_json: bool
) -> None:
    """Who labelled what, when; a SLICE's revisions; bring one back."""
    from altui.report.labels import labels_text, revisions_text
    from altui.report.status import agreement_text

    if agreement and (slice_name or revision is not None):
        raise click.UsageError("--agreement is of all slices together")
    opened = open_project(project)
    if agreement:
        found = opened.agreement()
        if as_json:
            print_json(found.to_json())
        else:
            show(agreement_text(found))
        return
    if slice_name is None:
        if revision is not None:
            raise click.UsageError("--restore needs the slice too: SLICE --restore REV")
        every = opened.labels()
        if as_json:
            print_json([{**o[-1].to_json(), "revisions": len(o)} for o in every.values()])
        else:
            show(labels_text(every))
        return
    if revision is not None:
        new = opened.restore_label(slice_name, revision)
        say(f"revision {new.number} of {new.label.slice} is now the mask of revision {revision}")
    own = opened.revisions(slice_name)
    if as_json:
        print_json([one.to_json() for one in own])
    else:
        show(revisions_text(own))
