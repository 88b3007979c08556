"""The commands: parse, call, print. Nothing heavy is imported before a command runs."""

import errno
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from altui import __version__
from altui.errors import AltuiError
from altui.text import count, listing, plain

if TYPE_CHECKING:
    from altui.project import Project
    from altui.rounds.decide import Decided
    from altui.rounds.simulate import Simulation


class Place(click.Path):
    """A path, which an empty string (an unset variable, mostly) is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("is empty: give a path", param, ctx)
        return super().convert(value, param, ctx)


PLACE = Place(path_type=Path, readable=False)
project_argument = click.argument("project", type=PLACE)
CHART_COLUMNS, CHART_ROWS = 80, 20
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


class Commands(click.Group):
    """Keeps the order of the work rather than of the alphabet, and explains refusals."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            try:
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
            if error.errno != errno.ENOSPC:
                raise
            click.echo("altui: the output could not be written: no space left", err=True)
            # What is left in the buffer has nowhere to go; Python would fail over it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="altui")
def main() -> None:
    """Active-learning annotation rounds for the segmentation of micro-tomograms.

    PROJECT is a folder with an altui.toml. Begin with "altui init PROJECT".
    """


def open_project(path: Path) -> "Project":
    from altui.project import Project

    click.get_current_context().find_root().obj = path  # for hints, should it fail
    return Project.open(path)


def with_project(hint: str, path: Path | None) -> str:
    """A hint's commands with the folder that was given, so that they can be copied."""
    return hint if path is None else hint.replace("PROJECT", plain(shlex.quote(str(path))))


def say(text: str) -> None:
    """Narration goes to stderr; stdout is for data."""
    click.echo(plain(text), err=True)


def print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


@main.command()
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


@main.command()
@project_argument
@json_option
@click.option("--deep", is_flag=True, help="Also decode every slice and mask (slow).")
def check(project: Path, as_json: bool, deep: bool) -> None:
    """Say what is wrong with the project or the machine."""
    from altui.setup.check import check_project

    findings = check_project(project, deep=deep, progress=counting("files hashed"))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            click.echo(finding.line())
    bad = sum(finding.level == "error" for finding in findings)
    say(f"{count(bad, 'error')}, {count(sum(f.level == 'warning' for f in findings), 'warning')}")
    if bad:
        raise SystemExit(1)


@main.command("open")
@project_argument
def open_app(project: Path) -> None:
    """The terminal app."""
    opened = open_project(project)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise AltuiError(
            "the app needs a terminal, and this is none", "use the commands: altui status PROJECT"
        )
    from altui.app import AltuiApp

    app = AltuiApp(opened)
    app.run()
    farewell = app.farewell()
    if farewell:
        say(farewell)
    raise SystemExit(app.return_code or 0)


@main.command()
@project_argument
@json_option
def status(project: Path, as_json: bool) -> None:
    """Rounds, mIoU, stopping verdict, jobs, and what to do next."""
    from altui.report import status_text

    found = open_project(project).status()
    if as_json:
        print_json(found.to_json())
    else:
        click.echo(status_text(found))


@main.command()
@project_argument
@click.option("--strategy", help="A query strategy; see: altui strategies.")
@click.option("--round", "number", type=int, metavar="N", help="Only show it, for round N.")
@json_option
def propose(project: Path, strategy: str | None, number: int | None, as_json: bool) -> None:
    """Propose slices for this round, or the next one."""
    from altui.report import proposals_text, shown_text

    opened = open_project(project)
    if number is not None:
        shown = opened.show_round(number, strategy)
        if as_json:
            print_json(shown.to_json())
        else:
            click.echo(shown_text(shown))
        for line in filter(None, (shown.batch.shortfall, shown.note)):
            say(with_project(line, project))
        return
    proposals = opened.propose(strategy)
    if as_json:
        print_json(proposals.to_json())
    else:
        click.echo(proposals_text(proposals))
    if proposals.shortfall:
        say(proposals.shortfall)


@main.command()
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


@main.command()
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


@main.command()
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


@main.command()
@project_argument
def undo(project: Path) -> None:
    """Take back your latest decision in this round."""
    decided = open_project(project).undo()
    say(f"undone: {decided.said}")


@main.command()
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


@main.command("import-labels")
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


@main.command()
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


@main.command()
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


@main.command()
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


@main.command()
@project_argument
@click.option("--wait", is_flag=True, help="Follow the job with a progress bar until it ends.")
def run(project: Path, wait: bool) -> None:
    """Start the round's job: train, evaluate, score."""
    from altui.follow import follow

    opened = open_project(project)
    running = [job for job in opened.status().jobs if job.active and job.kind == "train"]
    if wait and running:
        job = running[-1].id
        say(f"{job} is running already; following it")
    else:
        job = opened.run()
        say(f"started {job}")
        say_strays(opened)
    if not wait:
        say(f"follow it with: altui run {plain(project)} --wait")
        return
    ended = follow(opened, job)
    if ended.state != "finished":
        raise AltuiError(f"{ended.id} {ended.state}: {ended.message}", ended.hint)
    from altui.report import status_text

    click.echo(status_text(opened.status()))


@main.command()
@project_argument
@click.argument(
    "action", type=click.Choice(["list", "show", "log", "cancel", "retry"]), default="list"
)
@click.argument("job", required=False)
@json_option
def jobs(project: Path, action: str, job: str | None, as_json: bool) -> None:
    """Background jobs: list, show, log, cancel, retry."""
    from altui.report import job_text, jobs_text
    from altui.rounds.status import job_json

    opened = open_project(project)
    match action:
        case "list":
            every = opened.status().jobs
            if as_json:
                print_json([job_json(one) for one in every])
            else:
                click.echo(jobs_text(every))
        case "show":
            one = opened.job(job)
            if as_json:
                print_json(job_json(one))
            else:
                click.echo(job_text(one, opened.job_log(one.id)))
        case "log":
            click.echo("\n".join(opened.job_log(opened.job(job).id, lines=10_000)))
        case "cancel":
            say(f"cancelled {opened.cancel(job)}")
        case "retry":
            say(f"started {opened.retry(job)}")


@main.command()
@project_argument
@click.option("--rounds", type=int, help="Rounds of each experiment.")
@click.option("--strategies", help="Their names, with commas between them; see: altui strategies.")
@click.option("--seeds", type=int, help="Experiments with each strategy (default: 1).")
@click.option("--full", is_flag=True, help="Also train on every slice, once a seed.")
@click.option("--budget", type=int, help="Slices a round (default: [query] budget).")
@click.option("--parallel", type=int, help="Trainings at a time on each device (default: 1).")
@click.option("--wait", is_flag=True, help="Follow it until it ends, row by row.")
@click.option("--png", type=PLACE, help="Write the chart as a PNG to this file.")
@json_option
def simulate(
    project: Path,
    rounds: int | None,
    strategies: str | None,
    seeds: int | None,
    full: bool,
    budget: int | None,
    parallel: int | None,
    wait: bool,
    png: Path | None,
    as_json: bool,
) -> None:
    """Whole experiments with the oracle masks as annotator; alone: the newest one's table."""
    if (rounds is None) != (strategies is None):
        raise click.UsageError("an experiment needs both --rounds and --strategies")
    if rounds is None and (seeds is not None or full or budget is not None):
        raise click.UsageError("--seeds, --full and --budget go with --rounds and --strategies")
    opened = open_project(project)
    job = None
    if rounds is not None and strategies is not None:
        names = [name.strip() for name in strategies.split(",") if name.strip()]
        job, new = opened.simulate(
            rounds, names, 1 if seeds is None else seeds, full, budget, parallel or 1
        )
        say(f"started {job}" if new else f"{job} was asked for in the same words")
    job = opened.simulation(job).job.id
    if wait:
        from altui.follow import follow

        follow(opened, job, lambda: opened.simulation(job).lines)
    found = opened.simulation(job)
    show_simulation(found, as_json, png)
    if found.job.active:
        say(f"follow it with: altui simulate {plain(project)} --wait")
    if wait and found.job.state != "finished":
        raise AltuiError(f"{job} {found.job.state}: {found.job.message}", found.job.hint)


@main.command()
@json_option
def strategies(as_json: bool) -> None:
    """The query strategies, one line each."""
    from altui.query.strategies import every_strategy
    from altui.report import strategies_text

    found, refused = every_strategy()
    if as_json:
        print_json([one.to_json() for one in found] + [one.to_json() for one in refused])
        return
    click.echo(strategies_text(found))
    for one in refused:
        say(f'refused: strategy "{one.name}" of {one.package}: {one.error}')


def show_simulation(found: "Simulation", as_json: bool, png: Path | None) -> None:
    """The table and the chart, or the JSON document; and the PNG where it is wanted."""
    if png is not None:
        from altui.files import write_bytes
        from altui.simulation.picture import draw

        try:
            write_bytes(png, draw(found.rows))
        except OSError as error:
            raise AltuiError(f"{plain(png)} cannot be written: {plain(error)}") from None
        say(f"wrote {plain(png)}")
    if as_json:
        print_json(found.to_json())
        return
    from altui.compare import series_of, simulation_text
    from altui.widgets.plot import draw_chart
    from altui.widgets.series import Reference, Series
    from altui.widgets.terminal import chart_style

    click.echo(simulation_text(found))
    summary = found.summary
    series = [Series(one.strategy, series_of(one)) for one in summary.strategies if one.rounds]
    if series:
        full = [Reference("every slice", summary.full.mean)] if summary.full else []
        lines = draw_chart(series, CHART_COLUMNS, CHART_ROWS, chart_style(), full)
        click.echo("\n" + "\n".join(line.plain.rstrip() for line in lines))


def counting(what: str) -> Callable[[int, int], None]:
    """Progress on a terminal's stderr, in one line; nothing elsewhere."""

    def tell_count(done: int, total: int) -> None:
        if sys.stderr.isatty() and total > 20 and (done % 20 == 0 or done == total):
            click.echo(f"\r{done} of {total} {what}", err=True, nl=done == total)

    return tell_count


def tell(decided: "Decided", verb: str) -> None:
    if decided.changed:
        say(f"{verb} {listing(decided.changed, shown=12)}")
    if decided.already:
        say(f"{verb} already: {listing(decided.already, shown=12)}")
    if not decided.changed and not decided.already:
        say("nothing was left to decide")


def say_strays(project: "Project") -> None:
    from altui.report import stray_text

    strays = project.status().strays
    if strays:
        say(stray_text(strays))


def say_next(project: "Project") -> None:
    """What to do now. What came before it is done, so a fault here is only told."""
    try:
        say(f"next: {project.status().todo}")
    except AltuiError as error:
        say(f"but {error.message}")
