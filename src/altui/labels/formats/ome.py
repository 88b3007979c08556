"""OME's metadata of a TIFF: which pages each of its images has."""

import math
import re
from typing import NamedTuple

from altui.volumes.base import Damaged

# Not an XML parser: the file is untrusted, and only some attributes matter.
ELEMENT = re.compile(r"<(?:\w{1,20}:)?(Image|Pixels|Channel|TiffData|UUID)\b([^<>]*)>")
ATTRIBUTE = re.compile(r"""\b(\w{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Series(NamedTuple):
    """An image within the file: its name, and its pages in the order of their planes."""

    name: str
    pages: tuple[int, ...]


def may_be_several(description: str) -> bool:
    return "OME" in description and description.count("Pixels") > 1


def series_of(description: str, pages: int) -> tuple[Series, ...]:
    """The images of a file with so many pages; nothing where it holds one, or is not OME's.

    Raises Damaged where pages are said to be elsewhere, or not where they can be.
    """
    images: list[tuple[str, list[tuple[str, dict[str, str]]]]] = []
    files = set()
    for element in ELEMENT.finditer(description):
        kind, told = element[1], _attributes(element[2])
        if kind == "Image":
            images.append((told.get("Name", ""), []))
        elif kind == "UUID":
            files.add(told.get("FileName", ""))
        elif images:
            images[-1][1].append((kind, told))
    if len(images) < 2:
        return ()
    if len(files) > 1:
        raise Damaged("its OME metadata speaks of other files", "export all into one file")
    return tuple(Series(name, _pages(parts, pages)) for name, parts in images)


def _attributes(text: str) -> dict[str, str]:
    return {found[1]: found[2] or found[3] or "" for found in ATTRIBUTE.finditer(text)}


def _pages(parts: list[tuple[str, dict[str, str]]], pages: int) -> tuple[int, ...]:
    sizes = next((told for kind, told in parts if kind == "Pixels"), {})
    samples = next((told for kind, told in parts if kind == "Channel"), {})
    planes = math.prod(_number(sizes, f"Size{axis}", 1) for axis in "ZCT")
    planes //= max(1, _number(samples, "SamplesPerPixel", 1))
    blocks = [told for kind, told in parts if kind == "TiffData"]
    blocks.sort(key=lambda told: [_number(told, f"First{axis}", 0) for axis in "CTZ"])
    found: list[int] = []
    for told in blocks:
        first = _number(told, "IFD", 0)
        number = _number(told, "PlaneCount", 1 if "IFD" in told and len(blocks) > 1 else planes)
        if first + number > pages or len(found) + number > pages:
            raise Damaged(f"its OME metadata promises more than its {pages} pages")
        found += range(first, first + number)
    return tuple(found)


def _number(told: dict[str, str], name: str, otherwise: int) -> int:
    text = told.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else otherwise
