"""Label maps: files beside masks that say what the masks' colours and values mean."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

Names = tuple[str, ...]
CVATS = "labelmap.txt"  # in Pascal VOC's way: `bone:255,0,0::`
TEXTS = (CVATS, "labels.txt", "label_map.txt")
TABLES = ("classes.csv", "labels.csv", "labelmap.csv", "label_map.csv")
SNAPS = ".label"  # ITK-SNAP's label descriptions, which may also be a labels.txt
MAX_BYTES = 1 << 20
BLACK, BACKGROUND = 0, "background"
PART = r"\s*(\d{1,3})\s*"
VOC_LINE = re.compile(rf"([^#:]+):{PART},{PART},{PART}(?::.*)?")
SNAP_LINE = re.compile(r'(\d{1,9})((?:\s+\d{1,3}){3})\s+[\d.]+\s+\d\s+\d\s+"(.*)"')
UNNAMED = re.compile(r"label \d+", re.IGNORECASE)  # ITK-SNAP's own, which say nothing
COLOUR = re.compile(r"#([0-9a-fA-F]{6})")


class Row(NamedTuple):
    name: str
    value: int | None
    colour: int | None  # 0xRRGGBB


class LabelMap(NamedTuple):
    """The names of labels by colour, 0xRRGGBB, and by value: several where labels share one."""

    colours: Mapping[int, Names]
    values: Mapping[int, Names]


NO_MAP = LabelMap({}, {})


def is_label_map(name: str) -> bool:
    return name.lower() in (*TEXTS, *TABLES) or name.lower().endswith(SNAPS)


def read_label_map(path: Path, name: str) -> LabelMap:
    """`name`: that the file came with. What is no such line is passed over. Raises OSError."""
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8-sig", "replace")
    return _mapped(_table(text) if name.lower() in TABLES else _lines(text))


def merged(maps: Iterable[LabelMap]) -> LabelMap:
    return _mapped(
        row
        for one in maps
        for row in (
            *(Row(name, None, key) for key, names in one.colours.items() for name in names),
            *(Row(name, key, None) for key, names in one.values.items() for name in names),
        )
    )


def _mapped(rows: Iterable[Row]) -> LabelMap:
    colours: dict[int, Names] = {}
    values: dict[int, Names] = {}
    for row in rows:
        for key, by in ((row.colour, colours), (row.value, values)):
            if key is not None and row.name:
                by[key] = tuple(dict.fromkeys((*by.get(key, ()), row.name)))
    return LabelMap(colours, values)


def _lines(text: str) -> Iterator[Row]:
    """As in all of Pascal VOC's files, black is the background where it is no label's."""
    found = []
    for line in map(str.strip, text.splitlines()):
        if voc := VOC_LINE.fullmatch(line):
            found.append(Row(voc[1].strip(), None, _packed(voc.groups()[1:])))
        elif (snap := SNAP_LINE.fullmatch(line)) and not UNNAMED.fullmatch(snap[3].strip()):
            yield Row(snap[3].strip(), int(snap[1]), _packed(snap[2].split()))
    if found and not any(row.name.casefold() == BACKGROUND or row.colour == BLACK for row in found):
        found.append(Row(BACKGROUND, None, BLACK))
    yield from found


def _table(text: str) -> Iterator[Row]:
    """Columns named id or value, name, and colour, such as #ff0000."""
    try:
        for row in csv.DictReader(io.StringIO(text)):
            said = {str(key).strip().lower(): str(cell or "").strip() for key, cell in row.items()}
            value, colour = said.get("id", said.get("value", "")), said.get("colour", "")
            matched = COLOUR.fullmatch(colour or said.get("color", ""))
            if said.get("name"):
                yield Row(
                    said["name"],
                    int(value) if re.fullmatch(r"-?\d{1,9}", value) else None,
                    int(matched[1], 16) if matched else None,
                )
    except csv.Error:
        return


def _packed(parts: Iterable[str]) -> int:
    red, green, blue = (min(255, int(part)) for part in parts)
    return red << 16 | green << 8 | blue
