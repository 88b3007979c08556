"""The samples of a job, opened: image stacks, masks, normalisation, labels."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import psutil

from altui.config import Classes, Config, Sample, Split
from altui.errors import AltuiError
from altui.jobs.folder import LabelSpec
from altui.slices import SliceId
from altui.text import plain
from altui.volumes.stack import Stack, open_stack
from altui.worker.normalise import FloatArray, Normaliser, normaliser_of

Raw = npt.NDArray[np.generic]
ClassIds = npt.NDArray[np.uint8]
ClassRows = dict[int, npt.NDArray[np.int32]]

IGNORED = 255  # inside the worker, whatever classes.ignore is; class ids end at 254


@dataclass
class OpenSample:
    """One sample; `masks` is None for the training split, whose oracle no job may see.

    `context`: how many neighbours on each side the network sees beside a slice.
    """

    sample: Sample
    images: Stack
    masks: Stack | None
    classes: Classes
    context: int = 0

    @property
    def name(self) -> str:
        return self.sample.name

    @property
    def pixels(self) -> int:
        return self.images.slices * self.images.height * self.images.width

    @cached_property
    def normalise(self) -> Normaliser:
        return normaliser_of(self.images)

    def neighbours(self, index: int) -> list[int]:
        """A slice's channels: its neighbours and itself, the stack's ends repeated."""
        last = self.images.slices - 1
        around = range(index - self.context, index + self.context + 1)
        return [min(max(one, 0), last) for one in around]

    def channels(self, index: int) -> FloatArray:
        """(c, h, w) float32, normalised: what the network sees of a slice. Raises AltuiError."""
        channels: FloatArray = self.channels_of(range(index, index + 1))[0]
        return channels

    def channels_of(self, indices: range) -> FloatArray:
        """(n, c, h, w) of n slices in a row, each read once. Raises AltuiError."""
        places = [self.neighbours(index) for index in indices]
        needed = sorted({one for place in places for one in place})
        read = np.stack([self.normalise(self.images.read(one)) for one in needed])
        if not self.context:
            return read[:, None]
        channels: FloatArray = read[np.searchsorted(needed, places)]
        return channels

    def mask(self, index: int) -> ClassIds:
        """Class ids of one slice, IGNORED where left out. Raises AltuiError."""
        assert self.masks is not None
        return class_ids(self.masks.read(index), self.classes, SliceId(self.name, index))


@contextmanager
def open_samples(project: Path, config: Config) -> Iterator[dict[str, OpenSample]]:
    """Every sample by name, in the config's order. Raises AltuiError."""
    with ExitStack() as stacks:
        samples: dict[str, OpenSample] = {}
        for sample in config.samples:
            images = stacks.enter_context(open_stack(project, sample.images))
            masks = None
            if sample.split != "train" and sample.masks is not None:
                masks = stacks.enter_context(open_stack(project, sample.masks))
                _check_shapes(sample, images, masks)
            samples[sample.name] = OpenSample(
                sample, images, masks, config.classes, config.model.context_slices
            )
        yield samples


def of_split(samples: dict[str, OpenSample], split: Split) -> list[OpenSample]:
    return [sample for sample in samples.values() if sample.sample.split == split]


def class_ids(mask: Raw, classes: Classes, where: object) -> ClassIds:
    """A mask as class ids, IGNORED where it says `classes.ignore`.

    Raises AltuiError that names `where` and the value that no class has.
    """
    if mask.dtype.kind not in "uib":
        raise AltuiError(
            f"the mask of {where} has {mask.dtype} values, not whole numbers",
            "a mask holds one class id a pixel: save it as 8-bit integers",
        )
    ids = np.asarray(mask, dtype=np.int64 if mask.dtype.kind == "i" else None)
    ignored = ids == classes.ignore
    undeclared = ids[(ids >= len(classes.names)) & ~ignored]
    if ids.dtype.kind == "i" and not undeclared.size:
        undeclared = ids[ids < 0]
    if undeclared.size:
        raise AltuiError(
            f"the mask of {where} has the value {undeclared[0]}, which is no class",
            f"class ids are 0 to {len(classes.names) - 1}, and {classes.ignore} means ignore: "
            "mend the mask, or [classes] in altui.toml",
        )
    result = ids.astype(np.uint8)
    result[ignored] = IGNORED
    return result


class LabelledSlices:
    """The labelled slices of a job with their masks, read once and kept in memory.

    Kept as they are on disk, least recently used out first when they take more than
    `budget` bytes (default: a quarter of the free memory). Safe to use in threads.
    """

    def __init__(
        self,
        labels: Sequence[LabelSpec],
        samples: dict[str, OpenSample],
        project: Path,
        classes: Classes,
        budget: int | None = None,
    ) -> None:
        if not labels:
            raise AltuiError("no slice is labelled yet", "import masks first")
        for label in labels:
            sample = samples.get(label.sample)
            if sample is None or not 0 <= label.index < sample.images.slices:
                raise AltuiError(
                    f"{SliceId(label.sample, label.index)} is labelled, but the project has no "
                    "such slice",
                    "did a sample's name or stack change in altui.toml?",
                )
        # Sorted: the order in which annotators finished must not change the result.
        self.labels = sorted(labels, key=lambda label: (label.sample, label.index))
        self.samples = samples
        self.project = project
        self.classes = classes
        self.budget = psutil.virtual_memory().available // 4 if budget is None else budget
        self._kept: OrderedDict[int, tuple[Raw, ClassIds]] = OrderedDict()
        self._rows: dict[int, ClassRows] = {}
        self._bytes = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def channels(self) -> int:
        """Slices that the network sees at once: a slice and its neighbours."""
        return 1 + 2 * self.samples[self.labels[0].sample].context

    def normaliser(self, number: int) -> Normaliser:
        return self.samples[self.labels[number].sample].normalise

    def read(self, number: int) -> tuple[Raw, ClassIds]:
        """Channels (c, h, w) in the image's dtype and class ids (h, w). Raises AltuiError."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
            image, mask = self._kept[number] = self._read(self.labels[number])
            self._bytes += image.nbytes + mask.nbytes
            while self._bytes > self.budget and len(self._kept) > 1:
                _, (old_image, old_mask) = self._kept.popitem(last=False)
                self._bytes -= old_image.nbytes + old_mask.nbytes
            return image, mask

    def pixels(self) -> npt.NDArray[np.int64]:
        """(256,) labelled pixels of each class id; the last entry counts ignored ones."""
        total = np.zeros(256, np.int64)
        for number in range(len(self)):
            for class_id, rows in self.class_rows(number).items():
                total[class_id] += rows.sum()
        return total

    def class_rows(self, number: int) -> ClassRows:
        """By class id that occurs in a slice, IGNORED too: (h,) its pixels in each row."""
        if number not in self._rows:
            mask = self.read(number)[1]
            keys = np.arange(len(mask))[:, None] * 256 + mask
            counts = np.bincount(keys.ravel(), minlength=mask.shape[0] * 256).reshape(-1, 256)
            self._rows[number] = {
                int(class_id): counts[:, class_id].astype(np.int32)
                for class_id in np.flatnonzero(counts.any(0))
            }
        return self._rows[number]

    def pixel_of_any_class(self, number: int, which: float, pixel: float) -> tuple[int, int] | None:
        """Row and column of a pixel of one of the classes that are labelled in a slice.

        `which` and `pixel`, 0 ≤ x < 1, choose the class, each alike, and one of its pixels,
        each alike. None where no pixel is labelled.
        """
        rows = {key: found for key, found in self.class_rows(number).items() if key != IGNORED}
        if not rows:
            return None
        class_id = sorted(rows)[int(which * len(rows))]
        ends = rows[class_id].cumsum(dtype=np.int64)
        chosen = int(pixel * ends[-1])
        row = int(np.searchsorted(ends, chosen, side="right"))
        before = int(ends[row]) - int(rows[class_id][row])
        columns = np.flatnonzero(self.read(number)[1][row] == class_id)
        return row, int(columns[chosen - before])

    def _read(self, label: LabelSpec) -> tuple[Raw, ClassIds]:
        where = SliceId(label.sample, label.index)
        sample = self.samples[label.sample]
        # A copy: a view of a memory-mapped file would be read again for every crop.
        image: Raw = np.stack([sample.images.read(one) for one in sample.neighbours(label.index)])
        with open_stack(self.project, label.path) as stack:
            mask = class_ids(stack.read(label.page), self.classes, where)
        if mask.shape != image.shape[1:]:
            raise AltuiError(
                f"the label of {where} is {_size(mask.shape)} pixels (height × width), the slice "
                f"{_size(image.shape[1:])}",
                f"import a mask of the slice's size; this one is {plain(label.path)}",
            )
        return image, mask


def _check_shapes(sample: Sample, images: Stack, masks: Stack) -> None:
    there = (images.slices, images.height, images.width)
    given = (masks.slices, masks.height, masks.width)
    if there != given:
        raise AltuiError(
            f"sample {plain(sample.name)}: {plain(sample.masks)} is {_size(given)} "
            f"(slices × height × width), {plain(sample.images)} is {_size(there)}",
            "each slice needs a mask of its own size",
        )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
