"""A path as it is typed, completed with Tab as in a shell."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from altui.text import listing, plain

if TYPE_CHECKING:
    from altui.app import AltuiApp

SHOWN = 24  # names


@dataclass(frozen=True)
class Completion:
    """`text`: what was typed, and what all that begin with it have in common; `told`: what there
    is to choose from, or why there is nothing.
    """

    text: str
    told: str = ""


class PathField(Input):
    """Begins with a path that is looked for, unless something is typed before it is found."""

    BINDINGS = [Binding("tab", "complete", show=False)]

    class Told(Message):
        """What there is to choose from; empty where there is nothing to tell."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        first: Callable[[], str],
        *,
        folders: bool = False,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
        compact: bool = False,
    ) -> None:
        """`folders`: complete with these only."""
        super().__init__(id=id, compact=compact)
        self.cursor_blink = False
        self._first, self._folders = first, folders

    @property
    def altui(self) -> "AltuiApp":
        return cast("AltuiApp", self.app)

    def on_mount(self) -> None:
        self.altui.glance(self._first, self._begin)

    def _begin(self, path: str) -> None:
        if self.is_attached and not self.value:
            self.value = path
            self.select_all()

    def action_complete(self) -> None:
        """What stands before the cursor."""
        value, at, root = self.value, self.cursor_position, self.altui.project.root

        def found(completion: Completion) -> None:
            if self.is_attached and (value, at) == (self.value, self.cursor_position):
                self.value = completion.text + value[at:]
                self.cursor_position = len(completion.text)
                self.post_message(self.Told(completion.told))

        self.altui.glance(lambda: completed(value[:at], root, folders=self._folders), found)


def completed(typed: str, root: Path, *, folders: bool = False) -> Completion:
    """Relative paths start at `root`. Names that cannot be typed, since they hold control
    characters, are counted only.
    """
    if typed == "~":
        return Completion("~/")
    head, slash, begun = typed.rpartition("/")
    try:
        names = _names(root / Path(head + slash).expanduser(), begun, folders)
    except (OSError, RuntimeError, ValueError) as error:  # no such user; a NUL
        reason = error.strerror if isinstance(error, OSError) else error
        return Completion(typed, f"{plain(head + slash)}: {plain(reason)}")
    fit = [name for name in names if plain(name) == name]
    odd = f"; {len(names) - len(fit)} with names that cannot be typed" * (len(fit) < len(names))
    if not fit:
        return Completion(typed, f"nothing there begins so{odd}")
    text = head + slash + os.path.commonprefix(fit)
    return Completion(text, listing(fit, shown=SHOWN) + odd if len(names) > 1 else "")


def _names(folder: Path, begun: str, folders: bool) -> list[str]:
    """What begins so; folders with a / after them. Hidden ones only where the dot was typed.
    Raises OSError.
    """
    with os.scandir(folder) as entries:
        found = [
            (entry.name, entry.is_dir())
            for entry in entries
            if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
        ]
    return sorted(name + "/" * is_dir for name, is_dir in found if is_dir or not folders)
