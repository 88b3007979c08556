"""Which of the images in one file is the mask: the only one that fits."""

from collections.abc import Callable, Mapping

from altui.labels.formats.base import Masks, Series
from altui.labels.verdict import Refusal
from altui.labels.which import Labelled
from altui.slices import SliceId
from altui.text import count, listing, plain
from altui.workspace import Header

ALONE = "save the mask alone"


def labelled_series(
    masks: Masks, label: Callable[[Masks], Labelled], headers: Mapping[str, Header]
) -> tuple[Labelled, str]:
    """What the masks of the one series label that has its slices' size and number, with None for
    those of the others; and which series that is, in words.

    `label`: what the masks of a file label, if they are all of it. Raises Refusal, with the
    candidates, where none fits, or several do.
    """
    fitting: list[tuple[Labelled, str]] = []
    refusals: list[Refusal] = []
    before = 0
    for number, one in enumerate(masks.series, 1):
        if one.masks is None:
            continue
        after = masks.count - before - one.masks.count
        try:
            labelled = label(one.masks)
        except Refusal as refusal:
            refusals.append(refusal)
        else:
            if _fits(one.masks, labelled, headers):
                padded = ((None,) * before, labelled.slices, (None,) * after)
                fitting.append((labelled._replace(slices=sum(padded, ())), _named(number, one)))
        before += one.masks.count
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        several = listing((name for _, name in fitting), shown=4)
        raise Refusal("ambiguous", f"may be any of {several}, which it holds; {ALONE}")
    if len({refusal.message for refusal in refusals}) == 1 and len(refusals) == len(masks.series):
        raise refusals[0]
    every = listing((_named(number, one) for number, one in enumerate(masks.series, 1)), shown=4)
    raise Refusal("shape", f"holds {every}, of which none fits; {ALONE}")


def _fits(masks: Masks, labelled: Labelled, headers: Mapping[str, Header]) -> bool:
    meant = [(i, one) for i, one in enumerate(labelled.slices) if isinstance(one, SliceId)]
    if len({one for _, one in meant}) < max(1, len(meant)):
        return False  # --slice, which is for one mask
    sizes = [(headers[one.sample].height, headers[one.sample].width) for _, one in meant]
    return [masks.shape(i) for i, _ in meant] == sizes


def _named(number: int, one: Series) -> str:
    name = f' "{plain(one.name)[:40]}"' if one.name else ""
    size = one.masks.shape(0) if one.masks else None
    what = f"{count(one.pages, 'page')} of {size[1]} × {size[0]}" if size else plain(one.fault)[:80]
    return f"series {number}{name} ({what})"
