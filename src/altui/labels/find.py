"""The masks among what came back, each with the slice that it labels; none decoded yet."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from altui.errors import AltuiError
from altui.labels.checks.shape import is_smaller
from altui.labels.counting import from_one
from altui.labels.formats.base import Masks
from altui.labels.image_names import ImageNames, slice_by_image
from altui.labels.names import check_held, find_slice, sample_alone
from altui.labels.read import Reader
from altui.labels.returned import Returned, returned_files
from altui.labels.scratch import Scratch
from altui.labels.series import labelled_series
from altui.labels.verdict import Refusal, Verdict, refused
from altui.labels.which import WAY_OUT, Labelled, Samples, slices_of
from altui.rounds.repeats import open_repeats
from altui.rounds.state import current_round, slate
from altui.slices import SliceId
from altui.text import count, plain
from altui.workspace import Workspace

ONE_MASK = (".tif", ".tiff", ".png")  # usually


@dataclass(frozen=True)
class Found:
    """One mask that came back; `whole`: of a stack of all slices of a sample, where those
    that nobody labelled are empty.
    """

    file: Returned
    index: int
    name: str
    slice: SliceId
    whole: bool


class Finding:
    """What `paths` hold: `groups`, the masks by the slice that they label, in the order in
    which they lie; `verdicts` on the rest; `notes` on what is passed over, `passed_over` how many
    files of which ending.
    """

    def __init__(self, workspace: Workspace, reader: Reader, *, unasked: bool) -> None:
        self.groups: dict[SliceId, list[Found]] = {}
        self.verdicts: list[Verdict] = []
        self.notes: list[str] = []
        self.passed_over: Counter[str] = Counter()
        self._reader = reader
        self._unasked = unasked
        self._shifted: dict[PurePath, SliceId] = {}
        headers = workspace.headers.values()
        self._samples = Samples(
            {header.name: header.slices for header in workspace.train},
            {header.name: header.split for header in headers if header.split != "train"},
        )
        self._headers = workspace.headers
        self._images = ImageNames(workspace)
        history = workspace.store.history()
        active = slate(history, current_round(history)).active
        repeated = (history.labels_by_id[one.label].slice for one in open_repeats(history))
        self._asked = {*(decision.slice for decision in active), *repeated}
        self._labelled = history.current_labels.keys()

    def find(
        self, paths: Iterable[Path], scratch: Scratch, slice_id: SliceId | None = None
    ) -> None:
        """`slice_id`: what the only mask there labels. Raises AltuiError."""
        gathered = returned_files(paths, scratch)
        self._shifted = from_one((file.named for file in gathered.masks), *self._samples)
        self.verdicts += gathered.verdicts
        self.notes += gathered.notes
        self.passed_over += gathered.passed_over
        passed_over: list[Verdict] = []
        for file in gathered.masks:
            try:
                for found in self._masks_of(file, slice_id):
                    self.groups.setdefault(found.slice, []).append(found)
            except Refusal as refusal:
                # Other programs' JSON lies about in many a folder.
                other = file.source.suffix == ".json" and refusal.code == "format"
                verdicts = passed_over if other and not file.given else self.verdicts
                verdicts.append(refused(file.name, refusal))
        if not self.groups and not self.verdicts:
            self.verdicts += passed_over
        if self._shifted and slice_id is None:
            self.notes.append(
                f"{count(len(self._shifted), 'file')} numbered from 1: there is one for the last "
                "slice and none for a slice 0"
            )
        if slice_id is not None and sum(map(len, self.groups.values())) > 1:
            raise AltuiError(
                f"--slice {plain(slice_id)} is for one mask, and here are "
                f"{sum(map(len, self.groups.values()))}",
                "give one file with one mask",
            )

    def _masks_of(self, file: Returned, slice_id: SliceId | None) -> Iterator[Found]:
        """Raises Refusal."""
        masks = self._open(file)
        self.notes += [f"{plain(file.name)}: {note}" for note in masks.notes]

        def label(masks: Masks) -> Labelled:
            if slice_id is not None:
                check_held(slice_id.sample, self._samples.held_out)
                return Labelled((slice_id,) * masks.count)
            if masks.count == 1 and not masks.names:
                own = slice_by_image(file.named, self._images, *self._samples, self._shifted)
                if own is not None:
                    return Labelled((own,))
            return slices_of(file, masks, self._samples, self._shifted)

        if masks.series:
            labelled, series = labelled_series(masks, label, self._headers)
            self.notes.append(f"{plain(file.name)}: of what it holds, {series} is read")
        else:
            labelled = label(masks)
        if slice_id is None:
            self._say_placed(file, masks, labelled)
        passed = 0
        for index, one in enumerate(labelled.slices):
            name = file.name
            if masks.names or masks.count > 1:
                name += f"#{masks.names[index] if file.source.suffix == '.json' else index}"
            if one is None:
                continue
            if isinstance(one, Refusal):
                self.verdicts.append(refused(name, one))
            elif labelled.whole and not (self._unasked or self._is_wanted(one)):
                passed += 1
            else:
                yield Found(file, index, name, one, labelled.whole)
        if passed and passed == sum(one is not None for one in labelled.slices):
            raise Refusal(
                "not-asked",
                "holds a whole sample, of which the round asks for no slice; take those that "
                "are labelled with --unasked accept",
            )
        if passed:
            self.notes.append(
                f"{plain(file.name)}: {count(passed, 'slice')} of the sample that the round does "
                "not ask for passed over, labelled or not: see --unasked accept"
            )

    def _say_placed(self, file: Returned, masks: Masks, labelled: Labelled) -> None:
        """Raises Refusal where an origin cannot be that of a part of altui's image: there, what
        covers a slice begins where the slice does.
        """
        one = next((one for one in labelled.slices if isinstance(one, SliceId)), None)
        shape = masks.shape(0)
        if masks.origin is None or one is None or shape is None:
            return
        z, y, x = masks.origin
        if is_smaller(shape, self._headers[one.sample]):
            self.notes.append(
                f"{plain(file.name)}: cut out of its image at column {x}, row {y}, slice {z}, by "
                "its origin"
            )
        elif labelled.placed and (x or y):
            raise Refusal("stack", f"is part of a volume whose origin is not told; {WAY_OUT}")

    def _open(self, file: Returned) -> Masks:
        """Raises Refusal, which knows the slice, or rather what is wrong with the name."""
        try:
            return self._reader.open(file.source)
        except Refusal as refusal:
            names = [*self._samples.train, *self._samples.held_out]
            if file.source.suffix in ONE_MASK and sample_alone(file.place, names) is None:
                refusal.slice = find_slice(file.place, *self._samples)
            raise

    def _is_wanted(self, slice_id: SliceId) -> bool:
        """Earlier rounds' slices, which are labelled, may have been improved."""
        return slice_id in self._asked or slice_id in self._labelled

    def is_asked(self, slice_id: SliceId) -> bool:
        return slice_id in self._asked
