"""The actions of the Labels screen."""

from altui.actions.action import Action, Context, changing

HERE = ("labels",)


def is_in_doubt(context: Context) -> bool:
    return context.labels is not None and context.labels.doubt is not None


def has_mask(context: Context) -> bool:
    return context.labels is not None and context.labels.state != "missing"


def can_differ(context: Context) -> bool:
    """Whether there is a prediction for its mask to differ from."""
    jobs = context.snapshot.status.jobs
    return has_mask(context) and any(j.kind == "train" and j.state == "finished" for j in jobs)


def has_revisions(context: Context) -> bool:
    """Whether there is another mask of the slice to look at."""
    one = context.labels
    return one is not None and len(one.revisions) + (one.doubt is not None) > 1


def can_restore(context: Context) -> bool:
    """Whether an earlier revision is looked at, of another mask than the current one."""
    one = context.labels
    if one is None or one.current is None or context.revision is None:
        return False
    looked_at = next((own for own in one.revisions if own.label.id == context.revision), None)
    return looked_at is not None and looked_at.label.sha256 != one.current.label.sha256


def any_labels(context: Context) -> bool:
    """Whether there is a slice with a mask, or one that waits for it."""
    return bool(context.snapshot.labels)


LABELS = (
    Action(
        "accept_mask",
        "a",
        "accept",
        "take this mask in all the same",
        HERE,
        changing(is_in_doubt),
        todo="accept it",
    ),
    Action(
        "refuse_mask",
        "x",
        "refuse",
        "refuse this mask, and say why; it is kept, but no label",
        HERE,
        changing(is_in_doubt),
    ),
    Action("differences", "d", "differences", "where it differs from prediction", HERE, can_differ),
    Action("older", "comma", "older", "the mask before it", HERE, has_revisions),
    Action("newer", "full_stop", "", "the mask after it", HERE, has_revisions),
    Action(
        "restore",
        "b",
        "bring back",
        "make the earlier mask that is looked at current again",
        HERE,
        changing(can_restore),
    ),
    Action(
        "filter_labels",
        "slash",
        "filter",
        "slices by name, annotator, state, tool or file",
        HERE,
        any_labels,
    ),
    Action("all_labels", "l", "all", "all labelled slices, or the round's only", HERE, any_labels),
)
