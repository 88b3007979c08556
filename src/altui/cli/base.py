"""What the commands share: the group that explains refusals, arguments, and how altui speaks."""

import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from altui import __version__
from altui.errors import AltuiError
from altui.text import folded, plain, with_project

if TYPE_CHECKING:
    from altui.project import Project


class Place(click.Path):
    """A path, which an empty string (an unset variable, mostly) is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty: give a path", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number within bounds, which NaN never is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{plain(value)} is no number", param, ctx)
        return number


class Deed(click.Choice[str]):
    """What to do, after the project; people put it first, as other programs have it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        project = str(ctx.params.get("project", "")) if ctx else ""
        if ctx and value not in self.choices and project in self.choices:
            swapped = f"{ctx.command_path} {plain(value)} {project}"
            raise click.UsageError(f"the project comes first: {swapped}", ctx)
        return super().convert(value, param, ctx)


PLACE = Place(path_type=Path, readable=False)
project_argument = click.argument("project", type=PLACE)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


class Commands(click.Group):
    """Keeps the order of the work rather than of the alphabet, and explains refusals."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`altui FOLDER` opens it."""
        if args and args[0] not in self.commands and os.path.isdir(args[0]):
            args = ["open", *args]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # not every terminal has every letter
                stream.reconfigure(errors="backslashreplace")
        try:
            try:
                with _ending_in_order():
                    return super().invoke(ctx)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()  # here, where a full disk can still be explained
        except AltuiError as error:
            # Lines are altui's own, but words in them may be anyone's.
            click.echo("altui: " + "\n".join(map(plain, error.message.split("\n"))), err=True)
            if error.hint:
                click.echo(f"  → {plain(with_project(error.hint, ctx.obj))}", err=True)
            ctx.exit(1)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read it has left: no matter
                raise
            what = f"{plain(error.filename or 'the output')} could not be written or read"
            click.echo(f"altui: {what}: {plain(error.strerror or error)}", err=True)
            with suppress(OSError, AttributeError):
                # What is left in the buffer has nowhere to go; Python would fail over it later.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """A lost line or a polite kill ends a command as an interrupt does: what it had begun to
    write goes with it.
    """

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    ours = []
    with suppress(ValueError):  # in another thread than the main one there are no signals
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:  # not under nohup
                signal.signal(number, end)
                ours.append(number)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="altui")
def main() -> None:
    """Active-learning annotation rounds for the segmentation of micro-tomograms.

    PROJECT is a folder with an altui.toml. Begin with "altui FOLDER", which sets one up in the
    app, or with "altui init PROJECT".
    """


def open_project(path: Path) -> "Project":
    from altui.project import Project

    click.get_current_context().find_root().obj = path  # for hints, should it fail
    return Project.open(path)


def say(text: str) -> None:
    """Narration goes to stderr; stdout is for data."""
    click.echo(plain(text), err=True)


LEAD = re.compile(r"\s*(?:[·→] |\S+\s{2,})?")  # of a line, below which its next row does not begin


def show(text: str) -> None:
    """Data for people, line by line: names and notes in it may be anyone's. On a terminal, lines
    are broken between words.
    """
    from altui.report.tables import columns

    lines = list(map(plain, text.split("\n")))
    if width := columns():
        rows = [folded(line, width, hang(line), chop=False) for line in lines]
        lines = [row for more in rows for row in more]
    click.echo("\n".join(lines))


def hang(line: str) -> int:
    """Where the second row of a long line begins."""
    lead = LEAD.match(line)
    return lead.end() if lead else 0


def print_json(value: Any, indent: int | None = 2) -> None:
    """One document, in letters that a terminal takes for nothing else."""
    import json

    any_letter = sys.stdout is None or sys.stdout.encoding.lower().startswith("utf")
    text = json.dumps(value, indent=indent, ensure_ascii=not any_letter, allow_nan=False)
    shown = "\n".join(
        line if line.isprintable() else "".join(map(_in_json, line)) for line in text.split("\n")
    )
    click.echo(shown)


def _in_json(char: str) -> str:
    import json

    return char if char.isprintable() else json.dumps(char)[1:-1]


def counting(what: str) -> Callable[[int, int], None]:
    """Progress on a terminal's stderr, in one line; nothing elsewhere."""

    def tell_count(done: int, total: int) -> None:
        if sys.stderr.isatty() and total > 20 and (done % 20 == 0 or done == total):
            click.echo(f"\r{done} of {total} {what}", err=True, nl=done == total)

    return tell_count


def say_next(project: "Project") -> None:
    """What to do now. What came before it is done, so a fault here is only told."""
    try:
        say(f"next: {project.status().todo}")
    except AltuiError as error:
        say(f"but {error.message}")
