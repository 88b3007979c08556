"""What state a project is in, derived from its history and its jobs. Pure functions."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from altui.jobs.state import JobView
from altui.slices import SliceId
from altui.store.history import Decision, History, derived

RoundState = Literal[
    "proposed", "annotating", "labelled", "running", "failed", "evaluated", "stopped"
]


@dataclass(frozen=True)
class Slate:
    """The latest decision on each slice that was put forward in one round, in rank order."""

    round: int
    decisions: tuple[Decision, ...]
    strategy: str = ""  # of the latest proposals

    def in_state(self, *states: str) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.state in states)

    @property
    def active(self) -> tuple[Decision, ...]:
        """Proposed or approved: what the round's batch consists of."""
        return self.in_state("proposed", "approved")

    @property
    def approved(self) -> tuple[SliceId, ...]:
        return tuple(decision.slice for decision in self.in_state("approved"))

    def get(self, slice_id: SliceId) -> Decision | None:
        return self._by_slice.get(slice_id)

    @cached_property
    def _by_slice(self) -> dict[SliceId, Decision]:
        return {decision.slice: decision for decision in self.decisions}


@derived
def slate(history: History, round_number: int) -> Slate:
    """The proposals of a round and how they were decided; withdrawn ones left out."""
    latest: dict[SliceId, Decision] = {}
    for decision in history.decisions_of[round_number]:
        latest[decision.slice] = decision
    kept = [decision for decision in latest.values() if decision.state != "withdrawn"]
    proposed = [
        event.note
        for event in history.events_of[round_number]
        if event.what in ("propose", "switch") and event.id not in history.undone
    ]
    return Slate(
        round_number,
        tuple(sorted(kept, key=lambda decision: decision.rank)),
        proposed[-1] if proposed else "",
    )


def current_round(history: History) -> int:
    """The newest round that has proposals; 0 before the first."""
    return max(history.decisions_of, default=0)


def rejected_slices(history: History) -> frozenset[SliceId]:
    """Slices whose latest decision, in whichever round, is a rejection."""
    latest = {decision.slice: decision.state for decision in history.decisions}
    return frozenset(slice_id for slice_id, state in latest.items() if state == "rejected")


def missing_masks(history: History, round_slate: Slate) -> tuple[SliceId, ...]:
    """Approved slices of the round that have no accepted label yet."""
    return tuple(s for s in round_slate.approved if s not in history.current_labels)


def latest_job(jobs: tuple[JobView, ...], round_number: int) -> JobView | None:
    """The newest attempt at a round."""
    own = [job for job in jobs if job.round == round_number and job.kind == "train"]
    return own[-1] if own else None


def results_job(history: History, round_number: int) -> str | None:
    """The newest finished job of a round: the one whose figures count."""
    return history.results_of.get(round_number)


def round_state(history: History, jobs: tuple[JobView, ...], stopped: bool) -> RoundState:
    """The contract's `state` of the current round; `stopped`: the verdict is to stop."""
    number = current_round(history)
    job = latest_job(jobs, number)
    if job is not None:
        if job.active:
            return "running"
        if results_job(history, number) is not None:
            return "stopped" if stopped else "evaluated"
        if job.state in ("failed", "lost"):
            return "failed"
    current = slate(history, number)
    if current.in_state("proposed") or not current.active:
        return "proposed"
    return "annotating" if missing_masks(history, current) else "labelled"
