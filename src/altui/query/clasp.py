"""ClaSP PE: class-stratified, scheduled power predictive entropy.

Lüth et al., Finally Outshining the Random Baseline, TMLR 2026, arXiv 2601.13677, for whole
slices instead of 3-D patches. What is ours is told in docs/strategies.md.
"""

import numpy as np
import numpy.typing as npt

from altui.query.draft import Draft
from altui.query.layout import IntArray
from altui.query.pool import Batch, Pool, Rules
from altui.query.power import power
from altui.query.ranking import known, ranked
from altui.query.uncertainty import said, uncertainty

GROWTH = 2.0  # of the inverse temperature, each round
FIRST_ROUND = 2  # the first that has scores; β is 1 there, as in power acquisition
LAST_ROUND = 32  # no noise is left by then, and no more can be taken away
ENTROPY = 0  # the turn that is of no class; 1, 2, … are the foreground classes


def inverse_temperature(number: int) -> float:
    """β of a round: exploring first, then ever more the plain ranking."""
    return GROWTH ** (min(max(number, FIRST_ROUND), LAST_ROUND) - FIRST_ROUND)


def clasp(pool: Pool, rules: Rules) -> Batch:
    """Two thirds of the batch by turns from each class's most uncertain slices, the rest by
    entropy, both as log score plus Gumbel noise / β.
    """
    draft = Draft(pool, rules)
    by_class = pool.column("class_entropy")
    scores = [uncertainty(pool, rules, "entropy"), *by_class.T[1:]]
    words = [said("entropy", rules)]
    words += [f'entropy of "{pool.class_name(c)}"' for c in range(1, len(scores))]
    beta = inverse_temperature(rules.round)
    rng = rules.rng()
    noise = rng.gumbel(size=(len(scores), draft.layout.n))
    orders = [ranked(power(s, beta, e)) for s, e in zip(scores, noise, strict=True)]
    places = [draft.places(order) for order in orders]
    total = int(draft.candidates.sum())
    every = turns(rules.budget + len(pool.kept), len(scores) - 1, rng)
    for turn in open_turns(every, ranks_of(draft.kept, orders)):
        position = next(draft.down(orders[turn]), None)
        if position is None:
            break
        score, place = scores[turn][position], places[turn]
        part = "stratum" if turn != ENTROPY else "of all classes"
        where = f"place {place[position]} of {total} with noise (β = {beta:g})"
        what = f"{part}: {words[turn]}" if np.isfinite(score) else f"{part}: not scored"
        draft.take(position, known(score), f"{what}, {where}", place < place[position])
    return draft.batch()


def turns(slices: int, classes: int, rng: np.random.Generator) -> list[int]:
    """Whose turn it is for each slice of a batch: two thirds go round the foreground classes
    in an order that is drawn, the rest are for entropy.
    """
    stratified = 2 * slices // 3 if classes else 0
    order = 1 + rng.permutation(classes)
    by_turns = [int(order[turn % classes]) for turn in range(stratified)]
    return by_turns + [ENTROPY] * (slices - stratified)


def ranks_of(kept: npt.NDArray[np.bool_], orders: list[IntArray]) -> IntArray:
    """(kept slices, turns) where each of them stands in each turn's order."""
    standing = np.empty((len(orders), len(kept)), np.int64)
    for turn, order in enumerate(orders):
        standing[turn, order] = np.arange(len(order))
    return standing[:, kept].T


def open_turns(every: list[int], ranks: IntArray) -> list[int]:
    """The turns that the slices already in the batch leave open, so that a rejected slice is
    replaced from its own stratum. Each of those slices is counted where it ranks best.
    """
    left = list(every)
    standing = sorted(
        (int(rank), one, turn)
        for one, of_turns in enumerate(ranks)
        for turn, rank in enumerate(of_turns)
    )
    counted: set[int] = set()
    for _, one, turn in standing:
        if one not in counted and turn in left:
            counted.add(one)
            left.remove(turn)
    return left[: len(every) - len(ranks)]
