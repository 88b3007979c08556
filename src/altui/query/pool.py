"""What a strategy is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field

from altui.query.components import Components
from altui.slices import SliceId


@dataclass(frozen=True)
class Pool:
    """The training slices, as a strategy sees them.

    `slices` maps a sample to its number of slices. `labelled` have a label; `kept` are
    already in this round's batch; `rejected` were refused by a person and never come back
    by themselves. `components` are None in round 1, which has no model.
    """

    slices: dict[str, int]
    labelled: frozenset[SliceId] = frozenset()
    kept: frozenset[SliceId] = frozenset()
    rejected: frozenset[SliceId] = frozenset()
    components: Components | None = None

    def candidates(self) -> list[SliceId]:
        """Every slice that may be chosen, in the samples' order."""
        closed = self.labelled | self.kept | self.rejected
        return [
            SliceId(sample, index)
            for sample, count in self.slices.items()
            for index in range(count)
            if (sample, index) not in closed
        ]


@dataclass(frozen=True)
class Rules:
    """`budget`: how many slices to choose now. `max_per_sample`: of a round, `kept` ones
    counted. `min_gap`: least distance along z to any labelled, kept or chosen slice.
    """

    budget: int
    max_per_sample: int
    min_gap: int
    seed: int
    round: int


@dataclass(frozen=True)
class Pick:
    """A chosen slice; `reasons` are sentences for people."""

    slice: SliceId
    score: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """What a strategy chose; `shortfall` says in words why the budget was not met."""

    picks: tuple[Pick, ...]
    shortfall: str = ""


@dataclass(frozen=True)
class Strategy:
    """A named way to choose. `choose` is a pure function: the same pool and rules give
    the same batch. `one_per_sample`: the batch is one slice a sample, whatever the budget.
    """

    name: str
    summary: str
    choose: Callable[[Pool, Rules], Batch] = field(repr=False)
    needs_scores: bool = False
    one_per_sample: bool = False
