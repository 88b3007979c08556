"""Lines of the job's log: stdout is `log.txt` when altui started the job."""

import contextlib
from datetime import UTC, datetime

from altui.text import plain


def say(text: object) -> None:
    """One line with the local time, at once. A log that cannot be written stops nothing."""
    at = datetime.now(UTC).astimezone()
    with contextlib.suppress(OSError, ValueError):
        print(f"{at:%Y-%m-%d %H:%M:%S} {plain(text)}", flush=True)


def duration(seconds: float) -> str:
    """'8.4 s', '3 min 05 s', '2 h 10 min'."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
