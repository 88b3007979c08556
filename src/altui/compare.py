"""What `altui simulate` prints for people: strategies side by side."""

from typing import TYPE_CHECKING

from altui.report.tables import figure, table
from altui.text import count, listing, plain

if TYPE_CHECKING:
    from altui.rounds.simulate import Simulation
    from altui.simulation.summary import Reached, Spread, StrategySummary, Summary

NOT_YET = "–"


def simulation_text(simulation: "Simulation") -> str:
    """State, mIoU by round, the strategies compared, and who beats whom how often."""
    summary, job, wish = simulation.summary, simulation.job, simulation.spec
    lines = [
        f"{job.id}, {job.state}: {count(wish.rounds, 'round')} of {listing(wish.strategies)}, "
        f"{count(wish.seeds, 'seed')}{', and full supervision' if wish.full else ''}"
    ]
    if job.active:
        lines[0] += f"; {100 * job.progress:.0f} % done"
    lines += [plain(text) for text in (job.message, *simulation.notes) if text]
    shortfalls = dict.fromkeys(
        f"{one.strategy}, seed {one.seed}, {one.shortfall}"
        for one in simulation.rows.experiments
        if one.shortfall
    )
    lines += [f"  · {plain(text)}" for text in shortfalls]
    if not any(one.rounds for one in summary.strategies):
        return "\n".join([*lines, "no round is finished yet"])
    lines += ["", f"mIoU ({summary.split}) by round, mean ± standard deviation over the seeds (n)"]
    lines += [by_round(summary), "", compared(summary)]
    if len(summary.strategies) > 1:
        lines += [
            "",
            "rounds in which the row's strategy was better than the column's",
            wins(summary),
        ]
    lines += ["", f"the test split was used {count(simulation.rows.test_uses, 'time')}"]
    return "\n".join(lines)


def by_round(summary: "Summary") -> str:
    found = {one.strategy: {p.round: p for p in one.rounds} for one in summary.strategies}
    numbers = sorted({number for points in found.values() for number in points})
    rows = []
    for number in numbers:
        points = [found[one.strategy].get(number) for one in summary.strategies]
        labelled = next(point.labelled for point in points if point is not None)
        cells = [spread_text(point.miou, n=True) if point else NOT_YET for point in points]
        rows.append((str(number), f"{labelled:g}", *cells))
    header = ("round", "labelled", *(one.strategy for one in summary.strategies))
    return table(header, rows, "rr")


def compared(summary: "Summary") -> str:
    """Area, last round, share of full supervision, and the slices that shares need."""
    rows = [
        (
            one.strategy,
            spread_text(one.auc),
            spread_text(one.last),
            spread_text(one.percent_of_full, 1),
            *(reached_text(reached) for reached in one.slices_to),
        )
        for one in summary.strategies
    ]
    percents = [f"to {one.percent} %" for one in summary.strategies[0].slices_to]
    header = ("strategy", "area", "last", "% of full", *percents)
    seeds = count(len(summary.seeds), "seed")
    title = f"rounds 1 to {summary.rounds} of {seeds}"
    if summary.full is not None:
        title += (
            f"; all {summary.full_labelled} slices: {spread_text(summary.full, n=True)}; "
            "labelled slices needed (seeds that got there)"
        )
    return title + "\n" + table(header, rows)


def wins(summary: "Summary") -> str:
    """Each strategy against each: won of compared rounds."""
    rows = []
    for one in summary.strategies:
        against = {win.against: win for win in one.wins}
        cells = [
            f"{win.wins}/{win.n}" if (win := against.get(other.strategy)) and win.n else NOT_YET
            for other in summary.strategies
        ]
        rows.append((one.strategy, *cells))
    return table(("", *(one.strategy for one in summary.strategies)), rows)


def spread_text(spread: "Spread | None", decimals: int = 3, n: bool = False) -> str:
    """'0.812 ± 0.004 (2)'."""
    if spread is None:
        return NOT_YET
    text = figure(spread.mean) if decimals == 3 else f"{spread.mean:.{decimals}f}"
    if spread.sd is not None:
        text += f" ± {spread.sd:.{decimals}f}"
    return f"{text} ({spread.n})" if n else text


def reached_text(reached: "Reached") -> str:
    if not reached.of:
        return NOT_YET
    if reached.slices is None:
        return f"not reached (0/{reached.of})"
    return f"{spread_text(reached.slices, 0)} ({reached.n}/{reached.of})"


def series_of(one: "StrategySummary") -> tuple[tuple[float, float], ...]:
    """The points of a strategy's curve: labelled slices and mean mIoU."""
    return tuple((point.labelled, point.miou.mean) for point in one.rounds)
