"""What came back and what is missing, slice by slice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from altui.labels.history import Revision, revisions
from altui.labels.quarantine import QuarantinedMask, quarantined_masks
from altui.rounds.claims import open_claims
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.store.history import History

LabelState = Literal["missing", "in doubt", "in"]


@dataclass(frozen=True)
class SliceLabels:
    """One slice; `asked`: the current round asks for it; `revisions`: oldest first; `doubt`: a
    newer mask that waits in quarantine; `claimed_by`: the annotator whose mask is awaited;
    `refused`: the newest mask, where a person did not take it.
    """

    slice: SliceId
    asked: bool
    revisions: tuple[Revision, ...] = ()
    doubt: QuarantinedMask | None = None
    claimed_by: str = ""
    refused: QuarantinedMask | None = None

    @property
    def state(self) -> LabelState:
        if self.doubt is not None:
            return "in doubt"
        return "in" if self.revisions else "missing"

    @property
    def current(self) -> Revision | None:
        return self.revisions[-1] if self.revisions else None


def matching(every: Iterable[SliceLabels], text: str) -> tuple[SliceLabels, ...]:
    """Those that hold each word of `text`: in the slice's name, the state, an annotator's name,
    the tool or the file of any of their masks.
    """
    wanted = text.lower().split()
    return tuple(one for one in every if all(word in _words(one) for word in wanted))


def _words(one: SliceLabels) -> str:
    masks = [f"{own.annotator} {own.label.tool} {own.label.source}" for own in one.revisions]
    doubt = [f"{one.doubt.annotator} {one.doubt.row.source}"] if one.doubt else []
    return "\n".join((str(one.slice), one.state, one.claimed_by, *masks, *doubt)).lower()


@lru_cache(maxsize=2)  # as long as nothing is written, the history is the same object
def label_overview(history: History) -> tuple[SliceLabels, ...]:
    """The round's approved slices in their order, then whatever else is labelled or in doubt."""
    kept, claims = revisions(history), open_claims(history)
    doubts = {one.slice: one for one in quarantined_masks(history)}
    refused = {
        one.slice: one
        for one in quarantined_masks(history, every=True)
        if one.state == "refused" and one.decided and not _came_later(one, kept, doubts)
    }
    asked = slate(history, current_round(history)).approved
    others = sorted((kept.keys() | doubts.keys()) - set(asked))
    return tuple(
        SliceLabels(
            slice_id,
            place < len(asked),
            kept.get(slice_id, ()),
            doubts.get(slice_id),
            claims[slice_id].annotator if slice_id in claims else "",
            refused.get(slice_id),
        )
        for place, slice_id in enumerate((*asked, *others))
    )


def _came_later(
    one: QuarantinedMask,
    kept: Mapping[SliceId, Sequence[Revision]],
    doubts: Mapping[SliceId, QuarantinedMask],
) -> bool:
    """Whether the slice has a newer mask than that one."""
    revisions = kept.get(one.slice, ())
    newest = max((own.event.id for own in revisions), default=0)
    return one.slice in doubts or newest > one.event.id
