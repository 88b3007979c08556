"""LZW data is looked over first: imagecodecs dies of some that is damaged."""

from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.volumes.base import Damaged
from altui.volumes.lzw import check_lzw


def packed(codes: list[int], bits: int = 9) -> bytes:
    """LZW codes of one width, most significant bit first."""
    text = "".join(f"{code:0{bits}b}" for code in codes)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


@given(st.binary(max_size=400), st.integers(1, 200))
def test_sound_data_passes(data: bytes, times: int) -> None:
    check_lzw(bytes(imagecodecs.lzw_encode(data * times)))


def test_sound_data_of_many_tables_passes() -> None:
    noise = np.random.default_rng(0).normal(3000, 30, (300, 300)).astype(np.uint16).tobytes()
    encoded = bytes(imagecodecs.lzw_encode(noise))
    check_lzw(encoded)
    turned = np.packbits(np.unpackbits(np.frombuffer(encoded, np.uint8), bitorder="little"))
    check_lzw(turned.tobytes(), reversed_bits=True)


def test_a_first_code_that_is_no_literal() -> None:
    for codes in ([256, 300, 65, 257], [256, 65, 66, 256, 400, 65, 257], [256, 256, 258, 65]):
        with pytest.raises(Damaged, match="not a literal"):
            check_lzw(packed(codes))
    for codes in ([256, 65, 258, 257, 400], [256, 257, 300], [256, 256, 65, 257], [256]):
        check_lzw(packed(codes))


def test_damage_in_a_later_table_is_found() -> None:
    """The width of every code in between must be right to find the CLEAR."""
    noise = np.random.default_rng(0).integers(0, 256, 20_000).astype(np.uint8).tobytes()
    encoded = bytearray(imagecodecs.lzw_encode(noise))
    bits = np.unpackbits(np.frombuffer(bytes(encoded), np.uint8))
    clear = 9 + 254 * 9 + 512 * 10 + 1024 * 11 + (4096 - 258 - 1790) * 12
    assert int("".join(map(str, bits[clear : clear + 12])), 2) == 256
    bits[clear + 12 : clear + 21] = [1, 0, 1, 0, 0, 0, 0, 0, 0]
    with pytest.raises(Damaged):
        check_lzw(np.packbits(bits).tobytes())


@given(st.binary(max_size=300), st.sampled_from([b"\x80\0", b"\0\1", b""]))
def test_any_data_passes_or_is_refused_and_what_passes_is_decoded_in_peace(
    data: bytes, head: bytes
) -> None:
    raw = head + data
    with suppress(Damaged, RuntimeError, ValueError, IndexError):
        check_lzw(raw)
        imagecodecs.lzw_decode(raw, out=2000)
