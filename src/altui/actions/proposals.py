"""The actions of the Proposals screen."""

from altui.actions.action import Action, Context, changing

HERE = ("proposals",)


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
    return context.is_open and bool(context.snapshot.status.undoable)


def can_step(context: Context) -> bool:
    return context.can_step


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
)

LOOKING = (
    Action(
        "overlay",
        "p",
        "prediction",
        "show or hide the network's prediction",
        HERE,
        lambda context: context.has_prediction,
    ),
    Action("slice_before", "comma", "z-", "look at the slice before, along z", HERE, can_step),
    Action("slice_after", "full_stop", "z+", "look at the slice after, along z", HERE, can_step),
    Action("slice_proposed", "z", "", "back to the proposed slice", HERE, can_step),
)

PROPOSALS = (*DECIDING, *LOOKING)
