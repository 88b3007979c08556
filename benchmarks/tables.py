"""Render docs/benchmarks/*.json, documents of `altui simulate --json`, into docs/benchmarks.md.

Only what stands between the two marks is replaced; other benchmarks keep their places.
"""

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- simulations -->", "<!-- end of simulations -->"


def spread(value: dict[str, Any] | None, decimals: int = 3) -> str:
    if value is None:
        return "–"
    text = f"{value['mean']:.{decimals}f}"
    return text if value["sd"] is None else f"{text} ± {value['sd']:.{decimals}f}"


def reached(one: dict[str, Any]) -> str:
    if not one["of"]:
        return "–"
    if one["slices"] is None:
        return f"not reached (0/{one['of']})"
    return f"{spread(one['slices'], 0)} ({one['n']}/{one['of']})"


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def section(name: str, found: dict[str, Any]) -> str:
    summary, wish = found["summary"], found["arguments"]
    strategies = summary["strategies"]
    names = [one["strategy"] for one in strategies]
    training, model = found["config"]["training"], found["config"]["model"]
    devices = sorted(
        {point["device"] for one in found["experiments"] for point in one["rounds"]}
        | {one["device"] for one in found["full"]}
    )
    budget = wish["budget"] or found["config"]["query"]["budget"]
    lines = [
        f"### {found['project']}: {wish['rounds']} rounds of {budget} (`{name}.json`)",
        "",
        f"{model['architecture']} with {model['encoder']}, crops of {training['crop']}, "
        f"{training['steps']} steps and {training['steps_per_slice']} a slice; seeds: "
        f"{wish['seeds']}; on {', '.join(devices)}. State: {found['state']}. "
        f"mIoU of the {summary['split']} split, used {found['test_uses']} times.",
        "",
        row("round", "labelled", *names),
        row(*["---"] * (len(names) + 2)),
    ]
    by_round = [{point["round"]: point for point in one["rounds"]} for one in strategies]
    for number in sorted({number for points in by_round for number in points}):
        points = [points.get(number) for points in by_round]
        labelled = next(point["labelled"] for point in points if point)
        cells = (
            f"{spread(point['miou'])} (n = {point['miou']['n']})" if point else "–"
            for point in points
        )
        lines.append(row(number, f"{labelled:g}", *cells))
    lines += [
        "",
        f"Rounds 1 to {summary['rounds']} of seeds {summary['seeds']}; "
        f"every slice ({summary['full_labelled']}): {spread(summary['full'])}.",
        "",
        row("strategy", "area", "last", "% of full", "to 95 %", "to 97 %", "to 99 %"),
        row(*["---"] * 7),
    ]
    for one in strategies:
        figures = (spread(one["auc"]), spread(one["last"]), spread(one["percent_of_full"], 1))
        lines.append(row(one["strategy"], *figures, *map(reached, one["slices_to"])))
    lines += ["", row("better than", *names), row(*["---"] * (len(names) + 1))]
    for one in strategies:
        wins = {win["against"]: f"{win['wins']}/{win['n']}" for win in one["wins"]}
        lines.append(row(one["strategy"], *(wins.get(name, "–") for name in names)))
    return "\n".join(lines)


def main() -> None:
    sections = [
        section(path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted((DOCS / "benchmarks").glob("*.json"))
    ]
    page = DOCS / "benchmarks.md"
    text = (
        page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    )
    if BEGIN not in text:
        text += f"\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    told = (
        "## Strategies, simulated\n\nThe masks are reference labels carried over by registration, "
        "not hand-drawn. Run by `benchmarks/simulate.sh`, rendered by `benchmarks/tables.py`; "
        "[what the figures mean](simulation.md)."
    )
    body = "\n\n".join([told, *sections])
    page.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
