"""A round's bundle: what annotators get, in what their tool opens."""

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import altui
from altui.colours import hexadecimal
from altui.errors import AltuiError
from altui.files import make_folder, write_json
from altui.labels.bundle.content import contents
from altui.labels.bundle.cvat import Cvat
from altui.labels.bundle.files import Files, as_csv
from altui.labels.bundle.itk_snap import ItkSnap
from altui.labels.bundle.label_studio import LabelStudio
from altui.labels.bundle.napari import Napari
from altui.labels.bundle.plain import Plain
from altui.labels.bundle.share import Wish, share
from altui.labels.bundle.tools import MakeTool, labels_of
from altui.labels.manifest import NAME, Manifest
from altui.labels.verdict import shown
from altui.rounds.claims import open_claims, record_claims, record_exports
from altui.rounds.people import is_same, person
from altui.rounds.repeats import choose_repeats, record_repeats
from altui.rounds.state import current_round
from altui.slices import SliceId
from altui.store.connection import read_only
from altui.store.history import History
from altui.text import count, plain
from altui.unfinished import unfinished
from altui.workspace import Workspace

ToolName = Literal["tiff", "napari", "cvat", "label-studio", "itk-snap"]
TOOLS: dict[ToolName, MakeTool] = {
    "tiff": Plain,
    "napari": Napari,
    "cvat": Cvat,
    "label-studio": LabelStudio,
    "itk-snap": ItkSnap,
}
CLASSES, NOTE = "classes.csv", "README.txt"
CONTEXT = 2  # neighbours on each side
HEAD = "{project}: round {round}, {count} to label{annotator}\n\n"


@dataclass(frozen=True)
class Bundle:
    """Where a bundle was written and what is in it; `repeats` of its slices are labelled
    already, which the bundle itself does not say.
    """

    folder: Path
    round: int
    slices: tuple[SliceId, ...]
    premasks: int
    tool: ToolName = "tiff"
    annotator: str = ""
    repeats: int = 0
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": shown(self.folder),
            "round": self.round,
            "slices": [str(one) for one in self.slices],
            "premasks": self.premasks,
            "for": self.tool,
            "annotator": self.annotator or None,
            "repeats": self.repeats,
            "bundle": self.id,
        }


def export_bundle(
    workspace: Workspace,
    target: Path,
    *,
    tool: ToolName = "tiff",
    slices: Sequence[SliceId] = (),
    annotator: str = "",
    most: int | None = None,
    repeat: float = 0.0,
    context: int = CONTEXT,
) -> Bundle:
    """Write the current round's approved slices into a new folder, whole or not at all.

    `tool`: what is to open it; `slices`: only these, whoever has claimed them; `annotator`:
    only this person's share, which is theirs from then on; `most`: that many slices at most;
    `repeat`: labelled slices that go out again, unmarked, as a share of the others; `context`:
    neighbours along z on each side.

    Raises AltuiError, with nothing written or claimed, where there is nothing to hand out or
    the folder holds something already.
    """
    if tool not in TOOLS:
        raise AltuiError(
            f'there is no tool "{plain(tool)}"', f"take one of: {', '.join(get_args(ToolName))}"
        )
    if not (0 <= repeat <= 1 and context >= 0 and (most is None or most > 0)):
        raise AltuiError("a share is 0 to 1, neighbours are 0 or more, slices 1 or more")
    name = person(annotator) if annotator.strip() else ""
    if (name or repeat) and not workspace.store.writable:
        raise read_only(workspace.state)
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(workspace.state)):
        raise AltuiError(
            f"{plain(target)} is within altui's own state, which no bundle belongs to",
            "give a new folder elsewhere: --to DIR",
        )
    wish = Wish(tuple(dict.fromkeys(slices)), name, most, repeat)
    workspace.headers  # noqa: B018  # a stack that cannot be read is no slice's fault
    history = workspace.store.history()
    export = _Export(workspace, history, target.absolute(), tool, wish)
    for slice_id in export.asked:
        _check_held(workspace, slice_id)
    try:
        return export.write(context)
    except OSError as error:
        raise AltuiError(
            f"the bundle could not be written to {plain(target)}: {error.strerror or plain(error)}",
            "free some space, or give another folder: --to DIR",
        ) from None


def _check_held(workspace: Workspace, slice_id: SliceId) -> None:
    """Raises AltuiError for a slice whose sample was renamed or removed since."""
    try:
        workspace.check_slice(slice_id)
    except AltuiError as error:
        raise AltuiError(
            f"{slice_id} is approved, but {error.message}",
            f"mend altui.toml, or reject the slice: altui reject PROJECT {slice_id}",
        ) from None


def _check_target(target: Path) -> None:
    """Never write over a folder in which someone may have worked. Raises AltuiError, OSError."""
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise AltuiError(
            f"{plain(target)} is there already, and may hold masks that someone has edited",
            "give a new folder: --to DIR",
        )


class _Export:
    """One bundle: what goes into it, its files, and the rows that say who has it."""

    def __init__(
        self, workspace: Workspace, history: History, target: Path, tool: ToolName, wish: Wish
    ) -> None:
        """Raises AltuiError where there is nothing to hand out."""
        self.workspace, self.target, self.tool, self.wish = workspace, target, tool, wish
        self.round = current_round(history)
        self.asked = share(workspace, history, wish)
        self.repeats: tuple[SliceId, ...] = ()
        if wish.repeat:
            self.repeats = choose_repeats(workspace, history, len(self.asked), wish.repeat)
        # Of one order whether or not some are repeats, which must not be told from it.
        self.slices = tuple(sorted({*self.asked, *self.repeats}))
        self.id = uuid.uuid4().hex

    def write(self, context: int) -> Bundle:
        """Raises AltuiError, OSError."""
        _check_target(self.target)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(self.target.parent) as folder:
            made = folder / "bundle"
            make_folder(made)
            premasks = self._files(Files(made, self.target.name), context)
            if self.workspace.store.writable:
                self._hand_out(made)
            else:  # then nobody can be told of it
                self._put_in_place(made)
        return Bundle(
            self.target,
            self.round,
            self.slices,
            premasks,
            self.tool,
            self.wish.annotator,
            len(self.repeats),
            self.id,
        )

    def _files(self, files: Files, context: int) -> int:
        """All files, the manifest last; returns how many slices have a starting mask."""
        config = self.workspace.config
        labels = labels_of(config.classes)
        tool = TOOLS[self.tool](files, labels)
        premasks = 0
        for one in contents(self.workspace, self.slices, context):
            premasks += one.premask is not None
            tool.add(one)
        head = HEAD.format(
            project=plain(config.project.name),
            round=self.round,
            count=count(len(self.slices), "slice"),
            annotator=f", for {self.wish.annotator}" if self.wish.annotator else "",
        )
        files.text(NOTE, "text", head + tool.end())
        rows = [(one.id, one.name, hexadecimal(one.colour)) for one in labels]
        files.text(CLASSES, "table", as_csv([("id", "name", "colour"), *rows]))
        manifest = Manifest(
            altui=altui.__version__,
            project=config.project.name,
            round=self.round,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            created_by=self.workspace.store.who,
            classes=config.classes.names,
            ignore=config.classes.ignore,
            slices=tuple(str(one) for one in self.slices),
            files=tuple(files.entries),
            bundle=self.id,
            annotator=self.wish.annotator,
            tool=self.tool,
        )
        write_json(files.folder / NAME, manifest.model_dump())
        return premasks

    def _hand_out(self, made: Path) -> None:
        """Rows and folder together, or neither. Raises AltuiError, OSError."""
        placed = False
        try:
            with self.workspace.store.write() as transaction:
                history = transaction.history()
                if self.wish.annotator or self.repeats:
                    self._check_free(history)
                record_exports(transaction, self.round, self.asked, self.id, shown(self.target))
                if self.wish.annotator:
                    name = self.wish.annotator
                    record_claims(transaction, self.round, self.asked, name, self.id)
                if self.repeats:
                    record_repeats(transaction, history, self.repeats, self.wish.annotator, self.id)
                self._put_in_place(made)
                placed = True
        except BaseException:
            if placed:  # the rows could not be committed after all
                shutil.rmtree(self.target, ignore_errors=True)
            raise

    def _check_free(self, history: History) -> None:
        """Raises AltuiError where someone else was quicker."""
        if current_round(history) != self.round:
            raise AltuiError(f"round {self.round} is over", "export again")
        claims = open_claims(history)
        for one in self.asked if not self.wish.named else ():
            if one in claims and not is_same(claims[one].annotator, self.wish.annotator):
                raise AltuiError(
                    f"{claims[one].annotator} has just claimed {one}",
                    "export again, for what is left",
                )

    def _put_in_place(self, made: Path) -> None:
        """Raises AltuiError, OSError."""
        _check_target(self.target)
        if self.target.exists():
            self.target.rmdir()
        made.replace(self.target)
