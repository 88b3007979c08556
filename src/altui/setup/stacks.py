"""Finding the stacks under a folder."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from altui.errors import AltuiError
from altui.volumes.names import kind_of, natural_key
from altui.volumes.stack import Stack, open_stack

MOST_STACKS = 500
# Words that tell images from masks, and so say nothing about which sample it is.
IMAGE_WORD = re.compile(
    r"images?|imgs?|volumes?|vol|raw|gr[ea]y|scans?|tomograms?|samples?|stacks?"
)
MASK_WORD = re.compile(
    r"masks?|labels?|labell?ed|labelmaps?|annotations?|annotated|segmentations?|segmented|seg|gt"
    r"|ground|truth|groundtruth"
)
OME = re.compile(r"\.ome$", re.IGNORECASE)  # what is left of screw01.ome.tif
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Found:
    """A stack under the folder; `path` is relative to it."""

    path: Path
    slices: int
    height: int
    width: int
    integer: bool

    @property
    def size(self) -> tuple[int, int, int]:
        return self.slices, self.height, self.width

    @property
    def words(self) -> list[str]:
        """Of the whole path, in lower case."""
        return [word for part in self._parts for word in words_of(part)]

    @property
    def looks_like_mask(self) -> bool:
        return self.integer and any(map(MASK_WORD.fullmatch, self.words))

    @property
    def name(self) -> str:
        """The last part of the path that says more than that these are images; may be empty."""
        return next((part for part in reversed(self._parts) if telling(part)), "")

    @property
    def key(self) -> tuple[str, ...]:
        """What the names of a sample's images and of its masks have in common."""
        return telling(self.name)

    @property
    def _parts(self) -> tuple[str, ...]:
        last = self.path.stem if kind_of(self.path.name) else self.path.name
        last = OME.sub("", last)
        return (*self.path.parts[:-1], last) if self.path.parts else ()


def words_of(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(HUMP.sub("_", text))]


def telling(text: str) -> tuple[str, ...]:
    """The words that name a sample."""
    return tuple(
        word
        for word in words_of(text)
        if not (IMAGE_WORD.fullmatch(word) or MASK_WORD.fullmatch(word))
    )


@dataclass
class Search:
    """What was found, and what looked like a stack and could not be taken, with the reason."""

    stacks: list[Found] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def find_stacks(root: Path) -> Search:
    """Multi-page TIFFs, and folders of slices, under `root`."""
    search = Search()
    for folder in _folders(root):
        files = [path for path in _visible(folder) if kind_of(path.name) and path.is_file()]
        stacks = [found for path in files if (found := _look(root, path, search))]
        several = [found for found in stacks if found.slices > 1]
        if not several and len(files) > 1:
            whole = _look(root, folder, search)
            several = [whole] if whole else []
        search.stacks += several
        if len(search.stacks) >= MOST_STACKS:
            del search.stacks[MOST_STACKS:]
            search.passed_over.append(f"more than {MOST_STACKS} stacks: the others")
            break
    search.stacks.sort(key=lambda found: natural_key(found.path.as_posix()))
    return search


def _folders(root: Path) -> Iterator[Path]:
    """`root` and the folders in it, links followed but no folder twice, hidden ones left out."""
    seen: set[str] = set()
    for folder, subfolders, _ in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        yield Path(folder)


def _visible(folder: Path) -> list[Path]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def _look(root: Path, path: Path, search: Search) -> Found | None:
    relative = path.relative_to(root)
    try:
        str(relative).encode()
        with open_stack(root, str(relative)) as stack:
            return Found(relative, stack.slices, stack.height, stack.width, _is_integer(stack))
    except UnicodeEncodeError:
        search.passed_over.append(f"{relative}: its name is not UTF-8, which TOML needs")
    except AltuiError as error:
        search.passed_over.append(error.message)
    return None


def _is_integer(stack: Stack) -> bool:
    return bool(np.issubdtype(stack.dtype, np.integer))
