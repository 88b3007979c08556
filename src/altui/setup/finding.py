"""One line of what `altui check` found."""

from dataclasses import dataclass
from typing import Any, Literal

from altui.text import plain

Level = Literal["ok", "warning", "error"]
MARKS: dict[Level, str] = {"ok": "ok   ", "warning": "warn ", "error": "ERROR"}


@dataclass(frozen=True)
class Finding:
    """`where` names the thing looked at; `hint` how to mend it."""

    level: Level
    where: str
    message: str
    hint: str = ""

    def line(self) -> str:
        text = f"{MARKS[self.level]}  {plain(self.where)}: {plain(self.message)}"
        return f"{text}\n         → {plain(self.hint)}" if self.hint else text

    def to_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "where": self.where,
            "message": self.message,
            "hint": self.hint,
        }
