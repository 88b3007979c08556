"""What a person does next, in words."""

from collections import Counter
from collections.abc import Sequence

from altui.jobs.state import JobView
from altui.rounds.claims import Claim
from altui.rounds.state import RoundState, Slate
from altui.rounds.stopping import StoppingVerdict
from altui.slices import SliceId
from altui.text import count, listing, plain

IMPORT = ": import what comes back"
ADVICE = (": export the bundle, import what comes back", IMPORT)


def todo(
    state: RoundState,
    current: Slate,
    missing: tuple[SliceId, ...],
    job: JobView | None,
    stopping: StoppingVerdict,
    doubted: tuple[SliceId, ...] = (),
    full: int = 0,
    claims: Sequence[Claim] = (),
) -> str:
    """What a person does next, in words. `doubted`: slices whose masks wait in quarantine;
    `full`: how many slices the round has room for; `claims`: who is labelling which.
    """
    wanted = tuple(one for one in missing if one not in doubted)
    told = []
    if state != "annotating" or wanted or not doubted:
        awaited = _awaited(wanted, claims)
        told.append(_todo(state, current, missing, awaited, job, stopping))
    if state == "proposed" and 0 < len(current.active) < full:
        short = f"{len(current.active)} of {count(full, 'slice')}"
        told.append(f"the round has {short}: propose fills it up, or says why not")
    if doubted:
        masks = count(len(doubted), "mask")
        told.append(f"decide on {masks} in quarantine ({listing(doubted, shown=4)})")
    return "; ".join(told)


def _awaited(wanted: tuple[SliceId, ...], claims: Sequence[Claim]) -> str:
    """'waiting for anna (3), ben (1)' once every slice is somebody's, else for which slices;
    and what is to be done about it. `wanted`: those that nobody has sent a mask of yet.
    """
    by = {claim.slice: claim.annotator for claim in claims}
    if wanted and by.keys() >= set(wanted):
        people = Counter(plain(by[one]) for one in wanted)
        return f"waiting for {listing(f'{who} ({n})' for who, n in people.items())}{IMPORT}"
    return f"waiting for {listing(wanted, shown=3)}{ADVICE[0]}"


def _todo(
    state: RoundState,
    current: Slate,
    missing: tuple[SliceId, ...],
    awaited: str,
    job: JobView | None,
    stopping: StoppingVerdict,
) -> str:
    approved = len(current.approved)
    match state:
        case "proposed" if not current.decisions:
            return "make the first proposals"
        case "proposed" if not current.active:
            return "every proposal was rejected: propose again, or with another strategy"
        case "proposed":
            waiting = count(len(current.in_state("proposed")), "proposal")
            return f"decide on {waiting}: approve or reject each slice"
        case "annotating":
            return f"{approved - len(missing)} of {count(approved, 'mask')} in; {awaited}"
        case "labelled":
            return f"all {count(approved, 'mask')} are in: run the round"
        case "running":
            if job is None or not job.collected:
                return f"{job.id}: {job.message}" if job else ""
            return f"{job.id} is running; nothing to do until it ends"
        case "failed":
            return f"{job.id} {job.state}: {plain(job.message)}; retry it" if job else ""
        case "evaluated":
            return "propose the next round"
        case "stopped":
            return f"stop: {'; '.join(stopping.because)}; to go on all the same, propose"
