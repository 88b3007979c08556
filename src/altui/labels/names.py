"""From the name of a returned file to the slice that it labels.

A mask at the wrong slice spoils the training in silence, so a name that can be read in
two ways is refused.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import NamedTuple

from altui.labels.verdict import Refusal
from altui.slices import SliceId
from altui.text import listing, plain

ENDINGS = re.compile(
    r"((\.(ome|seg|labels?|zip|tar))?\.(tiff?|png|jpe?g|npy|nii|nrrd|json|gz|xz|bz2|tgz|zip|tar))+$"
)
EXACT = re.compile(r"(.+)_z([0-9]+)")  # as altui's own bundles name it
# "z0412", "slice_412": a number that says of itself that it is the index.
MARKED = re.compile(r"(?<![a-z])(?:z|slice|idx|index)[ _.=-]*([0-9]+)(?![0-9a-z])")
NUMBER = re.compile(r"(?<![0-9a-z])(?<![0-9]\.)([0-9]+)(?![0-9a-z])(?!\.[0-9])")
RUN_ON = 4  # digits that ImageJ adds to a stack's title to name its slices
# What file managers add to the second copy of a file; not an index.
COPY = re.compile(r"([ _-]*\([0-9]+\)|[ _-]+copy[ _-]*[0-9]*)$")
DATE = re.compile(
    r"(?<![0-9a-z])(?:19|20)[0-9]{2}([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?![0-9a-z])"
)
# A name between others; an index may follow at once, as in "screw03z0412".
ALONE = r"(?<![^\W_]){}(?:(?![^\W_])|(?=z[0-9]+(?![^\W_])))"
DIGITS = "0123456789"
PARTS = re.compile(r"[0-9]+|[^\W_0-9]+")
MIXED = re.compile(r"[a-z]+[0-9]+[0-9a-z]*")
# Names are looked at in ways that take time by their square, and JSON and tar know no limit.
LONGEST, TOO_LONG = 1024, "its name is longer than any file's"
SAY = "say which: --slice SAMPLE:INDEX"
HARMLESS = re.compile(r"(z|slice|idx|index|v)[0-9]+")


class Around(NamedTuple):
    """A sample that a name holds, and the text before and after it; `near`: written otherwise."""

    sample: str
    before: str
    after: str
    near: bool = False


def find_slice(
    file: PurePath, samples: Mapping[str, int], held_out: Mapping[str, str] | None = None
) -> SliceId:
    """The slice that `file` names: `SAMPLE_zINDEX` with anything around it, in any case
    and padding, or `SAMPLE/INDEX`.

    `samples` maps a training sample to its number of slices, `held_out` the others to
    their split. Raises Refusal where the name fits no slice, or more than one.
    """
    splits = held_out or {}
    sample, index = parse(file, [*samples, *splits])
    check_held(sample, splits)
    if index >= samples[sample]:
        from_one = f"; altui counts from 0: if the name does from 1, --slice {sample}:{index - 1}"
        raise Refusal(
            "no-such-slice",
            f'sample "{sample}" has slices 0 to {samples[sample] - 1}; there is no slice {index}'
            + (from_one if index == samples[sample] else ""),
            SliceId(sample, index),
        )
    return SliceId(sample, index)


def is_exact(file: PurePath) -> bool:
    """Whether a name is made as altui's bundles make them, which count from 0."""
    return bool(EXACT.fullmatch(ENDINGS.sub("", fold(file.name))))


def parse(file: PurePath, names: list[str]) -> SliceId:
    """The slice as the name has it; whether there is such a slice is not asked. Raises Refusal."""
    if len(str(file)) > 4 * LONGEST or len(file.name) > LONGEST:  # the folders are the sender's
        raise Refusal("no-such-slice", TOO_LONG)
    stem = ENDINGS.sub("", fold(file.name))
    exact = EXACT.fullmatch(stem)
    if exact:
        same = [name for name in names if fold(name) == exact[1]]
        if len(same) == 1:
            return SliceId(same[0], _number(exact[2]))
    found = find_sample(stem, names)
    if not found:
        return _by_folder(file, stem, names)
    if found.near:
        folder = _folder(file, names)
        if folder and folder.sample != found.sample:
            raise Refusal(
                "ambiguous",
                f'the folder says sample "{folder.sample}", the name rather "{found.sample}"; '
                + SAY,
            )
    return SliceId(found.sample, find_index(found))


def sample_alone(file: PurePath, names: list[str]) -> str | None:
    """The sample that `file`, or a folder that it is in, names without an index."""
    stem = ENDINGS.sub("", fold(file.name))
    try:
        found = find_sample(stem, names, folder=True)
        if found is None:
            return _folder_sample(file, stem, names)
    except Refusal:
        return None
    try:
        find_index(found)
    except Refusal as refusal:
        return found.sample if refusal.code == "no-such-slice" else None
    return None


def check_held(sample: str, held_out: Mapping[str, str]) -> None:
    """Raises Refusal for a sample that is not for training."""
    if sample in held_out:
        raise Refusal(
            "held-out",
            f'sample "{sample}" is in the {held_out[sample]} split; only training slices are '
            "labelled",
        )


def fold(text: str) -> str:
    """Text in which case, and the way accents are stored, make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def find_sample(text: str, names: Iterable[str], folder: bool = False) -> Around | None:
    """The sample that folded `text` holds; None without one.

    A name within a longer one, such as "screw" in "screw-2", does not count. Where a name is
    written otherwise ("screw-1" for "screw01"), it counts like one that is written as it is,
    but for a file's name, in which it has no index. Raises Refusal where several are named.
    """
    names = list(names)
    exact = _outer(_spans(text, {name: _pattern(fold(name), folder) for name in names}))
    near = [
        span
        for span in _outer(_spans(text, {name: _alike(fold(name)) for name in names}))
        if not any(
            one.name == span.name or (one.start <= span.start and span.end <= one.end)
            for one in exact
        )
    ]
    if exact and not folder:
        near = [span for span in near if _index_of(span, text)]
    outer = [*exact, *near]
    if not outer:
        return None
    found = sorted({span.name for span in outer})
    if len(found) > 1:
        may_be = listing(sorted({one for span in outer if (one := _index_of(span, text))}))
        raise Refusal(
            "ambiguous",
            f"the name may hold several samples: {listing(found)}; it may be "
            f"{may_be or listing(found)}; {SAY}",
        )
    start, end = min(span.start for span in outer), max(span.end for span in outer)
    return Around(found[0], text[:start], text[end:], not exact)


class Span(NamedTuple):
    """Where a text holds a sample's name."""

    start: int
    end: int
    name: str


def _spans(text: str, patterns: Mapping[str, re.Pattern[str] | None]) -> list[Span]:
    return [
        Span(match.start(), match.end(), name)
        for name, pattern in patterns.items()
        if pattern
        for match in pattern.finditer(text)
    ]


def _outer(spans: list[Span]) -> list[Span]:
    """Those that do not lie within a longer one."""
    return [
        one
        for one in spans
        if not any(
            other.start <= one.start
            and one.end <= other.end
            and other.end - other.start > one.end - one.start
            for other in spans
        )
    ]


def _index_of(span: Span, text: str) -> SliceId | None:
    around = Around(span.name, text[: span.start], text[span.end :])
    try:
        return SliceId(span.name, find_index(around))
    except Refusal:
        return None


@lru_cache(maxsize=4096)
def _pattern(name: str, whole: bool) -> re.Pattern[str]:
    """A sample's folded name, standing for itself."""
    alone = ALONE.format(re.escape(name))
    if any(char.isalpha() for char in name):
        return re.compile(alone)
    # A name such as "12" is taken for a number, unless an index follows or it is all there is.
    return re.compile(rf"^{alone}$" if whole else rf"{alone}(?=[ _.-]*z[ _.=-]*[0-9])")


@lru_cache(maxsize=4096)
def _alike(name: str) -> re.Pattern[str] | None:
    """A sample's folded name with other punctuation, and zeros before its numbers or none; None for
    names without a letter, or without a number.
    """
    parts = PARTS.findall(name)
    if len(parts) < 2 or not any(part.isalpha() for part in parts):
        return None
    pattern = ""
    for before, part in zip(["", *parts], parts, strict=False):
        if pattern:  # two numbers must not become one
            pattern += (
                "[ _.-]{1,3}" if before[-1].isdigit() and part[0].isdigit() else "[ _.-]{0,3}"
            )
        number = part.lstrip("0") or "0"
        pattern += f"0{{0,20}}{number}" if part[0] in DIGITS else re.escape(part)
    return re.compile(ALONE.format(pattern))


def _by_folder(file: PurePath, stem: str, names: list[str]) -> SliceId:
    """Of a file whose name holds no sample that stands alone. Raises Refusal."""
    folder = _folder(file, names)
    run_on = _run_on(stem, names)
    if run_on and (folder is None or folder.sample == run_on.sample):
        return run_on
    sample = _folder_sample(file, stem, names)
    if folder and not NUMBER.search(stem) and MARKED.search(folder.after):
        return SliceId(sample, find_index(folder))  # "screw03_z0412/mask.png"
    return SliceId(sample, find_index(Around(sample, "", stem)))


def _run_on(stem: str, names: list[str]) -> SliceId | None:
    """As ImageJ names a stack's slices: "screw030412". Raises Refusal where two samples' may be."""
    digits = {name: stem.removeprefix(fold(name)) for name in names if stem.startswith(fold(name))}
    may_be = [SliceId(name, _number(rest)) for name, rest in digits.items() if rest.isdecimal()]
    if len(may_be) > 1:
        raise Refusal("ambiguous", f"it may be {listing(sorted(may_be))}; {SAY}")
    return may_be[0] if may_be and len(digits[may_be[0].sample]) == RUN_ON else None


def _folder_sample(file: PurePath, stem: str, names: list[str]) -> str:
    """The sample that the file's folder names, or one around it. Raises Refusal."""
    folder = _folder(file, names)
    if folder is None:
        raise Refusal(
            "no-such-slice",
            f"the name holds no sample of this project ({listing(names, shown=4)}); "
            f"name it SAMPLE_zINDEX, such as {next(iter(names), 'sample')}_z0012.tif",
        )
    strange = [word for word in MIXED.findall(stem) if not HARMLESS.fullmatch(word)]
    if strange:
        raise Refusal(
            "ambiguous",
            f'the folder says sample "{folder.sample}", the name {listing(strange)}, which is '
            "no sample of this project",
        )
    return folder.sample


def _folder(file: PurePath, names: list[str]) -> Around | None:
    """The nearest folder around the file that names a sample. Raises Refusal."""
    return _folder_around(file.parent, tuple(names))


@lru_cache(maxsize=4096)
def _folder_around(folder: PurePath, names: tuple[str, ...]) -> Around | None:
    """The nearest of `folder` and those around it that names a sample. Raises Refusal."""
    folders = (
        find_sample(_folded_stem(one), names, folder=True) for one in (folder, *folder.parents)
    )
    return next((found for found in folders if found), None)


def _folded_stem(folder: PurePath) -> str:
    """An archive is a folder too."""
    return ENDINGS.sub("", fold(folder.name))


def find_index(name: Around) -> int:
    """The slice index in what stands around the sample. Raises Refusal."""
    before, after = (DATE.sub(" ", part) for part in (name.before, COPY.sub("", name.after)))
    marked = [*MARKED.finditer(before), *MARKED.finditer(after)]
    if marked:
        numbers = {_number(match[1]) for match in marked}
        # "screw_3_z0412" may be slice 412 of a sample "screw_3" that is not here.
        first = MARKED.search(after)
        numbers |= {_number(n) for n in NUMBER.findall(after[: first.start()] if first else after)}
    else:
        numbers = {_number(n) for n in NUMBER.findall(before + "/" + after)}
        if numbers and not NUMBER.search(after):
            numbers = set()
    if len(numbers) == 1:
        return numbers.pop()
    if not numbers:
        raise Refusal(
            "no-such-slice", f'the name holds sample "{name.sample}" but no slice index after it'
        )
    may_be = [SliceId(name.sample, number) for number in sorted(numbers)]
    raise Refusal(
        "ambiguous",
        f"the name holds several numbers: it may be {listing(may_be)}; mark the index with z, "
        f"as in {plain(name.sample)}_z{min(numbers):04d}, or {SAY}",
    )


def _number(digits: str) -> int:
    """No sample has so many slices as to need more; an archive may name files with thousands."""
    return int(digits.lstrip("0")[:18] or "0")
