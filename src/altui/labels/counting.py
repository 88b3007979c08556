"""Names that count from 1, told only where no other reading of all of them is left."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from altui.labels.names import fold, is_exact, parse
from altui.labels.verdict import Refusal
from altui.slices import SliceId

DIGITS = re.compile(r"[0-9]+")


def from_one(
    files: Iterable[PurePath], samples: Mapping[str, int], others: Iterable[str] = ()
) -> dict[PurePath, SliceId]:
    """The slices of those of `files` that are numbered from 1: several in one folder, named
    alike, with a number that is one too high for the sample and without a 0.

    `samples`: training samples with their number of slices; `others`: further samples' names.
    Names as altui's bundles have them count from 0.
    """
    names = [*samples, *others]
    groups: defaultdict[tuple[str, PurePath, str], dict[PurePath, int]] = defaultdict(dict)
    for file in files:
        if not file.name or is_exact(file):
            continue
        try:
            sample, index = parse(file, names)
        except Refusal:
            continue
        if sample in samples:
            alike = DIGITS.sub("#", fold(file.name))
            groups[sample, file.parent, alike][file] = index
    return {
        file: SliceId(sample, index - 1)
        for (sample, *_), group in groups.items()
        if len(group) > 1 and min(group.values()) > 0 and max(group.values()) == samples[sample]
        for file, index in group.items()
    }
