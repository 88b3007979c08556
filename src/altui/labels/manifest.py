"""`manifest.json` of a bundle: what went out, with the SHA-256 of every file."""

import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME = "manifest.json"
LARGEST = 1 << 25  # bytes
MAP, CONTEXT = "_uncertainty", "_context"  # end the names of pictures that are never masks
Role = Literal["image", "view", "premask", "table", "text", "tool"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Entry(BaseModel):
    """One file of the bundle; `path` is relative to the bundle, with `/`."""

    model_config = ConfigDict(frozen=True)

    path: str
    role: Role
    sha256: Sha256
    slice: str | None = None


class Manifest(BaseModel):
    """Everything about a bundle that a program may want to know."""

    model_config = ConfigDict(frozen=True)

    altui: str
    project: str
    round: int
    created_at: str
    created_by: str
    classes: tuple[str, ...]  # position = class id
    ignore: int
    slices: tuple[str, ...]
    files: tuple[Entry, ...]
    bundle: str = ""  # its own id, by which masks that come back are told
    annotator: str = ""
    tool: str = "tiff"

    @cached_property
    def _roles(self) -> dict[str, Role]:
        return {entry.sha256: entry.role for entry in self.files}

    def role_of(self, sha256: str) -> Role | None:
        """What a file was in the bundle, if it is still, byte for byte, as the bundle brought
        it. Told by its content: someone may have saved a mask over the image of its name.
        """
        return self._roles.get(sha256)


def find_manifest(folder: Path, top: Path) -> Manifest | None:
    """The manifest of the bundle that `folder` is or lies in; looked for up to the folder
    that holds `top`, which `folder` is or lies in.
    """
    for place in (folder, *folder.parents):
        path = place / NAME
        try:
            return load_manifest(path, path.stat().st_mtime_ns)
        except OSError:
            if place == top.parent:
                break
    return None


@lru_cache(maxsize=64)
def load_manifest(path: Path, stamp: int) -> Manifest | None:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:  # a pipe would be waited for
            return None
        return Manifest.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError, RecursionError):
        return None  # someone else's manifest.json, or a damaged one: the masks still count
