"""Proposals and query strategies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from altui.report.tables import figure, printed
from altui.text import listing, plain

if TYPE_CHECKING:
    from altui.query.pool import Strategy
    from altui.rounds.past import Shown
    from altui.rounds.propose import Proposals


def proposals_text(proposals: "Proposals") -> str:
    rows = [
        (
            str(decision.rank),
            plain(decision.slice),
            decision.state,
            figure(decision.score),
            "; ".join(decision.reasons),
        )
        for decision in proposals.slate.decisions
    ]
    title = f"round {proposals.slate.round}, {proposals.strategy}"
    return title + "\n" + printed(("rank", "slice", "state", "score", "why"), rows, "r  r")


def shown_text(shown: "Shown") -> str:
    """As `proposals_text`; the state is what was decided in the round itself."""
    rows = [
        (
            str(rank),
            plain(pick.slice),
            shown.state(pick.slice) or "–",
            figure(pick.score),
            "; ".join(pick.reasons),
        )
        for rank, pick in enumerate(shown.batch.picks, start=1)
    ]
    title = f"round {shown.slate.round}, {shown.strategy}, only shown"
    return title + "\n" + printed(("rank", "slice", "then", "score", "why"), rows, "r  r")


def strategies_text(strategies: Sequence["Strategy"]) -> str:
    """One a line: its name, what it does, what it needs, and the package that brought it."""
    width = max(len(one.name) for one in strategies)
    return "\n".join(
        f"{one.name:{width}}  {one.summary}"
        + f"; needs {listing(one.needs)}" * bool(one.needs)
        + f"; of {plain(one.package)}" * bool(one.package)
        for one in strategies
    )
