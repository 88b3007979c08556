"""The actions of the Proposals screen."""

from altui.actions.action import Action, Context, changing

HERE = ("proposals",)
ALSO = ("proposals", "samples")


def can_approve(context: Context) -> bool:
    decision = context.decision
    return context.is_open and decision is not None and decision.state == "proposed"


def can_reject(context: Context) -> bool:
    decision = context.decision
    if not context.is_open or decision is None:
        return False
    if decision.state == "approved":  # a labelled slice stays
        return decision.slice in context.snapshot.status.missing
    return decision.state == "proposed"


def any_undecided(context: Context) -> bool:
    return context.is_open and bool(context.snapshot.status.slate.in_state("proposed"))


def can_undo(context: Context) -> bool:
    # Typed fast, it is meant for what no snapshot shows yet.
    return context.is_open and (context.is_deciding or bool(context.snapshot.status.undoable))


def can_pick(context: Context) -> bool:
    return context.is_open and bool(context.snapshot.status.slate.decisions)


def can_step(context: Context) -> bool:
    return context.can_step


def can_compare(context: Context) -> bool:
    return context.can_compare


def can_switch(context: Context) -> bool:
    return context.state in ("proposed", "annotating", "evaluated", "stopped")


def can_assign(context: Context) -> bool:
    decision = context.decision
    return decision is not None and decision.slice in context.snapshot.status.missing


DECIDING = (
    Action(
        "approve",
        "a",
        "approve",
        "approve this slice, go on to the next open one",
        HERE,
        changing(can_approve),
        todo="approve, {reject} to reject",
    ),
    Action(
        "reject",
        "x",
        "reject",
        "reject this slice; the next best takes its place",
        HERE,
        changing(can_reject),
    ),
    Action(
        "reject_because",
        "X",
        "",
        "reject this slice, and say why",
        HERE,
        changing(can_reject),
    ),
    Action(
        "approve_all",
        "A",
        "all",
        "approve every slice that is still undecided",
        HERE,
        changing(any_undecided),
    ),
    Action(
        "undo",
        "u",
        "undo",
        "take back your latest decision in this round",
        HERE,
        changing(can_undo),
    ),
    Action(
        "pick",
        "P",
        "pick",
        "take a slice by hand, in place of this proposal: the one looked at, or any other",
        HERE,
        changing(can_pick),
        spare=4,
    ),
    Action(
        "switch",
        "S",
        "strategy",
        "see what another strategy would propose, then take or leave it",
        HERE,
        changing(can_switch),
        spare=6,
    ),
    Action(
        "assign",
        "at",
        "",
        "say who is to label this slice",
        HERE,
        changing(can_assign),
    ),
)

ALONG_Z = (
    Action(
        "slice_before",
        "comma",
        "z-",
        "look at the slice before, along z",
        ALSO,
        can_step,
        spare=True,
    ),
    Action(
        "slice_after",
        "full_stop",
        "z+",
        "look at the slice after, along z",
        ALSO,
        can_step,
        spare=True,
    ),
    Action("far_before", "less_than_sign", "", "ten slices before", ALSO, can_step),
    Action("far_after", "greater_than_sign", "", "ten slices after", ALSO, can_step),
    Action("slice_proposed", "z", "", "back to the proposed slice", HERE, can_step),
    Action(
        "nearest_labelled",
        "b",
        "",
        "the nearest labelled slice, beside this one or in its place",
        HERE,
        can_compare,
    ),
    Action("along_z", "s", "", "every sample along z, or only this one", HERE),
)

PROPOSALS = (*DECIDING, *ALONG_Z)
