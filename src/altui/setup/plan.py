"""What a new altui.toml is to hold: first guessed from the folder, then as a person wants it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from altui.config import Model, Query, Split, Training
from altui.query.strategies import STRATEGIES
from altui.setup.guess import Shares, class_shares, guess_splits, pair
from altui.setup.stacks import Found, Search, find_stacks
from altui.text import count

CROP_STEP = 32  # pixels: what networks take without padding
LONGEST_NAME = 80  # of the 100 that the config allows: file names need room for more
SPLITS: tuple[Split, ...] = get_args(Split)
FIRST = tuple(one.name for one in STRATEGIES.values() if not one.needs_scores)
"""Strategies that round 1, which has no model, can use."""


@dataclass(frozen=True)
class Planned:
    """A stack of images as a sample; `split`: None where it is left out; `chosen`: a person has
    changed something, which is kept when the folder is looked at again.
    """

    image: Found
    name: str
    split: Split | None
    mask: Found | None = None
    chosen: bool = False


@dataclass(frozen=True)
class Plan:
    """`classes`: the names, where a person gave them; `shares`: what the masks hold."""

    title: str
    search: Search = field(default_factory=Search)
    samples: tuple[Planned, ...] = ()
    shares: Shares | None = None
    classes: tuple[str, ...] | None = None
    budget: int = Query().budget
    initial: str = Query().initial
    weights: str = Model().encoder_weights

    @property
    def guessed(self) -> tuple[str, ...] | None:
        """As many names as the masks hold class ids."""
        if self.shares is None:
            return None
        return ("background", *(f"class {number}" for number in range(1, len(self.shares.of_ids))))

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.classes or self.guessed or ("background", "foreground")

    @property
    def taken(self) -> tuple[Planned, ...]:
        """The samples that are not left out."""
        return tuple(sample for sample in self.samples if sample.split)

    @property
    def model(self) -> Model:
        return Model(encoder_weights=self.weights)

    def split(self, split: Split) -> tuple[Planned, ...]:
        return tuple(sample for sample in self.samples if sample.split == split)

    @property
    def watched(self) -> Split:
        """The split that the stopping rule watches: validation where there is no other."""
        return "validation" if self.split("validation") and not self.split("test") else "test"

    @property
    def crop(self) -> int:
        """Side of a crop, pixels: no larger than the slices need, since what lies beyond them
        costs as much time and teaches nothing.
        """
        sides = [max(one.image.height, one.image.width) for one in self.split("train")]
        needed = -(-max(sides, default=Training().crop) // CROP_STEP) * CROP_STEP
        return min(Training().crop, needed)

    @property
    def first_round(self) -> str:
        """'8 slices by initial: one slice a training sample, near its middle'."""
        strategy = STRATEGIES[self.initial]
        slices = len(self.split("train")) if strategy.one_per_sample else self.budget
        return f"{count(slices, 'slice')} by {self.initial}: {strategy.summary.split(' (')[0]}"

    # What a person changes

    def next_split(self, number: int) -> "Plan":
        """Of the sample with that place in the list."""
        split = self.samples[number].split
        return self._change(number, split=SPLITS[(SPLITS.index(split) + 1) % 3 if split else 0])

    def leave_out(self, number: int) -> "Plan":
        """Or take in again, to train on."""
        return self._change(number, split=None if self.samples[number].split else "train")

    def rename(self, number: int, name: str) -> "Plan":
        return self._change(number, name=name)

    def next_mask(self, number: int) -> "Plan":
        """The next stack that could hold the sample's masks, and none after the last one."""
        image, mask = self.samples[number].image, self.samples[number].mask
        fitting: list[Found | None] = [
            stack
            for stack in self.search.stacks
            if stack.integer and stack.size == image.size and stack.path != image.path
        ]
        choices = [None, *fitting]
        at = choices.index(mask) if mask in choices else 0
        return self._change(number, mask=choices[(at + 1) % len(choices)])

    def next_initial(self) -> "Plan":
        return replace(self, initial=FIRST[(FIRST.index(self.initial) + 1) % len(FIRST)])

    def _change(self, number: int, **to: Any) -> "Plan":
        changed = replace(self.samples[number], chosen=True, **to)
        return replace(self, samples=(*self.samples[:number], changed, *self.samples[number + 1 :]))

    def looked_again(self, found: "Plan") -> "Plan":
        """What is in the folder now, with what the person has chosen."""
        stacks = {stack.path: stack for stack in found.search.stacks}
        chosen = {sample.image.path: sample for sample in self.samples if sample.chosen}

        def kept(sample: Planned) -> Planned:
            old = chosen.get(sample.image.path)
            if old is None:
                return sample
            mask = stacks.get(old.mask.path) if old.mask else None
            return replace(old, image=sample.image, mask=mask)

        return replace(
            self,
            search=found.search,
            samples=tuple(map(kept, found.samples)),
            shares=found.shares,
        )


def make_plan(root: Path, title: str | None = None) -> Plan:
    """Guess from what is under `root`. Raises AltuiError."""
    title = title or root.absolute().name
    search = find_stacks(root)
    images, masks = pair(search.stacks)
    splits = guess_splits(images, masks)
    shares = class_shares(root, list(masks.values()))
    named = unique(title)
    samples = tuple(
        Planned(image, named(image), splits[image.path], masks.get(image.path)) for image in images
    )
    return Plan(title, search, samples, shares)


def unique(title: str) -> Callable[[Found], str]:
    """Names samples after their paths, each one differently."""
    taken: set[str] = set()

    def named(image: Found) -> str:
        base = _allowed(image.name) or _allowed(title) or "sample"
        name, number = base, 2
        while name.lower() in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        return name

    return named


def _allowed(text: str) -> str:
    """`text` as a sample's name may be; possibly nothing."""
    marked = "".join(c if c.isalpha() or c.isdecimal() or c in "._-" else " " for c in text)
    kept = re.sub("_* [_ ]*", "_", marked)
    return kept[:LONGEST_NAME].strip("._-")
