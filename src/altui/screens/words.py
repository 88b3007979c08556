"""Numbers and times in as few characters as they need."""

from datetime import datetime

from altui.jobs.state import JobState
from altui.store.history import DecisionState
from altui.text import duration

NONE = "–"
DONE, UNDONE = "█", "░"

DECISION_MARKS: dict[DecisionState, str] = {
    "proposed": "○",
    "approved": "✓",
    "rejected": "✗",
    "withdrawn": " ",
}
JOB_MARKS: dict[JobState, str] = {
    "queued": "…",
    "running": "▸",
    "finished": "✓",
    "failed": "✗",
    "lost": "?",
    "cancelled": "–",
}


def ratio(value: float | None) -> str:
    """mIoU and IoU: '0.812'."""
    return NONE if value is None else f"{value:.3f}"


def share(part: int, whole: int) -> str:
    """'1.2 %'."""
    return f"{100 * part / whole:.1f} %" if whole else NONE


def gain(value: float | None, interval: tuple[float, float] | None) -> str:
    """'+.043 [+.021 +.064]'."""
    if value is None:
        return NONE
    if interval is None:
        return _signed(value)
    return f"{_signed(value)} [{_signed(interval[0])} {_signed(interval[1])}]"


def _signed(value: float) -> str:
    """'+.043': gains are small, and the zero before the point says nothing."""
    return f"{value:+.3f}".replace("0.", ".", 1)


def short_duration(seconds: float | None) -> str:
    """'45 s', '2m05s', '1h20m'."""
    if seconds is None or seconds < 59.5:
        return duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def seconds_between(start: str, end: str) -> float:
    """Seconds between two ISO times."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def local_time(iso: str) -> str:
    """'23 Nov 14:05', in this machine's time zone."""
    return datetime.fromisoformat(iso).astimezone().strftime("%d %b %H:%M")


def bar(fraction: float, width: int) -> str:
    """'█████░░░░░': two glyphs, so that it needs no colour."""
    done = round(min(max(fraction, 0.0), 1.0) * width)
    return DONE * done + UNDONE * (width - done)
