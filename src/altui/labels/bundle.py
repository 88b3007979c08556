"""A round's bundle: what annotators get."""

import csv
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import altui
from altui.errors import AltuiError
from altui.files import write_json
from altui.labels.manifest import MAP, NAME, Entry, Manifest, Role
from altui.labels.predictions import newest_prediction, newest_uncertainty
from altui.labels.verdict import shown
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.text import plain
from altui.volumes.intensity import Window, window_of
from altui.workspace import Workspace

IMAGES, VIEWS, PREMASKS = "images", "views", "masks"
CLASSES, NOTE = "classes.csv", "README.txt"

README = """\
{project}: round {round}, {count} slices to label

images/   the slices, values untouched
views/    the same as 8-bit pictures, to look at{maps}
{premasks}classes.csv   the class ids; {ignore} means "leave this pixel out"

Save one mask a slice, of the slice's size, one class id a pixel, as TIFF or PNG in one
grey channel, named as its image (such as {example}.tif), and send the masks back.
"""
MAP_LINE = "; …_uncertainty.png is bright where the network is unsure"
PREMASK_LINE = "masks/    what the network predicts: a mask to start from, to be corrected\n"


@dataclass(frozen=True)
class Bundle:
    """Where a bundle was written and what is in it."""

    folder: Path
    round: int
    slices: tuple[SliceId, ...]
    premasks: int

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": shown(self.folder),
            "round": self.round,
            "slices": [str(one) for one in self.slices],
            "premasks": self.premasks,
        }


def export_bundle(workspace: Workspace, target: Path) -> Bundle:
    """Write the current round's approved slices into a new folder, whole or not at all.

    Raises AltuiError where nothing is approved or the folder holds something already.
    """
    history = workspace.store.history()
    number = current_round(history)
    slices = slate(history, number).approved
    if not slices:
        raise AltuiError(
            f"no slice of round {max(number, 1)} is approved yet",
            "approve first: altui approve PROJECT --all",
        )
    for slice_id in slices:
        _check_held(workspace, slice_id)
    target = target.absolute()
    try:
        _check_target(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
            made = Path(scratch) / "bundle"
            premasks = _Writer(workspace, made, number, slices).write()
            if target.exists():
                target.rmdir()
            made.replace(target)
    except OSError as error:
        raise AltuiError(
            f"the bundle could not be written to {plain(target)}: {error.strerror or plain(error)}",
            "free some space, or give another folder: --to DIR",
        ) from None
    return Bundle(target, number, slices, premasks)


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


class _Writer:
    """Writes the files of one bundle and keeps their hashes."""

    def __init__(
        self, workspace: Workspace, folder: Path, number: int, slices: tuple[SliceId, ...]
    ) -> None:
        self.workspace = workspace
        self.folder = folder
        self.round = number
        self.slices = slices
        self.entries: list[Entry] = []
        self.windows: dict[str, Window] = {}

    def write(self) -> int:
        """All files, the manifest last; returns how many slices have a starting mask."""
        for name in (IMAGES, VIEWS):
            (self.folder / name).mkdir(parents=True)
        premasks = sum(self._slice(slice_id) for slice_id in self.slices)
        self._texts(premasks)
        config = self.workspace.config
        manifest = Manifest(
            altui=altui.__version__,
            project=config.project.name,
            round=self.round,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            created_by=self.workspace.store.who,
            classes=config.classes.names,
            ignore=config.classes.ignore,
            slices=tuple(str(one) for one in self.slices),
            files=tuple(self.entries),
        )
        write_json(self.folder / NAME, manifest.model_dump())
        return premasks

    def _slice(self, slice_id: SliceId) -> bool:
        import tifffile
        from PIL import Image

        stem = slice_id.file_stem(self.workspace.headers[slice_id.sample].slices)
        with self.workspace.images(slice_id.sample) as stack:
            image = stack.read(slice_id.index)
            if slice_id.sample not in self.windows:
                self.windows[slice_id.sample] = window_of(stack)
        view = self.windows[slice_id.sample].to_uint8(image)
        self._add(f"{IMAGES}/{stem}.tif", "image", slice_id, lambda p: _tiff(tifffile, p, image))
        self._add(f"{VIEWS}/{stem}.png", "view", slice_id, lambda p: Image.fromarray(view).save(p))
        unsure = newest_uncertainty(self.workspace, slice_id)
        if unsure is not None:
            # Of the slice's size, to be laid over it.
            shown_at = Image.fromarray(unsure).resize(view.shape[::-1], Image.Resampling.BILINEAR)
            self._add(f"{VIEWS}/{stem}{MAP}.png", "view", slice_id, shown_at.save)
        mask = newest_prediction(self.workspace, slice_id)
        if mask is None or mask.shape != image.shape:
            return False
        (self.folder / PREMASKS).mkdir(exist_ok=True)
        self._add(f"{PREMASKS}/{stem}.tif", "premask", slice_id, lambda p: _tiff(tifffile, p, mask))
        return True

    def _texts(self, premasks: int) -> None:
        config = self.workspace.config
        rows = [*enumerate(config.classes.names), (config.classes.ignore, "ignore")]
        self._add(CLASSES, "table", None, lambda p: _csv(p, [("id", "name"), *rows]))
        first = self.slices[0]
        note = README.format(
            project=plain(config.project.name),
            round=self.round,
            count=len(self.slices),
            premasks=PREMASK_LINE if premasks else "",
            maps=MAP_LINE if any(MAP in entry.path for entry in self.entries) else "",
            ignore=config.classes.ignore,
            example=first.file_stem(self.workspace.headers[first.sample].slices),
        )
        self._add(NOTE, "text", None, lambda p: p.write_text(note, encoding="utf-8"))

    def _add(
        self, name: str, role: Role, slice_id: SliceId | None, write: Callable[[Path], object]
    ) -> None:
        path = self.folder / name
        write(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.entries.append(
            Entry(path=name, role=role, sha256=digest, slice=str(slice_id) if slice_id else None)
        )


def _csv(path: Path, rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _tiff(tifffile: Any, path: Path, image: npt.NDArray[np.generic]) -> None:
    """Uncompressed, without metadata: what every annotation tool opens."""
    tifffile.imwrite(path, image, photometric="minisblack", metadata=None)
