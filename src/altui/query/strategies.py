"""The query strategies by name: altui's own, and those of installed packages."""

from altui.errors import AltuiError
from altui.query import plugins
from altui.query.baselines import equidistant, foreground_random, initial, random
from altui.query.batches import stochastic_batch
from altui.query.clasp import clasp
from altui.query.coreset import coreset
from altui.query.coverage import coverage
from altui.query.pool import Strategy
from altui.query.power import power_bald
from altui.query.uncertainty import most_uncertain
from altui.text import did_you_mean, listing, plain

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(
            "initial",
            "one slice a training sample, near its middle (round 1: needs no model)",
            initial,
            one_per_sample=True,
        ),
        Strategy("random", "every slice with the same chance", random),
        Strategy("equidistant", "spread along z, far from what is labelled", equidistant),
        Strategy(
            "foreground-random",
            "at random among the slices with predicted foreground",
            foreground_random,
            needs=("scores",),
        ),
        Strategy(
            "entropy",
            "most uncertain first: the highest mean entropy",
            most_uncertain("entropy"),
            needs=("scores",),
        ),
        Strategy(
            "margin",
            "most uncertain first: the two likeliest classes closest to each other",
            most_uncertain("margin"),
            needs=("scores",),
        ),
        Strategy(
            "least-confidence",
            "most uncertain first: the likeliest class least likely",
            most_uncertain("confidence"),
            needs=("scores",),
        ),
        Strategy(
            "bald",
            "where the committee disagrees most (mutual information)",
            most_uncertain("bald"),
            needs=("scores", "committee"),
        ),
        Strategy(
            "power-bald",
            "where the committee disagrees, with noise against look-alikes",
            power_bald,
            needs=("scores", "committee"),
        ),
        Strategy(
            "clasp",
            "two thirds by turns from each class's most uncertain, the rest by entropy, with noise",
            clasp,
            needs=("scores",),
        ),
        Strategy(
            "coreset",
            "farthest in the network's features from what is labelled",
            coreset,
            needs=("scores", "embedding"),
        ),
        Strategy(
            "coverage",
            "uncertain slices that stand for many like them, by the network's features",
            coverage,
            needs=("scores", "embedding"),
        ),
        Strategy(
            "stochastic-batch",
            "the most uncertain of many random batches",
            stochastic_batch,
            needs=("scores",),
        ),
    )
}


def strategy_named(name: str) -> Strategy:
    """One of altui's own, or of an installed package.

    Raises AltuiError with the nearest known name, or with what is wrong with the package.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if name in plugins.offers():
        return plugins.load(name)
    names = [*STRATEGIES, *plugins.offers()]
    raise AltuiError(
        f'no strategy is named "{plain(name)}"{did_you_mean(name, names)}',
        f"the strategies are {listing(names, shown=20)}; see: altui strategies",
    )


def every_strategy() -> tuple[list[Strategy], list[plugins.Refused]]:
    """All that can be used, altui's own first, and the packages' that cannot."""
    found, refused = list(STRATEGIES.values()), []
    for name, offer in plugins.offers().items():
        try:
            if name in STRATEGIES:
                raise AltuiError(f'altui has a strategy named "{name}", which stays')
            found.append(plugins.load(name))
        except AltuiError as error:
            refused.append(plugins.Refused(name, offer.packages, error.message))
    return found, refused
