"""Masks that are named as their images: the files of samples that are folders of slices."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePath

from altui.labels.names import ENDINGS, SAY, check_held, find_slice, fold, is_exact
from altui.labels.verdict import Refusal
from altui.slices import SliceId
from altui.text import listing, plain
from altui.volumes.stack import named_files
from altui.workspace import Workspace

ADDED = re.compile(r"[ _.-]+(masks?|labels?|seg|segmentation)$")  # by tools, to an image's name


class ImageNames:
    """The slices by the names of their files, of samples that have one a slice."""

    def __init__(self, workspace: Workspace) -> None:
        self._slices: defaultdict[str, list[SliceId]] = defaultdict(list)
        self._folders: dict[str, set[str]] = {}
        for sample in workspace.config.samples:
            try:
                files = named_files(workspace.root, sample.images)
            except (OSError, ValueError):
                continue
            alone = files == [workspace.root / sample.images]
            if alone or len(files) != workspace.headers[sample.name].slices:
                continue  # a file of several slices
            self._folders[sample.name] = {fold(sample.name), fold(PurePath(sample.images).name)}
            for index, file in enumerate(files):
                self._slices[_stem(file.name)].append(SliceId(sample.name, index))

    def slice_of(self, file: PurePath) -> SliceId | None:
        """The slice whose image has this name; of several samples', the one that a folder around
        it is named as. Raises Refusal where that tells none.
        """
        stem = _stem(file.name)
        found = self._slices.get(stem) or self._slices.get(ADDED.sub("", stem), [])
        if len(found) > 1:
            around = {fold(part) for part in file.parts[:-1]}
            found = [one for one in found if around & self._folders[one.sample]] or found
        if len(found) > 1:
            raise Refusal("ambiguous", f"is named as the images of {listing(found)}; {SAY}")
        return found[0] if found else None


def slice_by_image(
    file: PurePath,
    images: ImageNames,
    samples: Mapping[str, int],
    held_out: Mapping[str, str],
    shifted: Mapping[PurePath, SliceId],
) -> SliceId | None:
    """The slice whose image is named as the mask; None where none is. altui's own names say the
    slice themselves. Raises Refusal where the number in the name says another one.
    """
    if is_exact(file):
        return None
    own = images.slice_of(file)
    if own is None:
        return None
    check_held(own.sample, held_out)
    try:
        named = shifted.get(file) or find_slice(file, samples, held_out)
    except Refusal:
        return own
    if named != own:
        raise Refusal(
            "ambiguous",
            f"may be {named}, by its number, or {own}, whose image is named "
            f"{plain(PurePath(file.name).stem)}; {SAY}",
        )
    return own


def _stem(name: str) -> str:
    return ENDINGS.sub("", fold(name))
