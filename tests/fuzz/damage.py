"""Damage done to files, and what lies around it mended, so that it gets past checksums."""

import gzip
import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 65535, 1 << 20, 2**31 - 1, 2**31, 2**32 - 1)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 10**30, 0.5, 1e308, float("nan"), float("inf")),
    *("", "x", "-1", "\x1b[31m\n", "\ud800", "../../x", "é" * 300, [], {}, [[]], [[[1]]], [None]),
    *([-1, 2**40], {"a": {}}, [[0, 0, 1e300, 1e300, 5, 5]], [1e9] * 6),
)


def damaged(kind: str, data: bytes, other: bytes, chance: random.Random) -> bytes:
    """`data` with something changed, cut out, repeated, or taken from `other`."""
    if kind in ("json", "manifest") and chance.random() < 0.8:
        try:
            return _other_json(data, chance)
        except ValueError:
            pass
    raw = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        if not raw:
            break
        chance.choice(HARMS)(raw, other, chance)
    return bytes(raw)


def _scribble(raw: bytearray, other: bytes, chance: random.Random) -> None:
    raw[chance.randrange(len(raw))] = chance.randrange(256)


def _flip(raw: bytearray, other: bytes, chance: random.Random) -> None:
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)


def _number(raw: bytearray, other: bytes, chance: random.Random) -> None:
    """Headers are numbers of two, four or eight bytes."""
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(NUMBERS) + chance.choice((-1, 0, 0, 1)) & (1 << 8 * size) - 1
    at = chance.randrange(min(len(raw), chance.choice((64, 600, 1 << 30))))
    raw[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))


def _cut(raw: bytearray, other: bytes, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw)) :]


def _leave_out(raw: bytearray, other: bytes, chance: random.Random) -> None:
    at = chance.randrange(len(raw))
    del raw[at : at + chance.choice((1, 2, 4, 12, 512))]


def _repeat(raw: bytearray, other: bytes, chance: random.Random) -> None:
    at = chance.randrange(len(raw))
    raw[at:at] = raw[at : at + chance.choice((1, 4, 12, 512))] * chance.choice((1, 2, 9))


def _from_other(raw: bytearray, other: bytes, chance: random.Random) -> None:
    if other:
        at, start = chance.randrange(len(raw)), chance.randrange(len(other))
        length = chance.choice((4, 12, 64, 1 << 20))
        raw[at : at + length] = other[start : start + length]


HARMS: tuple[Callable[[bytearray, bytes, random.Random], None], ...] = (
    *(_scribble, _flip, _number, _number, _number, _cut, _leave_out, _repeat, _from_other),
)


def _other_json(data: bytes, chance: random.Random) -> bytes:
    """One value of the document is another, is gone, or is there twice."""
    document = [json.loads(data)]
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        keys = value.keys() if isinstance(value, dict) else range(len(value))
        for key in keys:
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key][:40] if isinstance(value[key], list) else value[key])

    walk(document)
    value, key = chance.choice(places)
    match chance.randrange(4):
        case 0 if value is not document:
            del value[key]
        case 1 if isinstance(value, list):
            value.append(value[key])
        case _:
            value[key] = chance.choice(VALUES)
    return json.dumps(document[0]).encode()


def mended(kind: str, data: bytes) -> bytes:
    """The file of a kind that holds `data`, with checksums as they should be."""
    match kind:
        case "nii.gz":
            return gzip.compress(data, 1)
        case "png" | "stack.png":
            return _png(data)
        case "tar":
            return _tar(data)
    return data


def _png(data: bytes) -> bytes:
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, at)
        end = at + 8 + length
        if end + 4 > len(out):
            break
        out[end : end + 4] = struct.pack(">I", zlib.crc32(out[at + 4 : end]))
        at = end + 4
    return bytes(out)


def _tar(data: bytes) -> bytes:
    out = bytearray(data)
    for at in range(0, len(out) - 511, 512):
        if out[at + 257 : at + 262] == b"ustar":
            out[at + 148 : at + 156] = b" " * 8
            out[at + 148 : at + 156] = b"%06o\0 " % sum(out[at : at + 512])
    return bytes(out)
