"""What the Labels screen says of a slice's masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from textual.content import Content

from altui.labels.checks.remark import Remark
from altui.labels.history import Revision
from altui.labels.overview import LabelState, SliceLabels
from altui.labels.quarantine import QuarantinedMask
from altui.report.labels import rounds_seen
from altui.screens import words
from altui.screens.table import Row, cell
from altui.text import percent, plain
from altui.widgets.along_z import LABELLED

# A space before each, since the list has no room for padding on both sides.
COLUMNS = (cell("   slice"), cell(" mask"), cell(" annotator"), cell(" revs", right=True))
MARKS: dict[LabelState, str] = {"missing": "…", "in doubt": "?", "in": LABELLED}


@dataclass(frozen=True)
class Mask:
    """One mask of a slice to look at: an accepted revision, or one in quarantine."""

    revision: Revision | None = None
    doubt: QuarantinedMask | None = None

    @property
    def said(self) -> str:
        if self.revision is None:
            return "mask in doubt"
        return f"revision {self.revision.number}" + ", earlier" * (not self.revision.current)


def masks_of(one: SliceLabels | None) -> tuple[Mask, ...]:
    """Newest first; one in doubt is newer than what was accepted before it."""
    if one is None:
        return ()
    doubt = (Mask(doubt=one.doubt),) if one.doubt else ()
    return (*doubt, *(Mask(revision) for revision in reversed(one.revisions)))


def row(one: SliceLabels) -> Row:
    if one.doubt is not None:
        who = one.doubt.annotator
    else:
        who = one.current.annotator if one.current else one.claimed_by
    return str(one.slice), (
        cell(f" {MARKS[one.state]} {one.slice}"),
        cell(f" {one.state}"),
        cell(f" {plain(who)}"),
        cell(f" {len(one.revisions) or ''}", right=True),
    )


def counts(shown: Sequence[SliceLabels]) -> str:
    """'● 5 in ? 1 in doubt … 2 missing'."""
    states = [one.state for one in shown]
    return " ".join(f"{m} {states.count(s)} {s}" for s, m in reversed(MARKS.items()) if s in states)


def about(
    one: SliceLabels,
    mask: Mask | None,
    remarks: Sequence[Remark],
    shares: Mapping[int, float],
    names: Sequence[str],
) -> Content:
    """How the slice stands, what is in the mask looked at, what the checks said of it, and every
    revision.
    """
    told = [Content.assemble((f"{one.slice} ", "bold"), state(one))]
    if mask is not None and mask.doubt is not None:
        doubt = mask.doubt
        told.append(Content(f"sent by {plain(doubt.annotator)}, {when(doubt.event.at)}"))
        told.append(Content(f"from {name_of(doubt.row.source)}"))
    if shares:
        told.append(Content(content(shares, names)))
    if one.refused is not None:
        told.append(refusal(one.refused))
    told += [check(remark) for remark in remarks]
    for revision in reversed(one.revisions):
        here = mask is not None and mask.revision is not None
        looked_at = here and mask.revision.label.id == revision.label.id  # type: ignore[union-attr]
        told.append(history(revision, looked_at))
    return Content("\n").join(told)


def content(shares: Mapping[int, float], names: Sequence[str]) -> str:
    """'bone 23 %, implant 6.5 %, ignored 0.3 %; no degradation layer'. A thin class is not to be
    missed, and in a small picture it may not be seen. `shares`: 0..1, by class id.
    """
    classes = {value: plain(name) for value, name in enumerate(names) if value}
    told = [f"{name} {percent(shares[i])}" for i, name in classes.items() if i in shares]
    ignored = sum(share for value, share in shares.items() if value >= len(names))
    told += [f"ignored {percent(ignored)}"] if ignored else []
    lacking = [f"no {name}" for value, name in classes.items() if value not in shares]
    return "; ".join(filter(None, (", ".join(told), ", ".join(lacking))))


def refusal(mask: QuarantinedMask) -> Content:
    """'✗ mask.tif refused by anna, 3 Mar 09:10: mirrored'."""
    decided, decision = mask.decided, mask.decision
    who = f" by {plain(decided.who)}, {when(decided.at)}" if decided else ""
    why = f": {plain(decision.reason)}" if decision and decision.reason else ""
    return Content(f"✗ {name_of(mask.row.source)} refused{who}{why}")


def state(one: SliceLabels) -> str:
    if one.doubt is not None:
        return "in doubt: accept or refuse it"
    if one.current is None:
        return f"awaited from {plain(one.claimed_by)}" if one.claimed_by else "awaited"
    return "in"


def check(remark: Remark) -> Content:
    """'? disagreement: …': what led to quarantine, or was only noted."""
    mark = "?" if remark.level == "quarantine" else "·"
    return Content(f"{mark} {remark.code}: {plain(remark.message)}")


def history(revision: Revision, looked_at: bool) -> Content:
    """'▸ 2 by anna, 3 Mar 09:10, rounds 1, 2; from mask.tif'."""
    label = revision.label
    tool = f" ({plain(label.tool)})" if label.tool else ""
    restored = f", restores {revision.restores}" if revision.restores else ""
    rounds = f", rounds {rounds_seen(revision)}" if revision.rounds else ""
    return Content(
        f"{'▸' if looked_at else ' '} {revision.number} by {plain(revision.annotator)}, "
        f"{when(revision.event.at)}{restored}{rounds}; from {name_of(label.source)}{tool}"
    )


def name_of(source: str) -> str:
    """Without its folders, for which there is no room."""
    return plain(PurePath(source).name)


def when(iso: str) -> str:
    return words.local_time(iso)
