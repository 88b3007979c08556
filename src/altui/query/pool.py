"""What a strategy is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from altui.errors import AltuiError
from altui.query.components import SCORE_AGAIN, Components
from altui.query.layout import Floats, Layout
from altui.slices import SliceId

COMMITTEE = (
    'set [scoring] committee = "dropout" (or "augmentation", "ensemble") in altui.toml for the '
    "next round that is run; until then take another strategy, such as entropy"
)
Aggregation = Literal["foreground", "mean", "top"]
Need = Literal["scores", "committee", "embedding"]
WIDE = frozenset({"class_entropy", "class_fraction", "embedding"})  # (n, k); all others (n,)


@dataclass(frozen=True)
class Pool:
    """The training slices, as a strategy sees them.

    `slices` maps a sample to its number of slices. `labelled` have a label; `kept` are
    already in this round's batch; `rejected` were refused by a person and never come back
    by themselves. `components` are None in round 1, which has no model. `classes`: their
    names, for reasons in words.
    """

    slices: dict[str, int]
    labelled: frozenset[SliceId] = frozenset()
    kept: frozenset[SliceId] = frozenset()
    rejected: frozenset[SliceId] = frozenset()
    components: Components | None = None
    classes: tuple[str, ...] = ()

    @cached_property
    def layout(self) -> Layout:
        """All slices in one row; "(n,)" arrays are in its order."""
        return Layout(self.slices)

    def column(self, name: str) -> Floats:
        """(n,) or (n, k) score component in the layout's order, NaN where a slice has none.

        Raises AltuiError where there are no scores, or none of this name and shape.
        """
        if self.components is None:
            raise AltuiError("there are no scores yet", "choose a strategy that needs no model")
        if name not in self.components.columns:
            hint = COMMITTEE if name.startswith("bald_") else SCORE_AGAIN
            raise AltuiError(f'the scores hold no component "{name}"', hint)
        shape = self.components.columns[name].shape
        if len(shape) != (2 if name in WIDE else 1):
            raise AltuiError(f'the scores\' component "{name}" is of shape {shape}', SCORE_AGAIN)
        return self.layout.align(self.components, name)

    def class_name(self, number: int) -> str:
        return self.classes[number] if number < len(self.classes) else str(number)

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
    `aggregation`: how pixels' uncertainty became a slice's; see docs/strategies.md.
    """

    budget: int
    max_per_sample: int
    min_gap: int
    seed: int
    round: int
    aggregation: Aggregation = "mean"

    def rng(self) -> np.random.Generator:
        """Draws that differ by seed and round only.

        Draw for all n slices, not for those that are left: a rejection then changes no
        other slice's luck, and only brings the next best.
        """
        return np.random.default_rng([abs(self.seed), self.round])


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
    the same batch.

    `needs`: "scores" of a trained network, and of them a "committee" or an "embedding";
    empty where round 1 can use it. `one_per_sample`: the batch is one slice a sample,
    whatever the budget. `package`: the distribution that brought it; empty for altui's own.
    """

    name: str
    summary: str
    choose: Callable[[Pool, Rules], Batch] = field(repr=False)
    needs: tuple[Need, ...] = ()
    one_per_sample: bool = False
    package: str = ""

    @property
    def needs_scores(self) -> bool:
        return bool(self.needs)

    def to_json(self) -> dict[str, Any]:
        """One entry of `altui strategies --json`."""
        return {
            "name": self.name,
            "summary": self.summary,
            "needs": list(self.needs),
            "package": self.package,
            "error": None,
        }
