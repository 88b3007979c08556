"""A project with approved slices, a shared folder, and masks to drop into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from altui import Project
from altui.inbox.inbox import LOOKS, Inbox, Note, Taken
from altui.slices import SliceId

from ..conftest import SLICES


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def asked(project: Project) -> tuple[SliceId, ...]:
    """Three slices, one of each sample, approved."""
    project.approve_all()
    return project.status().missing


Drop = Callable[..., Path]


@pytest.fixture
def drop(folder: Path, shared: Path) -> Drop:
    """Save a slice's true mask into the shared folder, or under it, or a spoilt one."""

    def save(one: SliceId, name: str = "", add: int = 0) -> Path:
        mask = tifffile.imread(folder / "masks" / f"{one.sample}.tif")[one.index]
        path = shared / (name or f"{one.file_stem(SLICES)}.tif")
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, (mask + add).astype(np.uint8))
        return path

    return save


@pytest.fixture
def inbox(project: Project, shared: Path) -> Iterator[Inbox]:
    inbox = Inbox(project, shared)
    with inbox.held():
        yield inbox


def look(inbox: Inbox, times: int = LOOKS) -> tuple[dict[str, Taken], list[str]]:
    """What was taken, by name, and the notes, over several looks."""
    taken: dict[str, Taken] = {}
    notes = []
    for _ in range(times):
        for heard in inbox.look():
            if isinstance(heard, Note):
                notes.append(heard.text)
            else:
                assert heard.name not in taken, "answered twice"
                taken[heard.name] = heard
    return taken, notes


def names(folder: Path) -> list[str]:
    """Everything under a folder but the lock, relative to it."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() and not path.name.startswith(".altui")
    )
