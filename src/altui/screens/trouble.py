"""What went wrong, in words for a notice; a report on disk where it should not have happened."""

import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from altui.errors import AltuiError
from altui.text import plain


def in_words(error: Exception, hint: Callable[[str], str] = str) -> tuple[str, str]:
    """Title and text of a notice; `hint`: tells a hint's commands as keys. What altui did not
    foresee is written to a file first.
    """
    if isinstance(error, AltuiError):
        return "", "\n".join(filter(None, (error.message, hint(error.hint))))
    return "Unexpected", _reported(error)


def crash_in_words(error: Exception) -> str:
    """What is left on the terminal when the app has ended over a fault of its own."""
    return (
        f"altui ended over a fault of its own: {_reported(error)}\n"
        "what was decided is kept, and jobs go on"
    )


def _reported(error: Exception) -> str:
    """The error in a line, and in another where its report is."""
    path = write_report(error)
    where = f"the report is in {plain(path)}" if path else "the report could not be written"
    return f"{type(error).__name__}: {plain(error)}\n{where}"


def write_report(error: Exception) -> Path | None:
    """The traceback, in a file of the user's own; None where none can be written."""
    from platformdirs import user_state_path

    at = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    try:
        folder = user_state_path("altui", appauthor=False)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"unexpected-{at}-{os.getpid()}.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return None
    return path
