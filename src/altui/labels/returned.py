"""Which files under the given paths are masks that came back, and what lies beside them."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from altui.errors import AltuiError
from altui.labels.beside import Beside, hash_of, is_map
from altui.labels.formats import check_format, suffix_of
from altui.labels.formats.base import Source
from altui.labels.formats.cvat import OBJECTS
from altui.labels.formats.label_map import NO_MAP, LabelMap
from altui.labels.formats.label_studio import part_of
from altui.labels.manifest import CONTEXT, MAP, Manifest, Role
from altui.labels.manifest import NAME as MANIFEST
from altui.labels.names import ENDINGS
from altui.labels.scratch import Scratch
from altui.labels.verdict import Refusal, Verdict, refused, shown
from altui.labels.walk import File, files_in
from altui.text import count, listing, plain

OWN: tuple[Role | None, ...] = ("image", "view", "tool")  # of a bundle; never meant as masks


@dataclass(frozen=True)
class Returned:
    """A file to be looked at; `sha256` is of the file as it came."""

    source: Source
    name: str  # as shown
    place: PurePath  # where the sender has it, from the given path on
    given: bool  # by the person, not found in a folder or archive
    sha256: str
    role: Role | None  # in the bundle that it lies in, if it is still as that brought it
    manifest: Manifest | None
    labels: LabelMap  # what the maps beside it say
    image: str = ""  # the name of its image, where a file beside it says that
    packed: Path | None = None  # all files of a mask that came in several, in one
    cvat: bool = False  # of its export

    @property
    def named(self) -> PurePath:
        """What says, by its name, which slice it is of."""
        if self.image:
            return self.place.parent / self.image
        # Label Studio's parts are numbered by task, which says nothing of slices.
        return self.place.parent if self.source.parts else self.place


@dataclass(frozen=True)
class Gathered:
    """What the given paths hold: what may be masks, what is refused at sight, what is noted."""

    masks: tuple[Returned, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    passed_over: Counter[str]  # files that are no masks by their names, by ending


def returned_files(paths: Iterable[Path], scratch: Scratch) -> Gathered:
    """The masks among `paths`, in the folders and archives among them.

    In folders and archives, hidden files, files that no one would take for a mask and the
    pictures that a bundle brought are passed over. Raises NoMasks where nothing is left.
    """
    given = list(paths)
    gathered = _Gathering(scratch)
    passed: Counter[str] = Counter()
    found = [list(files_in(path, scratch, gathered.verdicts, passed)) for path in given]
    maps = [file for files in found for file in files if file.given and is_map(file)]
    for files in found:
        gathered.add([file for file in files if file not in maps], maps)
    if not gathered.masks and not gathered.verdicts:
        where = ", ".join(plain(path) for path in given)
        raise NoMasks(
            f"no masks in {where}",
            "give the folder with the masks: TIFF or PNG, named SAMPLE_zINDEX",
        )
    if passed:
        kinds = listing((f"{number} {kind}" for kind, number in passed.most_common()), shown=6)
        gathered.notes.append(f"{count(passed.total(), 'file')} passed over, no masks: {kinds}")
    return Gathered(tuple(gathered.masks), tuple(gathered.verdicts), tuple(gathered.notes), passed)


class NoMasks(AltuiError):
    """The given paths are there, and hold none."""


class _Gathering:
    def __init__(self, scratch: Scratch) -> None:
        self.masks: list[Returned] = []
        self.verdicts: list[Verdict] = []
        self.notes: list[str] = []
        self._scratch = scratch
        self._seen: set[str] = set()

    def add(self, found: Iterable[File], maps: Iterable[File]) -> None:
        """The files of one given path; `maps`: label maps that were given besides."""
        files = []
        for file in found:
            real = os.path.realpath(file.path)
            if real not in self._seen:  # given twice, or linked to
                self._seen.add(real)
                files.append(file)
        beside = Beside(files, maps)
        objects = 0
        parts: defaultdict[PurePath, list[tuple[int, str, File]]] = defaultdict(list)
        for file in files:
            if is_map(file) or (file.place.name == MANIFEST and not file.given):
                continue
            if beside.is_no_mask(file.place):
                objects += OBJECTS in file.place.parts
                continue
            part = part_of(file.place)
            if part:
                parts[file.place.with_name(part[0])].append((part[2], part[1], file))
                continue
            self._look(file, beside)
        for place, group in parts.items():
            self._look_at_parts(place, sorted(group, key=lambda one: one[0]), beside)
        if objects:
            self.notes.append(
                f"{count(objects, 'file')} in {OBJECTS} passed over: they number objects, "
                "not classes"
            )

    def _look(self, file: File, beside: Beside) -> None:
        try:
            check_format(file.place)
            digest = hash_of(file.path)
            manifest = beside.manifest(file)
        except Refusal as refusal:
            self.verdicts.append(refused(file.name, refusal))
            return
        role = manifest.role_of(digest) if manifest else None
        # Saved anew, a map is no longer told by its content.
        if role in OWN or ENDINGS.sub("", file.place.name.lower()).endswith((MAP, CONTEXT)):
            if file.given:
                own = Refusal("not-a-mask", "is the bundle's own picture of the slice")
                self.verdicts.append(refused(file.name, own))
            return
        self.masks.append(
            Returned(
                Source(file.path, suffix_of(file.place), self._scratch),
                file.name,
                file.place,
                file.given,
                digest,
                role,
                manifest,
                beside.labels(file.place),
                cvat=beside.is_cvats(file.place),
            )
        )

    def _look_at_parts(
        self, place: PurePath, group: list[tuple[int, str, File]], beside: Beside
    ) -> None:
        """Label Studio's PNG and NumPy exports: one mask in several files."""
        first = group[0][2]
        name = shown(Path(first.name).with_name(place.name + "-*"))
        try:
            files = [(shown(Path(file.place.name)), file.path) for _, _, file in group]
            for _, path in files:
                hash_of(path)  # a pipe would be waited on for ever
            packed = self._scratch.packed(files)
            digest = hash_of(packed)
        except Refusal as refusal:
            self.verdicts.append(refused(name, refusal))
            return
        except OSError as error:
            gone = Refusal("unreadable", f"cannot be read: {error.strerror}")
            self.verdicts.append(refused(name, gone))
            return
        sources = tuple((label, file.path) for _, label, file in group)
        self.masks.append(
            Returned(
                Source(first.path, ".png", self._scratch, sources),
                name,
                place,
                first.given,
                digest,
                None,
                None,
                NO_MAP,
                beside.image_of(place.name.split("-")[1]),
                packed,
            )
        )
