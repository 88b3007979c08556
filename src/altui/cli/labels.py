"""Commands for masks: bundles out, labels in, and their history."""

from pathlib import Path

import click

from altui.cli.base import (
    PLACE,
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    say_next,
)
from altui.text import count, plain


@click.command()
@project_argument
@click.option("--to", required=True, type=PLACE, help="A new folder.")
@json_option
def export(project: Path, to: Path, as_json: bool) -> None:
    """Write the round's bundle for annotators."""
    bundle = open_project(project).export(to)
    if as_json:
        print_json(bundle.to_json())
    else:
        click.echo(plain(bundle.folder))
    say(
        f"round {bundle.round}: {count(len(bundle.slices), 'slice')}, "
        f"{count(bundle.premasks, 'mask')} to start from"
    )


@click.command("import-labels")
@project_argument
@click.argument("paths", nargs=-1, type=PLACE)
@click.option("--from-oracle", is_flag=True, help="Take the training samples' own masks.")
@click.option("--dry-run", is_flag=True, help="Print the verdicts and change nothing.")
@click.option("--trust", is_flag=True, help="Take masks that only look doubtful.")
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
    from altui.report import import_text
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
        click.echo(import_text(report))
    if not dry_run:
        say_next(opened)
    raise SystemExit(report.exit_status)


@click.command()
@project_argument
@click.argument("slice_name", metavar="[SLICE]", required=False)
@click.option("--restore", "revision", type=int, metavar="REV", help="Make it current again.")
@json_option
def labels(project: Path, slice_name: str | None, revision: int | None, as_json: bool) -> None:
    """Who labelled what, when; a SLICE's revisions; bring one back."""
    from altui.report import labels_text, revisions_text

    opened = open_project(project)
    if slice_name is None:
        if revision is not None:
            raise click.UsageError("--restore needs the slice too: SLICE --restore REV")
        every = opened.labels()
        if as_json:
            print_json([{**o[-1].to_json(), "revisions": len(o)} for o in every.values()])
        else:
            click.echo(labels_text(every))
        return
    if revision is not None:
        new = opened.restore_label(slice_name, revision)
        say(f"revision {new.label.id} of {new.label.slice} is now the mask of revision {revision}")
    own = opened.revisions(slice_name)
    if as_json:
        print_json([one.to_json() for one in own])
    else:
        click.echo(revisions_text(own))
