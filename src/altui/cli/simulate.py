"""Commands of the experiment: simulate rounds, list the strategies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from altui.cli.base import (
    PLACE,
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
    from altui.rounds.simulate import Simulation

CHART_COLUMNS, CHART_ROWS = 80, 20


@click.command()
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
            rounds,
            names,
            1 if seeds is None else seeds,
            full,
            budget,
            1 if parallel is None else parallel,
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


@click.command()
@json_option
def strategies(as_json: bool) -> None:
    """The query strategies, one line each."""
    from altui.query.strategies import every_strategy
    from altui.report.proposals import strategies_text

    found, refused = every_strategy()
    if as_json:
        print_json([one.to_json() for one in found] + [one.to_json() for one in refused])
        return
    show(strategies_text(found))
    for one in refused:
        say(f'refused: strategy "{one.name}" of {one.package}: {one.error}')


def show_simulation(found: "Simulation", as_json: bool, png: Path | None) -> None:
    """The table and the chart, or the JSON document; and the PNG where it is wanted."""
    if png is not None:
        from altui.files import write_bytes
        from altui.simulation.picture import draw

        if png.exists() and not png.is_file():  # a device would be replaced by the picture
            raise AltuiError(f"{plain(png)} is not a file", "give the name of a new one")
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

    show(simulation_text(found))
    summary = found.summary
    series = [Series(one.strategy, series_of(one)) for one in summary.strategies if one.rounds]
    if series:
        full = [Reference("every slice", summary.full.mean)] if summary.full else []
        lines = draw_chart(series, CHART_COLUMNS, CHART_ROWS, chart_style(), full)
        click.echo("\n" + "\n".join(line.plain.rstrip() for line in lines))
