"""Commands that set a project up, look it over and open it."""

import os
import sys
from pathlib import Path

import click

from altui.cli.base import (
    counting,
    json_option,
    open_project,
    print_json,
    project_argument,
    say,
    show,
)
from altui.errors import AltuiError
from altui.text import count, plain


@click.command()
@project_argument
@click.option("--name", help="The project's name (default: the folder's).")
def init(project: Path, name: str | None) -> None:
    """Write a commented altui.toml with the stacks found."""
    from altui.setup.init import write_config

    written = write_config(project, name)
    say(f"wrote {plain(written.path)} with {count(written.samples, 'sample')}")
    for note in written.notes:
        say(f"  · {note}")
    say(f"read it through, then: altui check {plain(project)}")


@click.command()
@project_argument
@json_option
@click.option("--deep", is_flag=True, help="Also decode every slice and mask (slow).")
def check(project: Path, as_json: bool, deep: bool) -> None:
    """Say what is wrong with the project or the machine."""
    from altui.setup.check import check_project

    say("looking at the samples, what is stored, and the machine (torch takes a while to load)")
    findings = check_project(project, deep=deep, progress=counting)
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            show(finding.line())
    bad = sum(finding.level == "error" for finding in findings)
    say(f"{count(bad, 'error')}, {count(sum(f.level == 'warning' for f in findings), 'warning')}")
    if bad:
        raise SystemExit(1)


@click.command("open")
@project_argument
def open_app(project: Path) -> None:
    """The terminal app."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        open_project(project)
        raise AltuiError(
            "the app needs a terminal, and this is none", "use the commands: altui status PROJECT"
        )
    if os.environ.get("TERM") == "dumb":
        raise AltuiError(
            "the app needs a terminal whose cursor moves, and TERM says that this one's does not",
            "say what it is, such as TERM=xterm-256color, or use: altui status PROJECT",
        )
    from altui.actions.keyfile import own_keys
    from altui.app import AltuiApp
    from altui.widgets.own_settings import own_settings

    app = AltuiApp(project, keys=own_keys(), settings=own_settings())
    app.run()
    if app.failure:
        click.get_current_context().find_root().obj = project  # for its hint
        raise app.failure
    farewell = app.farewell()
    if farewell:
        say(farewell)
    raise SystemExit(app.return_code or 0)
