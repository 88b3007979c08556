"""The actions of the Rounds screen."""

from altui.actions.action import Action, Context

HERE = ("rounds",)


def any_results(context: Context) -> bool:
    return any(one.finished_at for one in context.snapshot.status.rounds)


ROUNDS = (
    Action(
        "by_class",
        "c",
        "by class",
        "a line for each class in the chart, or for each split",
        HERE,
        any_results,
    ),
    Action("reasons", "w", "why", "every reason of the stopping verdict", HERE, any_results),
)
