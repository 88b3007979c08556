"""What a check has to say of a mask."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from altui.codes import Level
from altui.text import plain

Figure = int | float | str


@dataclass(frozen=True)
class Remark:
    """A check that fired; `figures`: the numbers behind `message`. `level`: what it led to,
    once that is known.
    """

    code: str
    message: str
    figures: Mapping[str, Figure] = field(default_factory=dict)
    level: Level = "note"

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "level": self.level,
            "message": plain(self.message),
            "figures": dict(self.figures),
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError for what `to_json` did not make."""
        return cls(entry["code"], entry["message"], dict(entry["figures"]), entry["level"])


def to_text(remarks: tuple[Remark, ...]) -> str:
    """As the store keeps them."""
    return json.dumps([remark.to_json() for remark in remarks], ensure_ascii=False)


def from_text(text: str) -> tuple[Remark, ...]:
    """Nothing where the text is none of `to_text`'s: remarks only tell, and decide nothing."""
    try:
        return tuple(Remark.from_json(entry) for entry in json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
