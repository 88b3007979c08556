"""The files of a stack: which they are, their order, and whether one is missing."""

import glob
import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from altui.text import listing, plain
from altui.volumes.base import Damaged

KINDS = {".tif": "TIFF", ".tiff": "TIFF", ".png": "PNG"}
DIGITS = re.compile(r"([0-9]+)")


def kind_of(name: str) -> str | None:
    """`TIFF`, `PNG` or None, by the file's ending."""
    return KINDS.get(os.path.splitext(name)[1].lower())


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts slice_2 before slice_10, whatever the case."""
    # Text and numbers alternate, so like is compared with like.
    parts: list[str | int] = list(DIGITS.split(name.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts, name


def in_folder(folder: Path) -> list[str]:
    """The image files right in `folder`, in natural order. Raises OSError."""
    with os.scandir(folder) as entries:
        # A link to nowhere is kept: without it the stack would be a slice short.
        return _images(entry.name for entry in entries if not entry.is_dir())


def in_glob(root: Path, pattern: str) -> list[str]:
    """The image files that `pattern` matches, relative to `root`, in natural order."""
    found = _matches(str(root), pattern)
    return _images(name for name in found if not os.path.isdir(root / name))


def _matches(root: str, pattern: str) -> set[str]:
    """As `glob.glob`, whose `**` goes round for ever where links lead back."""
    parts = re.sub(r"(?:(?<=/)|^)\*\*(?:/\*\*)+(?=/|$)", "**", pattern).split("/")
    if "**" not in parts:
        return set(glob.glob(pattern, root_dir=root))
    at = parts.index("**")
    before = "/".join(parts[:at]) or "/" * pattern.startswith("/")
    after = "/".join(parts[at + 1 :]) or "*"
    return {
        os.path.join(base, folder, name)
        for base in (glob.glob(before, root_dir=root) if before else [""])
        for folder in _folders(os.path.join(root, base))
        for name in _matches(os.path.join(root, base, folder), after)
    }


def _folders(top: str) -> Iterator[str]:
    """`top` and all folders below it that are not hidden, relative to it; each once, by its own
    name rather than a link's.
    """
    seen: set[tuple[int, int]] = set()
    own, links = deque([""]), deque[str]()
    while own or links:
        folder = own.popleft() if own else links.popleft()
        with suppress(OSError):  # gone, or closed to us
            found = os.stat(os.path.join(top, folder))
            if not stat.S_ISDIR(found.st_mode) or (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            yield folder
            with os.scandir(os.path.join(top, folder)) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if not entry.name.startswith(".") and entry.is_dir():
                        where = links if entry.is_symlink() else own
                        where.append(os.path.join(folder, entry.name))


def _images(names: Iterable[str]) -> list[str]:
    visible = (name for name in names if not os.path.basename(name).startswith("."))
    return sorted(filter(kind_of, visible), key=natural_key)


def check_names(names: list[str]) -> None:
    """Check naturally sorted files of a stack: one kind, named alike, no number left out.

    Raises Damaged.
    """
    kinds = {kind_of(name): name for name in reversed(names)}
    if len(kinds) > 1:
        raise Damaged(
            f"has both TIFF and PNG files: {listing(sorted(kinds.values()))}",
            "keep one kind, or give a glob such as FOLDER/*.tif",
        )
    patterns = [DIGITS.sub("#", os.path.splitext(name)[0].casefold()) for name in names]
    [(usual, files)] = Counter(patterns).most_common(1)
    for name, pattern in zip(names, patterns, strict=True):
        # Where no two names are alike there is no rule to break.
        if files > 1 and pattern != usual:
            raise Damaged(
                f"{plain(name)} is not named like {plain(names[patterns.index(usual)])}",
                "move it away, or give a glob that matches the slices only",
            )
    if files > 1:
        _check_numbers(names)


def _check_numbers(names: list[str]) -> None:
    """Raise Damaged where names that differ in their numbers only repeat or leave out one."""
    rows = [_numbers(name) for name in names]
    for (left, row), (right, next_row) in pairwise(zip(names, rows, strict=True)):
        if row == next_row:
            raise Damaged(
                f"{plain(left)} and {plain(right)} have the same number", "keep one of them"
            )
    column = next(i for i, values in enumerate(zip(*rows, strict=True)) if len(set(values)) > 1)
    numbers = [row[column] for row in rows]
    step = uniform_step(numbers)
    if step is None:
        return
    for position, (number, following) in enumerate(pairwise(numbers)):
        missing = (following - number) // step - 1
        if missing:
            left, right = names[position], names[position + 1]
            more = f" (the first of {missing})" if missing > 1 else ""
            raise Damaged(
                f"slice number {number + step}{more} is missing: no "
                f"{plain(_renumbered(left, column, number + step))} between {plain(left)} and "
                f"{plain(right)}",
                "put the file back; if it was left out on purpose, renumber those after it",
            )


def uniform_step(numbers: list[int]) -> int | None:
    """The step that most of the rising `numbers` keep, if every other step is a multiple of it.

    None for repeated numbers, and for irregular ones, such as times: those tell of no gap.
    """
    steps = Counter(after - before for before, after in pairwise(numbers))
    usual = min(steps, key=lambda step: (-steps[step], step))
    if usual < 1 or 2 * steps[usual] < steps.total():
        return None
    return usual if all(step > 0 and step % usual == 0 for step in steps) else None


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in DIGITS.findall(os.path.splitext(name)[0])]


def _renumbered(name: str, column: int, number: int) -> str:
    """`name` with its `column`th number replaced, as wide as it was."""
    parts = DIGITS.split(name)
    parts[2 * column + 1] = str(number).zfill(len(parts[2 * column + 1]))
    return "".join(parts)
