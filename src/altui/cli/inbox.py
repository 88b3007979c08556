"""The command that watches a shared folder for masks."""

import signal
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from altui.cli.base import PLACE, Number, open_project, print_json, project_argument, say
from altui.errors import AltuiError
from altui.text import plain

if TYPE_CHECKING:
    from altui.inbox.inbox import Inbox, Note, Taken


@click.command("watch-labels")
@project_argument
@click.argument("folder", metavar="[DIR]", type=PLACE, required=False)
@click.option("--once", is_flag=True, help="Take in what is whole, then end.")
@click.option(
    "--interval",
    type=Number(0.05, 86400),
    metavar="SECONDS",
    help="Between two looks (default: 5; with --once: 1).",
)
@click.option(
    "--unasked",
    type=click.Choice(["accept", "refuse"]),
    default="refuse",
    show_default=True,
    help="Masks of slices that the round did not ask for.",
)
@click.option("--annotator", metavar="NAME", default="", help="Who drew them, if not you.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line a file.")
def watch_labels(
    project: Path,
    folder: Path | None,
    once: bool,
    interval: float | None,
    unasked: str,
    annotator: str,
    as_json: bool,
) -> None:
    """Take in masks from a shared folder as they come.

    They are moved to imported/, refused/ or waiting/ in it, beside a text that says why.
    DIR is [import] inbox of altui.toml if not given. Ctrl+C ends it.
    """
    from altui.inbox.inbox import LOOKS, Inbox
    from altui.inbox.watcher import INTERVAL, folder_to_watch

    opened = open_project(project)
    inbox = Inbox(
        opened,
        folder_to_watch(opened, folder),
        unasked=unasked == "accept",
        annotator=annotator,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with inbox.held():
            if once:
                for look in range(LOOKS):
                    time.sleep((interval or 1.0) * bool(look))
                    look_once(inbox, as_json)
                return
            say(f"watching {plain(inbox.folder)}; Ctrl+C ends it")
            watch(inbox, interval or INTERVAL, as_json)
    except KeyboardInterrupt:
        say("ended")


def watch(inbox: "Inbox", interval: float, as_json: bool) -> None:
    """Look for ever. A fault is told once, and looked at ever less often while it stays."""
    from altui.inbox.watcher import LONGEST_PAUSE

    told, pause = "", interval
    while True:
        try:
            look_once(inbox, as_json)
            told, pause = "", interval
        except AltuiError as error:
            if told != error.message:
                told = error.message
                say(f"{error.message}; tried again until it works")
            pause = min(2 * pause, LONGEST_PAUSE)
        time.sleep(pause)


def look_once(inbox: "Inbox", as_json: bool) -> None:
    for heard in inbox.look():
        tell(heard, as_json)


def tell(heard: "Taken | Note", as_json: bool) -> None:
    """Masks to stdout, at once also into a pipe; what stays where it is, to stderr."""
    from altui.inbox.inbox import Note

    if isinstance(heard, Note):
        say(heard.text)
    elif as_json:
        print_json(heard.to_json(), indent=None)
    else:
        moment = datetime.now().astimezone().strftime("%H:%M:%S")
        click.echo(f"{moment} {plain(heard.name)} → {plain(heard.target.parent.name)}")
        for one in heard.verdicts:
            of = f"{one.slice}: " if one.slice else ""
            click.echo(f"  {one.outcome}: {of}{plain(one.message)}")
