"""How many slices a TIFF's description promises."""

import json
import math
import re
from typing import NamedTuple

from altui.volumes.base import Damaged


class Promise(NamedTuple):
    slices: int
    by: str  # who wrote the description


def promised(description: str, pixels: int) -> Promise | None:
    """What the first page's description says, or None where it says nothing.

    `pixels` are those of one slice. Raises Damaged for several channels or time points:
    those are not one tomogram.
    """
    if description.startswith("ImageJ="):
        return _imagej(description)
    if description.startswith('{"shape":'):
        return _shaped(description, pixels)
    if "<OME" in description or ":OME" in description:
        return _ome(description)
    return None


def _imagej(description: str) -> Promise:
    found = dict(re.findall(r"^(images|channels|slices|frames)=(\d{1,9})\s*$", description, re.M))
    dimensions = {name: int(found.get(name, 1)) for name in ("channels", "slices", "frames")}
    # ImageJ keeps a stack's length under any of the three, and `images` may be stale.
    slices = _only_one(dimensions, "ImageJ")
    return Promise(slices if slices > 1 else int(found.get("images", 1)), "ImageJ")


def _ome(description: str) -> Promise | None:
    # Not an XML parser: the file is untrusted, and only four attributes matter.
    pixels = re.findall(r"<(?:\w+:)?Pixels\b[^>]*", description)
    if not pixels:
        return None
    if len(pixels) > 1:
        raise Damaged(f"its OME metadata has {len(pixels)} images", "export each as its own stack")
    dimensions = {}
    for name, axis in (("channels", "C"), ("slices", "Z"), ("time points", "T")):
        match = re.search(rf'\bSize{axis}\s*=\s*["\'](\d{{1,9}})["\']', pixels[0])
        dimensions[name] = int(match[1]) if match else 1
    slices = _only_one(dimensions, "OME")
    _check_order(description)
    return Promise(slices, "OME")


def _check_order(description: str) -> None:
    """Raises Damaged where OME's metadata has the slices in another order than the pages."""
    blocks = re.findall(r"<(?:\w+:)?TiffData\b[^>]*", description)
    places = []
    for block in blocks:
        told = dict(re.findall(r"""\b(IFD|First[ZCT])\s*=\s*["'](\d{1,9})["']""", block))
        page = int(told.pop("IFD", 0))
        places.append((page, sum(map(int, told.values()))))
    slices = [place for _, place in sorted(places)]
    if len(set(slices)) > 1 and slices != sorted(slices):
        raise Damaged(
            "its OME metadata has its slices in another order than they lie in",
            "export the stack again",
        )


def _only_one(dimensions: dict[str, int], by: str) -> int:
    """The one dimension above 1. Raises Damaged where there are more."""
    several = [f"{size} {name}" for name, size in dimensions.items() if size > 1]
    if len(several) > 1:
        raise Damaged(
            f"its {by} metadata has {' x '.join(several)}; altui takes one channel at one time",
            "export the channel to be labelled as a stack of its own",
        )
    return max(1, math.prod(dimensions.values()))


def _shaped(description: str, pixels: int) -> Promise | None:
    """tifffile's own `{"shape": [slices, height, width]}`."""
    try:
        shape = json.loads(description)["shape"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(shape, list) or not all(type(size) is int and size > 0 for size in shape):
        return None
    slices, rest = divmod(math.prod(shape), pixels)
    return None if rest else Promise(slices, "tifffile")
