"""Takes in what is dropped into a folder, look by look."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from altui.errors import AltuiError
from altui.inbox.answers import answer
from altui.inbox.arrivals import Arrival, Settling, arrivals, look_at
from altui.inbox.lock import watching
from altui.inbox.waiting import decided, is_of
from altui.labels.returned import NoMasks
from altui.labels.verdict import Refusal, Verdict, refused, shown
from altui.project import Project
from altui.text import plain

LOOKS = 3  # that must find the same
PATIENCE = 60.0  # seconds that a file which cannot be read has to have been still for
AT_ONCE = 50  # files and folders, so that answers come while many are taken in
MAY_BE_UNDONE = {"unreadable", "changed"}


@dataclass(frozen=True)
class Taken:
    """What became of a file or folder: `verdicts` on its masks, `target`, where it lies now."""

    name: str
    target: Path
    verdicts: tuple[Verdict, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": plain(self.name),
            "moved_to": shown(self.target),
            "masks": [{**one.to_json(), "outcome": one.outcome} for one in self.verdicts],
        }


@dataclass(frozen=True)
class Note:
    """Something that stays in the folder, and why; told once for as long as it is so."""

    text: str


class Inbox:
    """One folder, watched. Not for two threads at a time."""

    def __init__(
        self,
        project: Project,
        folder: Path,
        *,
        unasked: bool = False,
        annotator: str = "",
        patience: float = PATIENCE,
    ) -> None:
        """Raises AltuiError for a folder that is not there, or that the project lives in."""
        self.folder = folder.absolute()
        self._project = project
        self._unasked, self._annotator = unasked, annotator
        self._patience = patience
        self._settling = Settling(LOOKS)
        self._stuck: set[Path] = set()  # decided on, but not to be moved
        self._left: dict[Path, tuple[Arrival, float]] = {}  # until it changes, or until then
        check_inbox(project, self.folder)

    def held(self) -> AbstractContextManager[None]:
        """The right to look. Raises AltuiError while someone else has it."""
        return watching(self.folder, self._project.workspace.store.who)

    def look(self) -> Iterator[Taken | Note]:
        """Take in what is whole by now. Raises AltuiError where nothing can be taken in."""
        now = time.monotonic()
        try:
            found = list(arrivals(self.folder))
        except OSError as error:
            raise AltuiError(
                f"{plain(self.folder)} cannot be looked into: {error.strerror}",
                "see that it is there, and whether you may read it",
            ) from None
        present = {one.path: one for one in found}
        self._left = {
            path: (one, until)
            for path, (one, until) in self._left.items()
            if present.get(path) == one and now < until
        }
        settled = self._settling.settled(found, now)
        for one in found:
            waits = one.undone and self._settling.still_for(one, now) > self._patience
            if one.path not in self._left and (waits or one.is_link):
                yield self._leave(one, one.fault or f"waits for {plain(one.undone)}")
        yield from self._answer_decided()
        ready = [
            one
            for one in settled
            if one.path not in self._left and not (one.holes and self._is_new(one, now))
        ]
        for start in range(0, len(ready), AT_ONCE):
            yield from self._take(ready[start : start + AT_ONCE], now)

    def _take(self, ready: Sequence[Arrival], now: float) -> Iterator[Taken | Note]:
        verdicts = [
            refused(shown(one.path), Refusal("inbox", plain(one.fault)))
            for one in ready
            if one.fault
        ]
        verdicts += self._import([one.path for one in ready if not one.fault])
        for one in ready:
            own = [verdict for verdict in verdicts if is_of(verdict.file, one.path)]
            if not own:
                yield self._leave(one, "holds no mask")
            elif self._may_be_undone(one, own, now):
                self._leave(one, "", now + self._patience)
            elif look_at(one.path) == one:  # else it was saved again since
                try:
                    target = answer(self.folder, one.path, own, self._signature())
                except AltuiError as error:
                    yield self._leave(one, error.message)
                else:
                    yield Taken(one.path.name, target, tuple(own))

    def _answer_decided(self) -> Iterator[Taken | Note]:
        """Move on what people have decided on since it was put into `waiting/`."""
        history = self._project.workspace.store.history()
        for path, verdicts in decided(history, self.folder):
            if path in self._stuck:
                continue
            try:
                target = answer(self.folder, path, verdicts, self._signature())
            except AltuiError as error:
                self._stuck.add(path)
                yield Note(error.message)
            else:
                path.with_name(f"{path.name}.txt").unlink(missing_ok=True)
                yield Taken(path.name, target, tuple(verdicts))

    def _import(self, paths: Sequence[Path]) -> Sequence[Verdict]:
        here = [path for path in paths if path.exists()]  # it may have been taken back
        if not here:
            return ()
        try:
            return self._project.import_labels(
                *here, unasked=self._unasked, annotator=self._annotator
            ).verdicts
        except NoMasks:
            return ()

    def _may_be_undone(self, one: Arrival, own: Sequence[Verdict], now: float) -> bool:
        """Whether it cannot be read for what may be no more than a pause of the copying."""
        return self._is_new(one, now) and any(verdict.code in MAY_BE_UNDONE for verdict in own)

    def _is_new(self, one: Arrival, now: float) -> bool:
        """Whether it has not been still for long."""
        still = max(self._settling.still_for(one, now), time.time() - one.newest)
        return still < self._patience

    def _leave(self, one: Arrival, why: str, until: float = float("inf")) -> Note:
        self._left[one.path] = one, until
        return Note(f"{plain(one.path.name)}: {plain(why)}")

    def _signature(self) -> str:
        moment = datetime.now(UTC).isoformat(" ", "minutes").replace("+00:00", " UTC")
        return f"altui, {moment}, for the project {self._project.config.project.name}"


def check_inbox(project: Project, folder: Path) -> None:
    """Raises AltuiError: from an inbox, files are moved away."""
    if not os.path.isdir(folder):  # False too for a name that no folder can have
        raise AltuiError(f"{plain(folder)} is no folder", "make it, or give the one to watch")
    root, real = project.root.resolve(), folder.resolve()
    stacks = (path for one in project.config.samples for path in (one.images, one.masks) if path)
    paths = [root, *(root / path for path in stacks)]
    if real.is_relative_to(project.workspace.state.resolve()) or any(
        path.resolve().is_relative_to(real) for path in paths
    ):
        raise AltuiError(
            f"{plain(folder)} holds files of the project itself, which would be moved away",
            "give a folder that nothing but returned masks are put into",
        )
