"""What a person does next, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from altui.jobs.state import JobView
from altui.rounds.claims import Claim
from altui.rounds.state import RoundState, Slate
from altui.rounds.stopping import POOL_EMPTY, StoppingVerdict
from altui.slices import SliceId
from altui.text import count, listing, plain

IMPORT = ": import what comes back"
NOTHING_SENT: Mapping[SliceId, str] = MappingProxyType({})
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
    sent: Mapping[SliceId, str] = NOTHING_SENT,
) -> str:
    """What a person does next, in words. `doubted`: slices whose masks wait in quarantine;
    `full`: how many slices the round has room for; `claims`: who is labelling which; `sent`: who
    has exported which.
    """
    wanted = tuple(one for one in missing if one not in doubted)
    told = []
    if state != "annotating" or wanted or not doubted:
        awaited = _awaited(wanted, claims, sent)
        told.append(_todo(state, current, missing, awaited, job, stopping))
    if state == "proposed" and 0 < len(current.active) < full:
        short = f"{len(current.active)} of {count(full, 'slice')}"
        told.append(f"the round has {short}: propose fills it up, or says why not")
    if doubted:
        masks = count(len(doubted), "mask")
        told.append(f"decide on {masks} in quarantine ({listing(doubted, shown=4)})")
    return "; ".join(told)


def unsent(
    missing: Sequence[SliceId], claims: Sequence[Claim], sent: Mapping[SliceId, str]
) -> tuple[SliceId, ...]:
    """Those that nobody has been given yet: neither in a bundle nor claimed."""
    claimed = {claim.slice for claim in claims}
    return tuple(one for one in missing if one not in claimed and one not in sent)


def _awaited(
    wanted: tuple[SliceId, ...], claims: Sequence[Claim], sent: Mapping[SliceId, str]
) -> str:
    """'waiting for anna (3) and for screw01:4, exported by ben' once every slice has gone out,
    else for which slices; and what is to be done about it. `wanted`: those that nobody has sent
    a mask of yet.
    """
    if not wanted or unsent(wanted, claims, sent):
        return f"waiting for {listing(wanted, shown=3)}{ADVICE[0]}"
    by = {claim.slice: claim.annotator for claim in claims}
    people = Counter(plain(by[one]) for one in wanted if one in by)
    told = [listing(f"{who} ({n})" for who, n in people.items())] if people else []
    if anyones := tuple(one for one in wanted if one not in by):
        exporters = listing(dict.fromkeys(plain(sent[one]) for one in anyones))
        told.append(f"{listing(anyones, shown=3)}, exported by {exporters}")
    return f"waiting for {' and for '.join(told)}{IMPORT}"


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
            are = "the one mask is" if approved == 1 else f"all {approved} masks are"
            return f"{are} in: run the round"
        case "running":
            if job is None or not job.collected:
                return f"{job.id}: {job.message}" if job else ""
            return f"{job.id} is running; nothing to do until it ends"
        case "failed":
            return f"{job.id} {job.state}: {plain(job.message)}; retry it" if job else ""
        case "evaluated":
            return "propose the next round"
        case "stopped" if POOL_EMPTY in stopping.because:
            return f"stop: {POOL_EMPTY}"
        case "stopped":
            return f"stop: {'; '.join(stopping.because)}; to go on all the same, propose"
