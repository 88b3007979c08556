"""Labelled slices, their revisions, and masks in quarantine."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from altui.report.tables import moment, printed
from altui.text import duration, plain, spans

if TYPE_CHECKING:
    from altui.labels.history import Revision
    from altui.labels.quarantine import QuarantinedMask
    from altui.slices import SliceId


def quarantine_text(masks: Sequence["QuarantinedMask"]) -> str:
    """A mask in doubt a line."""
    if not masks:
        return "no mask is in quarantine"
    rows = [
        (
            plain(one.slice),
            one.state,
            ", ".join(one.codes),
            plain(one.annotator),
            moment(one.event.at),
            plain(one.row.source),
            plain(one.message) + decided_text(one),
        )
        for one in masks
    ]
    header = ("slice", "state", "code", "annotator", "when (UTC)", "file", "why")
    return printed(header, rows)


def decided_text(mask: "QuarantinedMask") -> str:
    if mask.decided is None or mask.decision is None:
        return ""
    reason = f": {plain(mask.decision.reason)}" if mask.decision.reason else ""
    return f" ({mask.state} by {plain(mask.decided.who)}{reason})"


def labels_text(slices: Mapping["SliceId", Sequence["Revision"]]) -> str:
    """A labelled slice a line."""
    if not slices:
        return "no slice is labelled yet"
    rows = [
        (
            str(slice_id),
            str(len(own)),
            plain(own[-1].annotator),
            moment(own[-1].event.at),
            rounds_seen(own[-1]),
        )
        for slice_id, own in slices.items()
    ]
    header = ("slice", "revisions", "annotator", "when (UTC)", "rounds")
    return printed(header, rows, " r")


def revisions_text(own: Sequence["Revision"]) -> str:
    """A revision a line, and where the mask and the file as it came lie."""
    rows = [
        (
            str(one.number),
            plain(one.annotator),
            plain(one.event.who),
            moment(one.event.at),
            work_text(one),
            rounds_seen(one),
            one.label.sha256[:12],
            f"restores {one.restores}; " * bool(one.restores) + source_text(one),
        )
        for one in own
    ]
    header = ("revision", "annotator", "by", "when (UTC)", "work", "rounds", "SHA-256", "from")
    newest = own[-1].label
    lines = [printed(header, rows, "r   r"), f"current: revision {own[-1].number}, {newest.path}"]
    if newest.original:
        lines.append(f"as it came: {newest.original}")
    return "\n".join(lines)


def work_text(one: "Revision") -> str:
    """By the tool's own clock; "≤" where it is the time from claim to return."""
    if one.label.minutes is None:
        return "–"
    return "≤ " * (one.label.minutes_by == "claim") + duration(60 * one.label.minutes)


def source_text(one: "Revision") -> str:
    tool = f" ({plain(one.label.tool)})" if one.label.tool else ""
    return plain(one.label.source) + tool


def rounds_seen(one: "Revision") -> str:
    """Whose networks were trained with it: '3, 5–50'."""
    return spans(one.rounds) or "–"
