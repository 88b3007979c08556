"""What the tools have in common: the files that each may want, and how a bundle is written."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from altui.colours import IGNORED, Rgb, class_colour
from altui.config import Classes
from altui.labels.bundle.content import Content
from altui.labels.bundle.files import Files, as_png, write_tiff
from altui.labels.manifest import CONTEXT, MAP

INDENT = " " * 9
WRAP = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)
IMAGES, VIEWS, PREMASKS, AROUND = "images", "views", "masks", "context"


@dataclass(frozen=True)
class Label:
    """A class as an annotation tool has it."""

    id: int
    name: str
    colour: Rgb


def labels_of(classes: Classes) -> tuple[Label, ...]:
    """Every class, and what is to be left out last, where no class has taken that name."""
    own = [Label(i, name, class_colour(i)) for i, name in enumerate(classes.names)]
    if classes.id_of("ignore") == classes.ignore:
        own.append(Label(classes.ignore, "ignore", IGNORED))
    return tuple(own)


def listed(labels: tuple[Label, ...]) -> str:
    """'0 background, 1 bone, 255 ignore', for tools that paint numbers."""
    return ", ".join(f"{one.id} {one.name}" for one in labels)


class Tool(Protocol):
    """Writes what one annotation tool opens."""

    def add(self, one: Content) -> None:
        """The files of one slice. Raises AltuiError, OSError."""

    def end(self) -> str:
        """The files of all slices together; returns the annotator's instruction."""


MakeTool = Callable[[Files, tuple[Label, ...]], Tool]


def page(sections: Mapping[str, str]) -> str:
    """An instruction: each section's title beside its paragraphs, which are wrapped; lines that
    are indented stay as they are.
    """
    lines: list[str] = []
    for title, text in sections.items():
        first = len(lines)
        for paragraph in text.strip("\n").split("\n\n"):
            if paragraph.startswith(" "):
                lines += [INDENT + line for line in paragraph.split("\n")]
            else:
                lines += [INDENT + line for line in WRAP.wrap(paragraph)]
        lines[first] = title.ljust(len(INDENT)) + lines[first].removeprefix(INDENT)
        lines.append("")
    return "\n".join(lines)


def add_image(files: Files, one: Content) -> None:
    """Values untouched."""
    write = partial(write_tiff, image=one.image)
    files.add(f"{IMAGES}/{one.stem}.tif", "image", write, one.slice)


def add_views(files: Files, one: Content) -> None:
    """As 8-bit pictures, and where the network is unsure."""
    _add_png(files, f"{VIEWS}/{one.stem}.png", one, as_png(one.view))
    if one.unsure is not None:
        _add_png(files, f"{VIEWS}/{one.stem}{MAP}.png", one, as_png(one.unsure))


def add_context(files: Files, one: Content) -> None:
    """The slice among its neighbours, as an 8-bit stack."""
    if len(one.around) > 1:
        name = f"{AROUND}/{one.stem}_{one.place}{CONTEXT}.tif"
        write = partial(
            write_tiff, image=np.stack([view for _, view in one.views()]), compression="zlib"
        )
        files.add(name, "view", write, one.slice)


def add_premask(files: Files, one: Content) -> None:
    if one.premask is not None:
        write = partial(write_tiff, image=one.premask)
        files.add(f"{PREMASKS}/{one.stem}.tif", "premask", write, one.slice)


def _add_png(files: Files, name: str, one: Content, data: bytes) -> None:
    files.add(name, "view", lambda path: path.write_bytes(data), one.slice)
