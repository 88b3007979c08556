"""The actions of the Compare screen."""

from altui.actions.action import Action, Context

HERE = ("compare",)


def has_choice(context: Context) -> bool:
    """Whether there are several rounds with results, or simulations, to choose from."""
    status = context.snapshot.status
    measured = sum(one.finished_at is not None for one in status.rounds)
    return max(measured, sum(job.kind == "simulate" for job in status.jobs)) > 1


COMPARE = (
    Action("compare_what", "s", "simulations or rounds", "simulations, or two rounds", HERE),
    Action("first_before", "comma", "1st", "the round before as the first one", HERE, has_choice),
    Action("first_after", "full_stop", "", "the round after as the first one", HERE, has_choice),
    Action(
        "second_before",
        "less_than_sign",
        "2nd",
        "the round (or simulation) before as the second one",
        HERE,
        has_choice,
    ),
    Action(
        "second_after",
        "greater_than_sign",
        "",
        "the round (or simulation) after as the second one",
        HERE,
        has_choice,
    ),
)
