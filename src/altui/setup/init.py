"""`altui init`: find stacks under a folder and write a commented altui.toml."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from altui.config import CONFIG_NAME, Split, load
from altui.errors import AltuiError
from altui.files import write_bytes
from altui.setup.guess import guess_classes, guess_splits, pair
from altui.setup.stacks import Found, Search, find_stacks
from altui.setup.template import EXAMPLE, TEMPLATE
from altui.text import count, listing, plain

LONGEST_NAME = 80  # of the 100 that the config allows: file names need room for more


@dataclass(frozen=True)
class Written:
    path: Path
    samples: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be written, and why."""

    search: Search
    images: list[Found]
    masks: dict[Path, Found]
    splits: dict[Path, Split]
    classes: list[str] | None


def write_config(root: Path, name: str | None = None) -> Written:
    """Write `altui.toml` into `root` (made where it is not there); never over an old one.

    Raises AltuiError.
    """
    return write_plan(root, name, make_plan)


def write_plan(root: Path, name: str | None, plan_of: Callable[[Path], Plan]) -> Written:
    """The same, with a plan of one's own for the folder. Raises AltuiError."""
    target = root / CONFIG_NAME
    try:
        if target.exists() or target.is_symlink():
            raise AltuiError(f"{plain(target)} is there already", "edit it, or move it aside first")
        if root.exists() and not root.is_dir():
            raise AltuiError(f"{plain(root)} is not a folder", "give the project's folder")
        plan = plan_of(root)
        text = compose(name or root.absolute().name, plan)
        root.mkdir(parents=True, exist_ok=True)
        write_bytes(target, text.encode())
    except (OSError, ValueError) as error:  # ValueError: a path that can be none
        reason = getattr(error, "strerror", None) or error
        raise AltuiError(
            f"{plain(target)} could not be written: {plain(reason)}", "see who owns the folder"
        ) from None
    return Written(target, len(plan.images), tuple(_notes(target, plan)))


def make_plan(root: Path) -> Plan:
    search = find_stacks(root)
    images, masks = pair(search.stacks)
    classes = guess_classes(root, masks.values())
    return Plan(search, images, masks, guess_splits(images, masks), classes)


def compose(title: str, plan: Plan) -> str:
    """The text of the file."""
    names = _unique_names(plan.images, title)
    samples = "".join(
        _sample(names[image.path], image, plan.masks.get(image.path), plan.splits[image.path])
        for image in plan.images
    )
    classes = ", ".join(map(_quoted, plan.classes or ["background", "foreground"]))
    return TEMPLATE.format(
        title=_quoted(plain(title) or "project"), classes=classes, samples=samples or EXAMPLE
    )


def _sample(name: str, image: Found, mask: Found | None, split: Split) -> str:
    mask_line = (
        f"masks = {_quoted(mask.path.as_posix())}\n"
        if mask
        else '# masks = "masks/…"                # needed for validation and test\n'
    )
    return (
        f"[[samples]]                          # {count(image.slices, 'slice')} of "
        f"{image.width} × {image.height}\n"
        f"name = {_quoted(name)}\n"
        f'split = "{split}"\n'
        f"images = {_quoted(image.path.as_posix())}\n"
        f"{mask_line}\n"
    )


def _unique_names(images: list[Found], title: str) -> dict[Path, str]:
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for image in images:
        base = _allowed(image.name) or _allowed(title) or "sample"
        name, number = base, 2
        while name.lower() in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        names[image.path] = name
    return names


def _allowed(text: str) -> str:
    """`text` as a sample's name may be; possibly nothing."""
    kept = "".join(c if c.isalpha() or c.isdecimal() or c in "._-" else "_" for c in text)
    return kept[:LONGEST_NAME].strip("._-")


def _quoted(text: str) -> str:
    # TOML's basic strings escape as JSON's do.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _notes(target: Path, plan: Plan) -> list[str]:
    """What the person should know or do, most important last."""
    notes = []
    if plan.search.passed_over:
        notes.append(f"passed over {listing(plan.search.passed_over, shown=5)}")
    spare = len(plan.search.stacks) - len(plan.images) - len(plan.masks)
    if spare:
        notes.append(f"{count(spare, 'stack')} of masks fit no images, or several: left out")
    if not plan.images:
        notes.append("no stack was found: fill in the [[samples]]")
    elif plan.masks:
        notes.append(f"found masks for {len(plan.masks)} of {len(plan.images)}: look at the splits")
    if any(split == "train" and path not in plan.masks for path, split in plan.splits.items()):
        notes.append("training samples need no masks; validation and test samples do")
    if plan.classes:
        notes.append(f"the masks hold {len(plan.classes)} classes: name them")
    else:
        notes.append("the class names are an example: set your own")
    try:
        load(target)
    except AltuiError as error:
        notes += [f"not complete yet: {line}" for line in error.message.split("\n")]
    return notes
