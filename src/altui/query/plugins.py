"""Strategies of installed packages: the entry point group `altui.strategies`.

Nothing is looked up before a name is asked for that altui does not have itself. A package's
code is not trusted to keep the rules: what it chooses is checked before it is used, and what
it prints goes to stderr, since stdout may be a document.
"""

import math
import numbers
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from altui.errors import AltuiError
from altui.query.draft import Draft
from altui.query.pool import Batch, Pick, Pool, Rules, Strategy
from altui.slices import SliceId
from altui.text import listing, plain

GROUP = "altui.strategies"
NEEDS = ("scores", "committee", "embedding")
NAME = re.compile(r"\w[\w.-]{0,60}")
MEND = "mend the package, or uninstall it; docs/strategies.md says what a strategy is"


@dataclass(frozen=True)
class Offer:
    """The entry points of one name, mostly one, and the distributions that have them."""

    points: tuple[EntryPoint, ...]

    @property
    def packages(self) -> str:
        """'altui-frequency 1.0'."""
        dists = [point.dist for point in self.points]
        return listing(f"{d.name} {d.version}" if d else "a package" for d in dists)


@dataclass(frozen=True)
class Refused:
    """A package's strategy that cannot be used, and why."""

    name: str
    package: str
    error: str

    def to_json(self) -> dict[str, Any]:
        """Its entry of `altui strategies --json`, after those that can be used."""
        told = {"package": self.package, "error": self.error}
        return {"name": self.name, "summary": "", "needs": [], **told}


@cache
def offers() -> dict[str, Offer]:
    """What is installed, by name; nothing of it is imported."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return {name: Offer(points) for name, points in sorted(found.items())}


@cache
def load(name: str) -> Strategy:
    """Import a package's strategy, one of `offers`. Raises AltuiError naming the package."""
    offer = offers()[name]
    whose = f'strategy "{plain(name)}" of {offer.packages}'
    if len(offer.points) > 1:
        raise AltuiError(f"{whose} is there more than once", "uninstall all packages but one")
    if not NAME.fullmatch(name):
        raise AltuiError(f"{whose}: a name is letters, digits, '_', '-' and '.'", MEND)
    try:
        with redirect_stdout(sys.stderr):
            strategy = _as_strategy(name, offer.points[0].load())
    except (Exception, SystemExit) as error:  # it is others' code, and may fail in any way
        raise AltuiError(f"{whose} cannot be loaded: {_fault(error)}", MEND) from None
    choose = _checked(strategy.choose, whose)
    return replace(strategy, name=name, choose=choose, package=offer.packages)


def check_batch(batch: Any, pool: Pool, rules: Rules) -> None:
    """Raises ValueError unless a strategy kept the rules."""
    if not (isinstance(batch, Batch) and isinstance(batch.shortfall, str)):
        raise ValueError(f"it gave {type(batch).__name__}, not a Batch")
    if len(batch.picks) > rules.budget:
        raise ValueError(f"it chose {len(batch.picks)} slices of {rules.budget}")
    draft = Draft(pool, rules)
    for pick in batch.picks:
        if not isinstance(pick, Pick):
            raise ValueError(f"it gave {type(pick).__name__}, not a Pick")
        one = pick.slice
        if not (isinstance(one, SliceId) and _is_index(one.index)):
            raise ValueError(f"it chose {plain(repr(one))}, which is no SliceId")
        if broken := draft.refusal(one):
            raise ValueError(f"it chose {plain(one)}, which {broken}")
        if not _is_score(pick.score):
            raise ValueError(f"the score of {one} is {plain(repr(pick.score))}, not a number")
        if not (isinstance(pick.reasons, tuple) and all(isinstance(r, str) for r in pick.reasons)):
            raise ValueError(f"the reasons for {one} are not a tuple of sentences")
        draft.claim(int(pool.layout.mask([one]).argmax()))


def _as_strategy(name: str, value: Any) -> Strategy:
    """What an entry point's value stands for. Raises ValueError where it is no strategy."""
    if isinstance(value, Strategy):
        if not (isinstance(value.needs, tuple) and set(value.needs) <= set(NEEDS)):
            raise ValueError(f"needs is {plain(repr(value.needs))}, not a tuple of {NEEDS}")
        return replace(value, summary=plain(value.summary))
    if not callable(value) or isinstance(value, type):
        raise ValueError(f"it is neither a Strategy nor a function, but {type(value).__name__}")
    lines = (value.__doc__ or "").strip().splitlines()
    return Strategy(name, plain(lines[0]) if lines else "says nothing about itself", value)


def _checked(choose: Callable[[Pool, Rules], Batch], whose: str) -> Callable[[Pool, Rules], Batch]:
    """`choose`, with its failures and broken rules told as the package's."""

    def chosen(pool: Pool, rules: Rules) -> Batch:
        own = replace(pool, slices=dict(pool.slices))  # others choose from the same pool
        try:
            with redirect_stdout(sys.stderr):
                batch = choose(own, rules)
            check_batch(batch, pool, rules)
        except AltuiError as error:  # such as a missing score component
            raise AltuiError(f"{whose}: {error.message}", error.hint) from None
        except (Exception, SystemExit) as error:
            raise AltuiError(f"{whose} failed: {_fault(error)}", MEND) from None
        picks = tuple(map(_plainly, batch.picks))
        shortfall = plain(batch.shortfall)
        if len(picks) < rules.budget and not shortfall:
            shortfall = f"{whose} chose only {len(picks)} of {rules.budget}"
        return Batch(picks, shortfall)

    return chosen


def _is_index(index: Any) -> bool:
    return isinstance(index, numbers.Integral) and not isinstance(index, bool)


def _is_score(score: Any) -> bool:
    """NumPy's numbers are numbers too: a score component is an array of them."""
    number = isinstance(score, numbers.Real) and not isinstance(score, bool)
    return score is None or (number and math.isfinite(score))


def _plainly(pick: Pick) -> Pick:
    """In Python's own types, and in words that are safe to print."""
    return Pick(
        SliceId(pick.slice.sample, int(pick.slice.index)),
        None if pick.score is None else float(pick.score),
        tuple(map(plain, pick.reasons)),
    )


def _fault(error: BaseException) -> str:
    said = plain(error)
    return said if isinstance(error, ValueError) and said else f"{type(error).__name__}: {said}"
