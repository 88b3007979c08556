"""`altui check`: what is wrong with a project and how to mend it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from altui.choose import check_committee
from altui.config import CONFIG_NAME, Config, Sample, load
from altui.errors import AltuiError
from altui.jobs.folder import PREDICTIONS, SCORES
from altui.labels.predictions import newest_results_job
from altui.labels.stored import Progress
from altui.query.components import Components
from altui.query.strategies import strategy_named
from altui.rounds.classes import check_ids
from altui.rounds.state import current_round, slate
from altui.rounds.status import strays
from altui.setup.finding import Finding
from altui.setup.machine import machine_findings
from altui.setup.stored import stored_findings
from altui.store.history import History
from altui.text import count, listing, plain
from altui.volumes.check import check_stack
from altui.volumes.stack import Stack, open_stack
from altui.workspace import Workspace, check_folder, overlaps

Telling = Callable[[str], Progress]
LOOKED_AT = 5  # masks a sample whose values are read, unless every one is asked for


def check_project(
    root: Path, *, deep: bool = False, progress: Telling = lambda what: lambda done, total: None
) -> list[Finding]:
    """Look at everything that a round depends on; `deep` decodes every slice and mask.
    `progress` is told of what, and then how many of how many of it have been looked at.

    Raises AltuiError only where the folder itself cannot be read.
    """
    check_folder(root)
    named = f"{plain(root / CONFIG_NAME)}: "  # said once is enough
    try:
        config = load(root / CONFIG_NAME)
    except AltuiError as error:
        return [
            *(
                Finding("error", CONFIG_NAME, line.removeprefix(named), error.hint)
                for line in error.message.split("\n")
            ),
            *machine_findings(None, root),
        ]
    with ThreadPoolExecutor(1) as pool:
        # Meanwhile: another process loads torch, which takes longest in most projects.
        machine = pool.submit(lambda: list(machine_findings(config, root)))
        return [
            *config_findings(config),
            *(
                finding
                for sample in config.samples
                for finding in sample_findings(root, sample, config, deep, progress)
            ),
            *overlap_findings(root, config),
            *state_findings(root, progress("files hashed")),
            *machine.result(),
        ]


def config_findings(config: Config) -> Iterator[Finding]:
    splits = ", ".join(f"{len(config.split(s))} {s}" for s in ("train", "validation", "test"))
    yield Finding("ok", CONFIG_NAME, f"{count(len(config.samples), 'sample')}: {splits}")
    for key in ("strategy", "initial"):
        try:
            strategy = strategy_named(getattr(config.query, key))
            if key == "strategy":
                check_committee(config, strategy)
        except AltuiError as error:
            yield Finding("error", f"{CONFIG_NAME} [query] {key}", error.message, error.hint)
            continue
        if key == "initial" and strategy.needs_scores:
            yield Finding(
                "error",
                f"{CONFIG_NAME} [query] initial",
                f'"{strategy.name}" needs a trained network, and round 1 has none',
                "take initial, random or equidistant",
            )
    for split in ("validation", "test"):
        if not config.split(split):
            yield Finding(
                "warning", CONFIG_NAME, f"no sample is in the {split} split; its mIoU stays empty"
            )


def sample_findings(
    root: Path, sample: Sample, config: Config, deep: bool, progress: Telling
) -> Iterator[Finding]:
    """Images and masks of one sample."""
    where = f"sample {sample.name}"
    try:
        with open_stack(root, sample.images, first_only=True) as images:
            problems = check_stack(images, deep, progress(f"slices of {plain(sample.name)}"))
            yield from (Finding("error", where, one.message, one.hint) for one in problems)
            if not problems:
                yield Finding(
                    "ok",
                    where,
                    f"{sample.split}, {count(images.slices, 'slice')} of "
                    f"{images.width} × {images.height}, {images.dtype}",
                )
            if sample.masks is not None:
                yield from mask_findings(root, sample, images, config, deep, progress)
    except AltuiError as error:
        yield Finding("error", where, error.message, error.hint)


def mask_findings(
    root: Path, sample: Sample, images: Stack, config: Config, deep: bool, progress: Telling
) -> Iterator[Finding]:
    """Size and values of a sample's masks."""
    where = f"masks of {sample.name}"
    assert sample.masks is not None
    try:
        with open_stack(root, sample.masks, first_only=True) as masks:
            found, wanted = ((stack.slices, stack.height, stack.width) for stack in (masks, images))
            if found != wanted:
                yield Finding(
                    "error",
                    where,
                    f"{found[0]} slices of {found[2]} × {found[1]}, the images "
                    f"{wanted[0]} of {wanted[2]} × {wanted[1]}",
                    "masks and images must cover the same slices",
                )
                return
            if not np.issubdtype(masks.dtype, np.integer):
                yield Finding(
                    "error", where, f"hold {masks.dtype}, not class ids", "save them as uint8"
                )
                return
            problems = check_stack(masks, deep, progress(f"masks of {plain(sample.name)}"))
            yield from (Finding("error", where, one.message, one.hint) for one in problems)
            if not problems:
                yield from value_findings(where, masks, config, deep)
    except AltuiError as error:
        yield Finding("error", where, error.message, error.hint)


def value_findings(where: str, masks: Stack, config: Config, deep: bool) -> Iterator[Finding]:
    """Values in the masks that are no class, told with their slice."""
    classes = config.classes
    known = {*range(len(classes.names)), classes.ignore}
    every = range(masks.slices)
    looked_at = every if deep else sorted({*every[:: max(1, masks.slices // LOOKED_AT)]})
    seen: set[int] = set()
    for index in looked_at:
        values = {int(value) for value in np.unique(masks.read(index))}
        seen |= values
        if values - known:
            yield Finding(
                "error",
                where,
                f"slice {index} holds {listing(sorted(values - known))}, which is no class",
                f"declare them under [classes] names, or set them to {classes.ignore} (ignore)",
            )
            return
    absent = [name for number, name in enumerate(classes.names) if number not in seen]
    if deep and absent:
        yield Finding("warning", where, f"no pixel of {listing(absent)} in any slice")


def overlap_findings(root: Path, config: Config) -> Iterator[Finding]:
    """Samples that share a file."""
    for one, other, file in overlaps(root, config):
        yield Finding(
            "error",
            f"samples {one} and {other}",
            f"both hold {plain(file.name)}",
            "every slice belongs to one sample",
        )


def state_findings(root: Path, progress: Progress) -> Iterator[Finding]:
    """altui's own state: readable, writable, every label's file whole."""
    try:
        workspace = Workspace(root)
        history = workspace.store.history()
    except AltuiError as error:
        yield Finding("error", ".altui", error.message, error.hint)
        return
    if not workspace.store.writable:
        yield Finding("warning", ".altui", "is read-only for you: you can look, not decide")
    yield from stray_findings(workspace, history)
    try:
        check_ids(history, workspace.config.classes.names)
    except AltuiError as error:
        yield Finding("error", f"{CONFIG_NAME} [classes] names", error.message, error.hint)
    yield from stored_findings(workspace, history, progress)
    yield from result_findings(workspace, history)


def result_findings(workspace: Workspace, history: History) -> Iterator[Finding]:
    """Whether the newest network's scores, which the next proposals need, are whole."""
    job = newest_results_job(history)
    if job is None:
        return
    try:
        Components.load(workspace.jobs / job / SCORES)
    except AltuiError as error:
        yield Finding("error", job, error.message, error.hint)
    if not any((workspace.jobs / job / PREDICTIONS).glob("*.tif")):
        yield Finding("warning", job, "its predictions are gone: bundles will hold no masks")


def stray_findings(workspace: Workspace, history: History) -> Iterator[Finding]:
    """Labelled or proposed slices that the config does not have any more."""
    try:
        found = strays(workspace, history, slate(history, current_round(history)))
    except AltuiError:
        return  # a stack that cannot be read, which is told already
    if found:
        yield Finding(
            "warning",
            "labels",
            f"{listing(found)}: labelled or proposed, but {CONFIG_NAME} has no such training "
            "slice any more",
            "give the sample its old name again; else its labels stay out of training",
        )
