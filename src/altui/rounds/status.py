"""One frozen picture of a project: what `altui status` prints and the screens show."""

from dataclasses import dataclass, replace
from typing import Any

from altui.jobs.state import JobView, views
from altui.rounds.claims import Claim, open_claims, open_exports
from altui.rounds.decide import undoable
from altui.rounds.evidence import describe_agreement, evidence
from altui.rounds.forecast import Forecast, Refused
from altui.rounds.looks import Looks, count_looks, describe_looks
from altui.rounds.plan import full_size, pool_size
from altui.rounds.quarantine import waiting_masks
from altui.rounds.references import References, references
from altui.rounds.repeats import Agreements, agreements
from altui.rounds.results import RoundResult, round_results
from altui.rounds.state import (
    RoundState,
    Slate,
    current_round,
    latest_job,
    missing_masks,
    rejected_slices,
    round_state,
    slate,
)
from altui.rounds.stopping import Gain, StoppingVerdict, verdict
from altui.rounds.todo import todo, unsent
from altui.slices import SliceId
from altui.store.history import History
from altui.text import listing
from altui.workspace import Workspace


@dataclass(frozen=True)
class Status:
    """The project at one moment; `pool` counts training slices without a label."""

    project: str
    watched: str  # the split that the stopping rule, gains and class IoU are of
    round: int
    state: RoundState
    labelled: int
    pool: int
    rounds: tuple[RoundResult, ...]
    stopping: StoppingVerdict
    forecast: Forecast | Refused
    test_uses: Looks
    jobs: tuple[JobView, ...]
    slate: Slate
    wanted: int  # slices that a full slate holds
    missing: tuple[SliceId, ...]
    absent: tuple[str, ...]  # samples whose images are not here
    strays: tuple[SliceId, ...]  # labelled or in the slate, but not in altui.toml any more
    labels: tuple[tuple[SliceId, int], ...]  # every labelled slice, and its current revision
    rejected: tuple[SliceId, ...]  # in this round or before, and not taken up again
    deciders: tuple[tuple[SliceId, str, str], ...]  # of this round: who decided, and why
    undoable: str  # what this person's undo would take back; empty for nothing
    todo: str
    unsent: tuple[SliceId, ...]  # approved, and neither exported nor claimed
    claims: tuple[Claim, ...]  # slices that someone is labelling
    agreement: Agreements  # of labelled slices that went out again
    quarantined: tuple[SliceId, ...]  # their masks wait for a person's decision
    references: References = References()

    def to_json(self) -> dict[str, Any]:
        """The contract's `altui status --json`."""
        return {
            "project": self.project,
            "round": self.round,
            "state": self.state,
            "labelled": self.labelled,
            "pool": self.pool,
            "todo": self.todo,
            "missing": [str(one) for one in self.missing],
            "unsent": [str(one) for one in self.unsent],
            "absent": list(self.absent),
            "strays": [str(one) for one in self.strays],
            "claims": [one.to_json() for one in self.claims],
            "agreement": self.agreement.to_json(),
            "quarantined": len(self.quarantined),
            "rounds": [one.to_json() for one in self.rounds],
            "stopping": {
                "verdict": self.stopping.verdict,
                "reasons": list(self.stopping.reasons),
                "forecast": self.forecast.to_json(),
            },
            "references": self.references.to_json(),
            "test_uses": self.test_uses.rounds,
            "simulation_test_uses": self.test_uses.simulations,
            "jobs": [job_json(job) for job in self.jobs],
        }


def job_json(job: JobView) -> dict[str, Any]:
    """One job of the contract's lists."""
    return {
        "id": job.id,
        "kind": job.kind,
        "round": job.round,
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "step": job.step,
        "steps": job.steps,
        "seconds_left": job.seconds_left,
        "loss": job.loss,
        "memory": job.memory,
        "gpu_memory": job.gpu_memory,
        "gpu_total": job.gpu_total,
        "who": job.who,
        "created_at": job.created_at,
        "ended_at": job.ended_at,
        "message": job.message,
        "hint": job.hint,
    }


def status(workspace: Workspace, history: History) -> Status:
    """Derive the picture from what happened and from the jobs' folders."""
    jobs = views(workspace.jobs, history)
    results = round_results(history, workspace)
    rule, looks = workspace.config.stopping, count_looks(history, workspace)
    labelled, pool = pool_size(history, workspace)
    told, ahead = evidence(rule, results, workspace.config.query.budget, pool)
    agreement = agreements(history, workspace.config.classes.names)
    stopping = replace(
        stopping_verdict(history, workspace, results),
        beside=(
            *told,
            *describe_agreement(agreement, results, rule.split),
            *describe_looks(looks, rule.split),
        ),
    )
    state = round_state(history, jobs, stopping.verdict == "stop")
    number = current_round(history)
    current = slate(history, number)
    missing = missing_masks(history, current)
    doubted = tuple(waiting_masks(history))
    full = full_size(workspace, current)
    claims, sent = tuple(open_claims(history).values()), open_exports(history)
    job, absent = latest_job(jobs, number), workspace.absent
    now = todo(state, current, missing, job, stopping, doubted, full, claims, sent)
    return Status(
        project=workspace.config.project.name,
        watched=workspace.config.stopping.split,
        round=max(number, 1),
        state=state,
        labelled=labelled,
        pool=pool,
        rounds=results,
        stopping=stopping,
        forecast=ahead,
        test_uses=looks,
        jobs=jobs,
        slate=current,
        wanted=full,
        missing=missing,
        absent=absent,
        strays=strays(workspace, history, current),
        labels=tuple((label.slice, label.id) for label in history.current_labels.values()),
        rejected=tuple(sorted(rejected_slices(history))),
        deciders=tuple(
            (decision.slice, event.who, event.note if event.what == "reject" else "")
            for decision in current.in_state("approved", "rejected")
            for event in (history.event_of(decision),)
        ),
        undoable=undoable(history, number, workspace.store.who),
        todo="; ".join(filter(None, (absent_text(absent), now))),
        unsent=unsent(missing, claims, sent),
        references=references(workspace, jobs),
        claims=claims,
        agreement=agreement,
        quarantined=doubted,
    )


def absent_text(samples: tuple[str, ...]) -> str:
    """'the images of screw01 and 5 more are not here'; empty where all are."""
    return f"the images of {listing(samples, shown=2)} are not here" if samples else ""


def strays(workspace: Workspace, history: History, current: Slate) -> tuple[SliceId, ...]:
    """Slices with a label or in the slate whose sample was renamed, removed or cut short."""
    known = dict.fromkeys((*history.current_labels, *(d.slice for d in current.active)))
    return tuple(slice_id for slice_id in known if not workspace.holds(slice_id))


def stopping_verdict(
    history: History, workspace: Workspace, results: tuple[RoundResult, ...]
) -> StoppingVerdict:
    """What the rule says, without the evidence beside it."""
    evaluated = [one for one in results if one.finished_at is not None]
    gains = [
        Gain(one.round, one.gain, one.gain_interval, one.samples, one.changed)
        for one in evaluated[1:]
    ]
    pool = pool_size(history, workspace)[1]
    return verdict(workspace.config.stopping, len(evaluated), gains, pool)
