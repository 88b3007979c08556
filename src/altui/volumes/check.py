"""What is wrong with a stack that could be opened."""

from collections.abc import Callable
from functools import partial

import numpy as np

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
    look = partial(_decode, stack) if deep else stack.verify
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


def _decode(stack: Stack, index: int) -> None:
    """Raises AltuiError for a slice that cannot be read, or has nothing to see in it."""
    if not np.isfinite(stack.read(index)).any():
        raise AltuiError(
            f"{stack.where(index)}: holds no number: every pixel is NaN or infinite",
            "export it again",
        )
