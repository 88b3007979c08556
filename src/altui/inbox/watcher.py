"""Watches an inbox for as long as the app is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from altui.errors import AltuiError
from altui.inbox.inbox import Inbox, Note, Taken
from altui.inbox.lock import Watched
from altui.project import Project

INTERVAL = 5.0  # seconds
LONGEST_PAUSE = 300.0  # seconds, after looks that failed


class Watcher:
    """A daemon thread: quitting waits for nothing, and a mask taken in half is none."""

    def __init__(
        self,
        project: Project,
        folder: Path,
        heard: Callable[[Sequence[Taken | Note]], None],
        failed: Callable[[Exception], None],
        interval: float = INTERVAL,
    ) -> None:
        """`failed` is told once of a fault that stays, not at each look."""
        self._project, self._folder = project, folder
        self._heard, self._failed = heard, failed
        self._interval = self._pause = interval
        self._stop = threading.Event()
        self._fault = ""

    def start(self) -> None:
        threading.Thread(target=self._run, name="altui-inbox", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except Watched as error:  # whoever it is may leave
                if self._is_news(error):
                    self._heard([Note(error.message)])
            except Exception as error:
                if self._is_news(error):
                    self._failed(error)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._stop.wait(self._pause)

    def _watch(self) -> None:
        inbox = Inbox(self._project, self._folder)
        with inbox.held():
            while not self._stop.is_set():
                heard = list(inbox.look())
                self._fault, self._pause = "", self._interval
                if heard and not self._stop.is_set():
                    self._heard(heard)
                self._stop.wait(self._interval)

    def _is_news(self, error: Exception) -> bool:
        known, self._fault = self._fault, repr(error)
        return known != self._fault and not self._stop.is_set()


def inbox_of(project: Project) -> Path | None:
    """The folder that altui.toml has watched; a relative one starts in the project.

    None where there is none, or where nothing can be written.
    """
    inbox = project.config.masks_in.inbox
    if inbox is None or not project.workspace.store.writable:
        return None
    return project.root / Path(inbox).expanduser()


def folder_to_watch(project: Project, given: Path | None) -> Path:
    """Raises AltuiError where neither a folder is given nor altui.toml says one."""
    folder = given or inbox_of(project)
    if folder is None:
        raise AltuiError(
            "no folder to watch", 'give it, or say it in altui.toml: [import] inbox = "…"'
        )
    return folder
