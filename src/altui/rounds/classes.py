"""Classes that were renamed, added or moved in altui.toml since a job was run.

A confusion matrix and a mask know ids alone: which name an id bore is in the job's settings.
"""

import json
from collections.abc import Sequence
from typing import TypeVar

from altui.errors import AltuiError
from altui.store.connection import Transaction
from altui.store.history import History
from altui.text import plain

Figure = TypeVar("Figure")


def names_then(history: History, job: str, now: Sequence[str]) -> tuple[str, ...]:
    """By id, the classes of a finished job; `now`'s where that was not kept."""
    kept = next((row.settings for row in history.job_settings if row.job == job), {})
    return tuple(kept.get("classes", {}).get("names", now))


def ids_then(then: Sequence[str], now: Sequence[str]) -> tuple[int | None, ...]:
    """For each class of `now` its id among `then`'s, None for a new one. A class whose name was
    not there, at the id of one whose name is gone, was renamed.
    """
    ids = {name: place for place, name in enumerate(then)}
    return tuple(
        ids.get(name, place if place < len(then) and then[place] not in now else None)
        for place, name in enumerate(now)
    )


def by_name(
    history: History, job: str, now: Sequence[str], figures: Sequence[Figure]
) -> dict[str, Figure | None]:
    """A job's figures, by id, under today's names; None for classes that it did not have."""
    found: dict[int | None, Figure] = dict(enumerate(figures))
    ids = ids_then(names_then(history, job, now), now)
    return {name: found.get(place) for name, place in zip(now, ids, strict=True)}


def same_ids(history: History, before: str, after: str, now: Sequence[str]) -> bool:
    """Whether an id is the same class, perhaps renamed, in two jobs."""
    then, later = (names_then(history, job, now) for job in (before, after))
    return ids_then(then, later) == tuple(range(len(later)))


def check_ids(history: History, now: Sequence[str]) -> None:
    """Raise AltuiError where a class has another id than in the masks that came in so far, or in
    the last round with results: every accepted mask would mean something else.
    """
    kept = [("the masks so far", row.names) for row in history.label_classes[-1:]]
    kept += [(row.job, names_then(history, row.job, now)) for row in history.job_settings[-1:]]
    for where, then in kept:
        for place, before in enumerate(ids_then(then, now)):
            if before is not None and before != place:
                raise AltuiError(
                    f'class "{plain(now[place])}" has the id {place} in altui.toml, and had '
                    f"{before} in {where}: the accepted masks hold the old ids",
                    "put [classes] names back in their old order; new classes go to the end",
                )


def keep_names(transaction: Transaction, history: History, event: int, now: Sequence[str]) -> None:
    """Note what the ids mean from `event` on, where that is news."""
    if not history.label_classes or history.label_classes[-1].names != tuple(now):
        transaction.insert("label_classes", event=event, names=json.dumps(list(now)))
