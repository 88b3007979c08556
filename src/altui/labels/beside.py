"""What lies beside masks and says something of them: label maps, manifests, JSON exports."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePath

from altui.files import sha256_of
from altui.labels.formats.cvat import is_beside
from altui.labels.formats.json_masks import load
from altui.labels.formats.label_map import (
    CVATS,
    NO_MAP,
    LabelMap,
    is_label_map,
    merged,
    read_label_map,
)
from altui.labels.formats.label_studio import image_of, is_label_studio
from altui.labels.manifest import NAME as MANIFEST
from altui.labels.manifest import Manifest, find_manifest, load_manifest
from altui.labels.verdict import Refusal
from altui.labels.walk import File


class Beside:
    """What the files of one folder or archive say of the masks among them."""

    def __init__(self, files: list[File], maps: Iterable[File]) -> None:
        self._files = files
        self._maps: defaultdict[PurePath, list[LabelMap]] = defaultdict(list)
        self._given: list[LabelMap] = []
        self._cvats: set[PurePath] = set()  # folders of its exports
        # COCO's way, with the pictures saved along: annotations/*.json, images/.
        self._cocos = {
            file.place.parents[1]
            for file in files
            if file.place.suffix == ".json" and file.place.parent.name == "annotations"
        }
        self._manifests: dict[PurePath, Manifest] = {}
        self._images: dict[str, str] | None = None
        for file in files:
            if file.top is None and file.place.name == MANIFEST:
                manifest = load_manifest(file.path, 0)
                if manifest:
                    self._manifests[file.place.parent] = manifest
        for file in (*files, *maps):
            if is_map(file):
                self._add_map(file)

    def _add_map(self, file: File) -> None:
        try:
            labels = read_label_map(file.path, file.place.name)
            manifest = self.manifest(file)
            if manifest and manifest.role_of(hash_of(file.path)):
                labels = labels._replace(values={})  # the bundle's own: class ids
        except (OSError, Refusal):
            return  # the masks will tell
        if file.given:
            self._given.append(labels)
        elif labels != NO_MAP:
            self._maps[file.place.parent].append(labels)
            if file.place.name.lower() == CVATS:
                self._cvats.add(file.place.parent)

    def labels(self, place: PurePath) -> LabelMap:
        """By what was given with it, else by the nearest folder with a label map."""
        folders = (self._maps[folder] for folder in place.parents if folder in self._maps)
        return merged(self._given or next(folders, []))

    def is_cvats(self, place: PurePath) -> bool:
        """Whether it lies in one of its exports."""
        return any(folder in self._cvats for folder in place.parents)

    def is_no_mask(self, place: PurePath) -> bool:
        """Whether it is another file of CVAT's export, or the picture that a COCO file is of."""
        folder = next((folder for folder in place.parents if folder in self._cvats), None)
        if folder is not None:
            return is_beside(place.relative_to(folder))
        return any(folder / "images" in place.parents for folder in self._cocos)

    def manifest(self, file: File) -> Manifest | None:
        """The nearest, within an archive or around it."""
        within = (self._manifests.get(folder) for folder in file.place.parents)
        nearest = next((manifest for manifest in within if manifest), None)
        return nearest or find_manifest(file.on_disk.parent, file.top or file.on_disk.parent)

    def image_of(self, task: str) -> str:
        """The image of a Label Studio task, by a JSON export beside the masks; or empty."""
        if self._images is None:
            self._images = {}
            for file in self._files:
                if file.place.suffix.lower() == ".json":
                    self._images |= _tasks(file.path)
        return self._images.get(task, "")


def is_map(file: File) -> bool:
    return is_label_map(file.place.name)


def _tasks(path: Path) -> dict[str, str]:
    try:
        document = load(path)
    except (Refusal, OSError):
        return {}
    if not is_label_studio(document):
        return {}
    tasks = document if isinstance(document, list) else [document]
    return {str(task.get("id")): image_of(task) for task in tasks}


def hash_of(path: Path) -> str:
    """SHA-256 of a file. Raises Refusal."""
    try:
        return sha256_of(path)
    except OSError as error:
        raise Refusal("unreadable", f"cannot be read: {error.strerror}") from None
