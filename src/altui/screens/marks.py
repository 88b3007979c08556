"""What was decided on the slices of each sample, as marks along z."""

from altui.poller import Snapshot
from altui.widgets.along_z import APPROVED, LABELLED, PROPOSED, REJECTED, Marked


def marked(snapshot: Snapshot, only: str | None = None) -> tuple[Marked, ...]:
    """Of every training sample, or of one: labelled, proposed, approved and rejected slices."""
    status = snapshot.status
    labelled = {slice_id for slice_id, _ in status.labels}
    marks = [(slice_id, LABELLED) for slice_id in labelled]
    marks += [(d.slice, PROPOSED) for d in status.slate.in_state("proposed")]
    marks += [(s, APPROVED) for s in status.slate.approved if s not in labelled]
    marks += [(slice_id, REJECTED) for slice_id in status.rejected]
    return tuple(
        Marked(
            name, slices, tuple(sorted((s.index, mark) for s, mark in marks if s.sample == name))
        )
        for name, slices in snapshot.slices
        if only in (None, name)
    )
