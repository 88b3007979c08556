"""Which slice each mask of a file labels: by what the file says, its name, its manifest."""

import re
from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath
from typing import NamedTuple

from altui.errors import AltuiError
from altui.labels.counting import from_one
from altui.labels.formats.base import Masks
from altui.labels.names import check_held, find_slice, sample_alone
from altui.labels.returned import Returned
from altui.labels.verdict import Refusal
from altui.slices import SliceId
from altui.text import count, listing, plain

# "3of5": a bundle's volume of a slice among its neighbours, of which it is the third.
PLACE = re.compile(r"(?<![0-9a-z])([0-9]{1,3})of([0-9]{1,3})(?![0-9a-z])")
WAY_OUT = (
    "save one file a slice, or send it beside the bundle's manifest.json (the round's slices "
    "in its order), or name it as a sample (all its slices)"
)


class Samples(NamedTuple):
    """Training samples with their number of slices, the others with their split."""

    train: Mapping[str, int]
    held_out: Mapping[str, str]


class Labelled(NamedTuple):
    """What a file's masks label, in order; None for a neighbour that is not meant. `whole`: they
    are all slices of a sample, of which only those that were asked for are meant; `placed`: along
    z by their volume's origin.
    """

    slices: tuple[SliceId | Refusal | None, ...]
    whole: bool = False
    placed: bool = False


def slices_of(
    file: Returned, masks: Masks, samples: Samples, shifted: Mapping[PurePath, SliceId]
) -> Labelled:
    """`shifted`: files whose names count from 1. Raises Refusal where nothing tells, or two
    things tell otherwise.
    """
    if masks.corner is not None:
        return _cut_out(file, masks, masks.corner[0], samples)
    if masks.origin is not None and _is_part(file, masks, samples):
        part = _cut_out(file, masks, masks.origin[0], samples)
        _require_one([*_by_manifest(file, masks), part])
        return part._replace(placed=True)
    if masks.count == 1 and not masks.names:
        return Labelled((shifted.get(file.named) or _by_name(file, samples),))
    place = PLACE.search(file.place.name.lower())
    if place and int(place[2]) == masks.count and 0 < int(place[1]) <= masks.count:
        among: list[SliceId | None] = [None] * masks.count
        among[int(place[1]) - 1] = find_slice(file.place, *samples)
        return Labelled(tuple(among))
    if masks.names:
        places = [file.place.parent / PurePosixPath(name) for name in masks.names]
        inner = from_one(places, *samples)
        named = tuple(inner.get(place) or _named(place, samples) for place in places)
        # ImageJ labels its slices with whatever it knows; COCO and others mean the image.
        if file.source.suffix == ".json" or not any(isinstance(one, Refusal) for one in named):
            return Labelled(named)
    readings = [*_by_manifest(file, masks), *_by_sample(file, masks, samples)]
    _require_one(readings)
    if readings:
        return readings[0]
    raise Refusal(
        "stack",
        f"holds {count(masks.count, 'slice')}, {_why_not(file, masks, samples)}; {WAY_OUT}",
    )


def _why_not(file: Returned, masks: Masks, samples: Samples) -> str:
    """Why a stack is not all slices of the sample that its name says, if it says one."""
    sample = sample_alone(file.place, [*samples.train])
    if sample is None:
        return "and nothing says which they are"
    wanted = samples.train[sample]
    told = f'and sample "{plain(sample)}" has {wanted}'
    if wanted in (masks.shape(0) or ()):
        told += ": its axes seem to be in another order, slices come first"
    return told


def _require_one(readings: list[Labelled]) -> None:
    """Raises Refusal where a stack may be the round's slices, or those of a sample."""
    if len({reading.slices for reading in readings}) > 1:
        rounds, samples = (listing(one.slices, shown=3) for one in readings)
        raise Refusal(
            "ambiguous",
            f"its {len(readings[0].slices)} slices may be the round's ({rounds}) or those of a "
            f"sample ({samples}); {WAY_OUT}",
        )


def _is_part(file: Returned, masks: Masks, samples: Samples) -> bool:
    """Whether there are fewer slices, or more, than the volume has that the name says."""
    place = PLACE.search(file.place.name.lower())
    if place:
        return int(place[2]) != masks.count
    sample = sample_alone(file.place, [*samples.train, *samples.held_out])
    return sample is not None and samples.train.get(sample) != masks.count


def _by_name(file: Returned, samples: Samples) -> SliceId:
    """Raises Refusal."""
    try:
        return find_slice(file.named, *samples)
    except Refusal as refusal:
        if not file.source.parts or file.image:
            raise
        raise Refusal(
            refusal.code,
            "Label Studio's PNG and NumPy exports do not say of which image it is: send its JSON "
            "export along, or say which slice: --slice SAMPLE:INDEX",
        ) from None


def _named(place: PurePath, samples: Samples) -> SliceId | Refusal:
    try:
        return find_slice(place, *samples)
    except (Refusal, ValueError) as error:
        if isinstance(error, Refusal):
            return error
        return Refusal("no-such-slice", "its image has no name")


def _by_manifest(file: Returned, masks: Masks) -> list[Labelled]:
    """As the slices of the bundle that the file lies in, in its order."""
    if file.manifest is None or len(file.manifest.slices) != masks.count:
        return []
    try:
        return [Labelled(tuple(SliceId.parse(one) for one in file.manifest.slices))]
    except AltuiError:
        return []


def _cut_out(file: Returned, masks: Masks, first: int, samples: Samples) -> Labelled:
    """Of a volume's slices, those from `first` on that were not cropped away. Raises Refusal."""
    held = range(first, first + masks.count)
    place = PLACE.search(file.place.name.lower())
    sample = sample_alone(file.place, [*samples.train, *samples.held_out])
    if place and int(place[1]) - 1 in held:
        among: list[SliceId | None] = [None] * masks.count
        among[int(place[1]) - 1 - first] = find_slice(file.place, *samples)
        return Labelled(tuple(among))
    if sample is None and held == range(1):
        return Labelled((_by_name(file, samples),))
    if sample is None:
        raise Refusal("stack", f"is cut out of a volume of slices; {WAY_OUT}")
    check_held(sample, samples.held_out)
    if held.stop > samples.train[sample]:
        raise Refusal(
            "shape",
            f"holds slices {held[0]} to {held[-1]} of its image; {plain(sample)} has "
            f"{samples.train[sample]}",
        )
    return Labelled(tuple(SliceId(sample, index) for index in held), whole=True)


def _by_sample(file: Returned, masks: Masks, samples: Samples) -> list[Labelled]:
    """As all slices of the sample that the name says. Raises Refusal for held-out ones."""
    sample = sample_alone(file.place, [*samples.train, *samples.held_out])
    if sample is None:
        return []
    check_held(sample, samples.held_out)
    if samples.train[sample] != masks.count:
        return []
    return [Labelled(tuple(SliceId(sample, index) for index in range(masks.count)), whole=True)]
