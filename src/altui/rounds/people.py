"""Annotators' names: who is who."""

from altui.errors import AltuiError
from altui.text import plain

LONGEST = 100  # characters


def person(name: str) -> str:
    """A name as it is kept: printable, spaces made one. Raises AltuiError for none."""
    kept = plain(" ".join(name.split()))
    if not 0 < len(kept) <= LONGEST:
        raise AltuiError(
            "the annotator's name is too long" if kept else "the annotator has no name",
            "give a name: --annotator NAME",
        )
    return kept


def is_same(one: str, other: str) -> bool:
    """Whether two names are one person's."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
