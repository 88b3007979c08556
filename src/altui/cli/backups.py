"""Commands that carry a project's state and labels to another machine."""

from pathlib import Path

import click

from altui.cli.base import PLACE, json_option, print_json, project_argument, say
from altui.errors import AltuiError
from altui.text import count, listing, plain


@click.command()
@project_argument
@click.argument("file", type=PLACE)
@click.option("--with-jobs", is_flag=True, help="Also every network and all predictions.")
@json_option
def backup(project: Path, file: Path, with_jobs: bool, as_json: bool) -> None:
    """Write state and labels into FILE (.tar, .tar.gz)."""
    from altui.labels.backup import back_up

    click.get_current_context().find_root().obj = project
    made = back_up(project, file, with_jobs=with_jobs)  # also where a stack or a round is amiss
    if as_json:
        print_json(made.to_json())
    else:
        click.echo(plain(made.file))
    say(f"{count(made.labels, 'revision')}, {count(made.files, 'file')}, {made.size / 1e6:.1f} MB")
    say("images and masks of the samples are not in it")
    if made.left_out:
        raise AltuiError(
            f"not in it, since damaged or gone: {listing(made.left_out, shown=3)}",
            "see which they are, and the way out: altui check PROJECT",
        )


@click.command()
@click.argument("file", type=PLACE)
@project_argument
@json_option
def restore(file: Path, project: Path, as_json: bool) -> None:
    """Bring a backup back into PROJECT, which has no state yet."""
    from altui.labels.restore import restore as bring_back

    click.get_current_context().find_root().obj = project
    found = bring_back(file, project)
    if as_json:
        print_json(found.to_json())
    else:
        click.echo(plain(found.root))
    say(f"{count(found.labels, 'revision')} of {found.created_at}, by {found.created_by}")
    if found.left_out:
        say(f"were damaged already: {listing(found.left_out, shown=3)}")
    say(f"put the samples where altui.toml has them, then: altui check {plain(project)}")
