"""Which slices a bundle holds: all that are approved, or one annotator's share of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from altui.errors import AltuiError
from altui.rounds.claims import Claim, check_assignable, not_approved, open_claims
from altui.rounds.people import is_same
from altui.rounds.state import current_round, missing_masks, slate
from altui.slices import SliceId
from altui.store.history import History
from altui.text import count, listing
from altui.workspace import Workspace


@dataclass(frozen=True)
class Wish:
    """What a bundle is to hold. `named`: these slices, whoever has claimed them; `annotator`:
    who gets it, and claims it; `most`: that many slices at most; `repeat`: labelled slices to
    go out again, as a share of the others.
    """

    named: tuple[SliceId, ...] = ()
    annotator: str = ""
    most: int | None = None
    repeat: float = 0.0


def share(workspace: Workspace, history: History, wish: Wish) -> tuple[SliceId, ...]:
    """The slices to be labelled, in rank order. Raises AltuiError where there are none."""
    number = current_round(history)
    own = slate(history, number)
    if not own.approved:
        raise AltuiError(
            f"no slice of round {max(number, 1)} is approved yet",
            "approve first: altui approve PROJECT --all",
        )
    if wish.named:
        if wish.annotator:
            check_assignable(workspace, history, wish.named)
        for one in wish.named:
            if one not in own.approved:
                workspace.check_slice(one)
                raise not_approved(own, one)
        return wish.named
    claims = open_claims(history)
    if not wish.annotator:
        return _enough([one for one in own.approved if one not in claims], wish, claims)
    missing = missing_masks(history, own)
    if not missing:
        raise AltuiError(
            f"every approved slice of round {number} has its label",
            "to have one drawn anew, name it, without --annotator: altui export PROJECT SLICE",
        )
    mine = [s for s in missing if s in claims and is_same(claims[s].annotator, wish.annotator)]
    free = [s for s in missing if s not in claims]
    # Those who have claims and ask for no number want their bundle again.
    return _enough(mine if mine and wish.most is None else [*mine, *free], wish, claims)


def _enough(
    slices: Sequence[SliceId], wish: Wish, claims: Mapping[SliceId, Claim]
) -> tuple[SliceId, ...]:
    if not slices:
        first = next(iter(claims))
        who = sorted({claim.annotator for claim in claims.values()})
        raise AltuiError(
            f"{count(len(claims), 'slice')} {'is' if len(claims) == 1 else 'are'} still without a "
            f"mask, and claimed by {listing(who)}",
            f"let go of one: altui release PROJECT {first}; or ask for it by name: "
            f"altui export PROJECT {first} --annotator NAME",
        )
    return tuple(slices[: wish.most])
