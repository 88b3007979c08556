"""Ask a query strategy as altui.toml says: for the project's rounds and for simulated ones."""

from dataclasses import replace

from altui.config import Config
from altui.errors import AltuiError
from altui.query.pool import Batch, Pool, Rules, Strategy


def choose(
    config: Config, strategy: Strategy, pool: Pool, number: int, budget: int, seed: int = 0
) -> Batch:
    """`budget` more slices for round `number`; `seed` is added to [query] seed.

    Raises AltuiError where the scores lack what the strategy needs.
    """
    rules = rules_of(config, number, budget, seed)
    return strategy.choose(replace(pool, classes=config.classes.names), rules)


def rules_of(config: Config, number: int, budget: int, seed: int = 0) -> Rules:
    """What altui.toml says for round `number`."""
    query = config.query
    return Rules(
        budget=budget,
        max_per_sample=query.max_per_sample,
        min_gap=query.min_gap,
        seed=query.seed + seed,
        round=number,
        aggregation=query.aggregation,
    )


def batch_size(config: Config, strategy: Strategy, samples: int, budget: int | None = None) -> int:
    """How many slices a full batch holds; `samples`: how many train, `budget`: in place of
    [query] budget.
    """
    return samples if strategy.one_per_sample else budget or config.query.budget


def check_committee(config: Config, strategy: Strategy) -> None:
    """Raises AltuiError where the scores to come will lack the committee that it asks."""
    if "committee" in strategy.needs and config.scoring.committee == "none":
        raise AltuiError(
            f'strategy "{strategy.name}" asks a committee, and [scoring] committee is "none"',
            'set [scoring] committee = "dropout" (or "augmentation", "ensemble"), or take '
            "another strategy, such as entropy",
        )
