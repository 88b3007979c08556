"""From what was remarked of a mask to what becomes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from altui.codes import Level, level_of
from altui.labels.checks.remark import Remark

WITH_TRUST = ("refused-before", "unlabelled")  # refused, but for someone who has looked
STRICTEST: tuple[Level, ...] = ("refuse", "quarantine", "note")


@dataclass(frozen=True)
class Rules:
    """`changed`: the levels that altui.toml sets. `unasked`: slices that the round did not ask
    for are wanted; `trust`: masks that only look doubtful are.
    """

    changed: Mapping[str, Level] = field(default_factory=dict)
    unasked: bool = False
    trust: bool = False

    def level(self, code: str) -> Level:
        level = level_of(code, self.changed)
        if code == "not-asked" and self.unasked:
            return "note"
        if self.trust and (level == "quarantine" or code in WITH_TRUST):
            return "note"
        return level

    def ranked(self, remarks: Iterable[Remark]) -> tuple[Remark, ...]:
        """One a check, each with its level, the strictest first: that one decides."""
        known: dict[str, Remark] = {}
        for remark in remarks:
            known.setdefault(remark.code, replace(remark, level=self.level(remark.code)))
        return tuple(sorted(known.values(), key=lambda remark: STRICTEST.index(remark.level)))
