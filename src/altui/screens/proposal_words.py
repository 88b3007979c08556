"""Proposals in words and marks: the lines of the list, and why a slice is in it."""

from textual.content import Content

from altui.rounds.pick import BY_HAND
from altui.rounds.state import Slate
from altui.rounds.status import Status
from altui.screens import words
from altui.screens.table import Row, cell
from altui.slices import SliceId
from altui.store.history import Decision
from altui.text import plain
from altui.widgets.along_z import LABELLED

# A space before each, since the list has no room for padding on both sides.
COLUMNS = (cell("    #"), cell(" slice"), cell(" score", right=True), cell(""))


def row(decision: Decision, missing: set[SliceId], usual: str) -> Row:
    """One line of the list; rejected ones stand back. `usual`: the strategy in the list's title,
    from which others and picks by hand are told apart.
    """
    style = "dim" if decision.state == "rejected" else ""
    score = words.NONE if decision.score is None else figure(decision.score)
    return str(decision.slice), (
        cell(f" {mark(decision, missing)} {decision.rank:>2}", style=style),
        cell(f" {decision.slice}", style=style),
        cell(f" {score}", right=True, style=style),
        cell(f" {decision.strategy}" if decision.strategy != usual else "", style=style),
    )


def figure(score: float) -> str:
    """'0.412' of an uncertainty, '166' of a distance in slices: alike in the list and beside it."""
    return f"{score:.3f}" if abs(score) < 1 else f"{score:.4g}"


def mark(decision: Decision, missing: set[SliceId]) -> str:
    if decision.state == "approved" and decision.slice not in missing:
        return LABELLED
    return words.DECISION_MARKS[decision.state]


def counts(slate: Slate, missing: set[SliceId]) -> str:
    """'○ 5 open ✓ 2 approved ✗ 1 out': the marks of the list, with their words."""
    labelled = [s for s in slate.approved if s not in missing]
    marks = words.DECISION_MARKS
    found = (
        (marks["proposed"], len(slate.in_state("proposed")), "open"),
        (marks["approved"], len(slate.approved) - len(labelled), "approved"),
        (LABELLED, len(labelled), "in"),
        (marks["rejected"], len(slate.in_state("rejected")), "out"),
    )
    return " ".join(f"{mark} {number} {word}" for mark, number, word in found if number)


def reasons(decision: Decision, status: Status) -> Content:
    """State, place and score of a proposal, and what its strategy has to say for it."""
    score = "" if decision.score is None else f", score {figure(decision.score)}"
    return Content("\n").join(
        [
            Content.assemble((f"{decision.slice} ", "bold"), state(decision, status)),
            Content(f"rank {decision.rank}, {chosen(decision)}{score}"),
            *(Content(f"• {plain(reason)}") for reason in decision.reasons),
        ]
    )


def chosen(decision: Decision) -> str:
    """'by entropy', 'by hand'."""
    return BY_HAND if decision.strategy == BY_HAND else f"by {plain(decision.strategy)}"


def state(decision: Decision, status: Status) -> str:
    """'approved by anna, mask awaited from bert', 'rejected by anna: ring artefact'."""
    if decision.state == "proposed":
        return "to decide"
    _, who, why = next((d for d in status.deciders if d[0] == decision.slice), (None, "", ""))
    told = decision.state + (f" by {plain(who)}" if who else "")
    if decision.state == "rejected":
        return f"{told}: {plain(why)}" if why else told
    if decision.slice not in status.missing:
        return f"{told}, mask in"
    claim = next((one for one in status.claims if one.slice == decision.slice), None)
    return f"{told}, mask awaited" + (f" from {plain(claim.annotator)}" if claim else "")
