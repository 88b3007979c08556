"""The actions of the Samples screen."""

from altui.actions.action import Action, Context

HERE = ("samples",)


def can_step(context: Context) -> bool:
    return context.can_step


SAMPLES = (Action("go_to_slice", "g", "go to", "any slice of this sample", HERE, can_step),)
