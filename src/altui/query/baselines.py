"""Strategies that ask no network how sure it is: what the others have to beat."""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.layout import BoolArray, IntArray
from altui.query.pool import Batch, Pool, Rules
from altui.text import count as count_of
from altui.text import listing

FOREGROUND_LEAST = 0.1  # of what a typical foreground pixel's slice holds


def initial(pool: Pool, rules: Rules) -> Batch:
    """One slice a sample, near its middle: the start of the published experiment.

    The jitter (a tenth of the sample either way, drawn from the seed) keeps the first
    slices from all showing the same height.
    """
    draft = Draft(pool, rules)
    have_one = {kept.sample for kept in pool.kept}
    short: list[str] = []
    for number, (sample, count) in enumerate(pool.slices.items()):
        if sample in have_one or not draft.wanted:
            continue
        reach = count // 10
        jitter = np.random.default_rng([abs(rules.seed), number]).integers(-reach, reach + 1)
        index = np.arange(count)
        away = abs(index - (count // 2 + int(jitter)))
        order = draft.layout.starts[number] + np.argsort(away, kind="stable")
        position = next(draft.down(order), None)
        if position is None:
            short.append(sample)
            continue
        middle = abs(draft.layout.slice_at(position).index - count // 2)
        place = draft.places(order)
        draft.take(
            position,
            None,
            f"one slice a sample to begin with; {count_of(middle, 'slice')} from the middle",
            place < place[position],
        )
    return Batch(
        tuple(draft.picks), f"no slice is left to choose in {listing(short)}" if short else ""
    )


def random(pool: Pool, rules: Rules) -> Batch:
    """Every slice of the pool with the same chance."""
    return Draft(pool, rules).fill(
        rules.rng().permutation(pool.layout.n), lambda position, place: (None, "drawn at random")
    )


def foreground_random(pool: Pool, rules: Rules) -> Batch:
    """At random among the slices with predicted foreground; the others only when those are out.

    After the foreground-aware random sampling of nnActive (Lüth et al., TMLR 2025, arXiv
    2511.19183), which no acquisition function beat reliably. It draws as `random` does, in
    the same order: the two differ only by the slices that this one passes over.
    """
    draft = Draft(pool, rules)
    share = foreground_share(pool)
    holds = has_foreground(share)
    order = rules.rng().permutation(pool.layout.n)
    many = int((holds & draft.candidates).sum())

    def explain(position: int, place: int) -> tuple[None, str]:
        if not holds[position]:
            return None, "drawn from slices with little or no foreground: no others are left"
        return None, (
            f"drawn at random among {count_of(many, 'slice')} with enough predicted foreground "
            f"(here {100 * share[position]:.1f} % of the pixels)"
        )

    return draft.fill(order[holds[order]], explain, then=order[~holds[order]])


def foreground_share(pool: Pool) -> npt.NDArray[np.float64]:
    """(n,) predicted share of all classes but the first, 0..1; 0 where nothing is known."""
    share = pool.column("class_fraction")[:, 1:].sum(1, dtype=np.float64)
    return np.where(np.isfinite(share), share.clip(0, 1), 0)


def has_foreground(share: npt.NDArray[np.float64]) -> BoolArray:
    """(n,) whether foreground is more than specks: at least a tenth of what the slice of an
    average foreground pixel holds (the contraharmonic mean, Σs²/Σs).

    Relative to the pool, so that it suits bone that fills half the slices and lesions that
    fill a thousandth of one; weighted by pixels, so that thousands of slices with a few
    wrong pixels each do not lower it.
    """
    total = float(share.sum())
    typical = float((share**2).sum()) / total if total else 0.0
    return (share > 0) & (share >= FOREGROUND_LEAST * typical)


def equidistant(pool: Pool, rules: Rules) -> Batch:
    """Spread along z: each pick is the slice farthest from all labelled and chosen ones."""
    draft = Draft(pool, rules)
    room = clearance(draft)
    touched = set(draft.layout.sample[draft.labelled | draft.kept | draft.rejected].tolist())
    while draft.wanted and (allowed := draft.allowed()).any():
        position = int(np.argmax(np.where(allowed, room, -1)))
        far, sample = int(room[position]), int(draft.layout.sample[position])
        why = f"{count_of(far, 'slice')} from any labelled or chosen one"
        if sample not in touched:
            why = "the middle of a sample that has none yet"
        draft.take(position, float(far), why, room > far)
        touched.add(sample)
        near(draft, position, room)
    return draft.batch()


def clearance(draft: Draft) -> IntArray:
    """(n,) slices along z to the nearest labelled, kept or rejected one of the same sample.

    In an untouched sample the middle is farthest, and has the sample's whole length.
    """
    layout = draft.layout
    counts = np.diff(layout.starts)[layout.sample]
    index = np.arange(layout.n) - layout.starts[layout.sample]
    room: IntArray = counts - abs(index - counts // 2)
    taken = draft.labelled | draft.kept | draft.rejected
    room[np.isin(layout.sample, layout.sample[taken])] = layout.n
    for position in np.flatnonzero(taken):
        near(draft, int(position), room)
    return room


def near(draft: Draft, position: int, room: IntArray) -> None:
    """Lower `room` (n,) to what is left of it beside a slice that was taken."""
    sample = draft.layout.around(position, draft.layout.n)
    away = abs(np.arange(sample.start, sample.stop) - position)
    np.minimum(room[sample], away, out=room[sample])
