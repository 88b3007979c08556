"""Set a folder up: write a new altui.toml, by `altui init` or from the app."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from altui.config import CONFIG_NAME, load, parse
from altui.errors import AltuiError
from altui.files import write_bytes
from altui.pretrained import check_weights
from altui.setup.plan import Plan, make_plan
from altui.setup.template import compose
from altui.store.connection import STATE
from altui.text import count, listing, plain
from altui.workspace import overlaps


@dataclass(frozen=True)
class Written:
    path: Path
    samples: int
    notes: tuple[str, ...]


def write_config(root: Path, name: str | None = None) -> Written:
    """Write `altui.toml` into `root` (made where it is not there); never over an old one.

    What is missing in it is noted. Raises AltuiError.
    """
    target = root / CONFIG_NAME
    _refuse_old(target)
    try:
        plan = make_plan(root, name)
    except (OSError, ValueError) as error:  # ValueError: a path that can be none
        raise _unwritable(target, error) from None
    _write(target, compose(plan))
    return Written(target, len(plan.samples), tuple(_notes(target, plan)))


def write_checked(root: Path, text: str) -> Path:
    """Write the text of an `altui.toml` that is complete, or nothing; never over an old one.

    Raises AltuiError with every fault in it.
    """
    target = root / CONFIG_NAME
    _refuse_old(target)
    for one, other, file in overlaps(root, parse(text, target)):
        raise AltuiError(
            f'samples "{one}" and "{other}" both hold {plain(file)}',
            "leave one of them out: every slice belongs to one sample",
        )
    _write(target, text)
    return target


def is_to_be_set_up(root: Path) -> bool:
    """Whether it is a folder that has never been a project. Where one has lost its config,
    another one would not fit its labels.
    """
    return root.is_dir() and not os.path.lexists(root / CONFIG_NAME) and not (root / STATE).exists()


def faults(root: Path, plan: Plan) -> list[str]:
    """What is missing before a round could begin."""
    target = root / CONFIG_NAME
    found = []
    if not os.access(root, os.W_OK):
        found.append("the folder is read-only for you: ask its owner for write access")
    if plan.guessed and len(plan.class_names) < len(plan.guessed):
        found.append(
            f"the masks hold {len(plan.guessed)} classes, and {len(plan.class_names)} are named"
        )
    try:
        check_weights(plan.model, root)
    except AltuiError as error:
        found.append(error.message)
    try:
        parse(compose(plan), target)
    except AltuiError as error:
        found += [line.removeprefix(f"{plain(target)}: ") for line in error.message.split("\n")]
    return found


def passed_over(plan: Plan) -> list[str]:
    """What is in the folder and not in the plan."""
    notes = []
    if plan.search.passed_over:
        notes.append(f"passed over {listing(plan.search.passed_over, shown=5)}")
    used = {stack.path for one in plan.samples for stack in (one.image, one.mask) if stack}
    spare = [stack.path for stack in plan.search.stacks if stack.path not in used]
    if spare:
        are = "is" if len(spare) == 1 else "are"
        notes.append(
            f"{count(len(spare), 'stack')} of masks {are} no sample's: {listing(spare, shown=5)}"
        )
    return notes


def _refuse_old(target: Path) -> None:
    """Raises AltuiError where there is a config, or no folder for one."""
    try:
        if target.exists() or target.is_symlink():
            raise AltuiError(f"{plain(target)} is there already", "edit it, or move it aside first")
        if target.parent.exists() and not target.parent.is_dir():
            raise AltuiError(f"{plain(target.parent)} is not a folder", "give the project's folder")
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from None


def _write(target: Path, text: str) -> None:
    try:
        made = not target.parent.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_bytes(target, text.encode())
        except OSError:
            if made:
                with suppress(OSError):
                    target.parent.rmdir()
            raise
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from None


def _unwritable(target: Path, error: Exception) -> AltuiError:
    reason = getattr(error, "strerror", None) or error
    return AltuiError(
        f"{plain(target)} could not be written: {plain(reason)}",
        "free some space, or see who owns the folder",
    )


def _notes(target: Path, plan: Plan) -> list[str]:
    """What the person should know or do, most important last."""
    notes = passed_over(plan)
    with_masks = sum(sample.mask is not None for sample in plan.samples)
    if not plan.samples:
        notes.append("no stack was found: fill in the [[samples]]")
    elif with_masks:
        notes.append(f"found masks for {with_masks} of {len(plan.samples)}: look at the splits")
    if any(sample.mask is None for sample in plan.split("train")):
        notes.append("training samples need no masks; validation and test samples do")
    if plan.guessed:
        holds = f"{len(plan.guessed)} classes ({plan.shares})"
        notes.append(f"the masks hold {holds}: name them")
    else:
        notes.append("the class names are an example: set your own")
    try:
        load(target)
    except AltuiError as error:
        notes += [f"not complete yet: {line}" for line in error.message.split("\n")]
    return notes
