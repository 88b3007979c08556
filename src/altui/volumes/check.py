"""What is wrong with a stack that could be opened."""

from collections.abc import Callable

from altui.errors import AltuiError
from altui.text import count
from altui.volumes.base import Stack

SHOWN = 20
Progress = Callable[[int, int], None]  # slices looked at, of how many


def check_stack(
    stack: Stack, deep: bool = False, progress: Progress = lambda done, total: None
) -> list[AltuiError]:
    """Problems, each naming file and slice; an empty list for a sound stack.

    Looks at every slice's headers and whether its pixels lie within the file; with `deep`,
    also decodes every slice. Of many problems the first are told, the rest counted.
    """
    look = stack.read if deep else stack.verify
    problems = []
    for index in range(stack.slices):
        try:
            look(index)
        except AltuiError as error:
            problems.append(error)
        progress(index + 1, stack.slices)
    if len(problems) > SHOWN:
        more = f"{stack.where(0)}: {count(len(problems) - SHOWN, 'more slice')} like these"
        problems[SHOWN:] = [AltuiError(more)]
    return problems
